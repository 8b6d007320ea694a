package loop

import "time"

// This file is how a pool notices that nobody gives connections back. Who neither reads bodies to their ends nor closes them has all callers wait
// for ever, each at a place that is not to blame; so has a server that takes nothing: what can be done for them is to say so.

const (
	// waitsLong is how long the callers of a place wait, one after the other being served or not at all, before it is said.
	waitsLong = 5 * time.Second
	// saidAgain is how long it is not said again after that.
	saidAgain = time.Minute
)

// A vigil looks after those who wait, for as long as there are any. The pool's lock guards it.
type vigil struct {
	timer *time.Timer // nil: nobody waits
	said  time.Time   // when it was said last
}

// watch has the pool look after somebody who begins to wait. p.mu is held.
func (p *Pool[K]) watch(w *waiter) {
	if p.policy.Name == nil {
		return
	}
	w.since = time.Now()
	if p.vigil.timer == nil {
		p.vigil.timer = time.AfterFunc(waitsLong, p.look)
	}
}

// look says which place has callers that have waited for long although it is full or declined, and looks again later if anybody waits.
func (p *Pool[K]) look() {
	for _, f := range p.full() { // with the lock released: a name is the caller's, and a log may send requests
		p.group.config.Log.Warn("paf: requests wait for a connection: "+f.why,
			"component", "paf-pool", "to", p.policy.Name(f.key), "connections", f.open, "waiting", f.waiting)
	}
}

// A fullness is a place whose callers have waited for long.
type fullness[K comparable] struct {
	key           K
	why           string
	open, waiting int
}

const (
	whyFull     = "all that may be open are in use. Are the bodies of responses read to their ends, or closed?"
	whyDeclined = "the server takes no request on the one that is open, by SETTINGS_MAX_CONCURRENT_STREAMS."
)

// full returns the places to be told of.
func (p *Pool[K]) full() (told []fullness[K]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	waits := false
	now := time.Now()
	for key, place := range p.places {
		if len(place.waiting) == 0 {
			continue
		}
		waits = true
		first := place.waiting[0].since // zero: one is being opened for him
		why, full := whyFull, p.policy.MaxOpen >= 0 && place.open >= p.policy.MaxOpen && len(place.opening) == 0
		if place.declined() {
			why, full = whyDeclined, true
		}
		if !full || first.IsZero() || now.Sub(first) < waitsLong || now.Sub(p.vigil.said) < saidAgain {
			continue
		}
		p.vigil.said = now
		told = append(told, fullness[K]{key, why, place.open, len(place.waiting)})
	}
	if p.vigil.timer = nil; waits {
		p.vigil.timer = time.AfterFunc(waitsLong, p.look)
	}
	return told
}

// end ends the vigil.
func (v *vigil) end() {
	if v.timer != nil {
		v.timer.Stop()
	}
}
