package loop

import (
	"context"
	"errors"
	"slices"
)

// This file is how a pool opens connections, and to whom it gives them.

// serve gives those who wait what can be had, in their order; it is called whenever a place has changed. p.mu is held.
func (p *Pool[K]) serve(key K, at *place) {
	for len(at.waiting) > 0 {
		c := p.free(at)
		if c == nil {
			break
		}
		at.give(at.waiting[0], given{conn: c})
	}
	for _, w := range at.waiting {
		if w.opening {
			continue
		}
		if !p.mayOpen(key, at, w.failed) {
			break
		}
		p.begin(key, at, w)
	}
	if at.open == 0 && len(at.waiting) == 0 {
		delete(p.places, key)
	}
}

// mayOpen reports whether one more connection may be opened now. failed: the caller has waited for an
// attempt that has failed, and does not wait for another's, which may take as long. p.mu is held.
func (p *Pool[K]) mayOpen(key K, at *place, failed bool) bool {
	if p.policy.MaxOpen >= 0 && at.open >= p.policy.MaxOpen || at.declined() {
		return false
	}
	oneByOne := !failed && (len(at.shared) > 0 || p.policy.MayShare(key))
	if !oneByOne || len(at.opening) != at.open-len(at.shared) {
		return true // one that is open is not shared
	}
	// Nobody waits for what somebody has opened who has left since: it may take for ever.
	return !slices.ContainsFunc(at.opening, func(w *waiter) bool { return !w.left })
}

// declined reports whether the server takes nothing on a connection that it might take something on. p.mu is held.
func (at *place) declined() bool { return slices.ContainsFunc(at.shared, (*ClientConn).declines) }

// begin opens a connection for somebody who waits. p.mu is held.
func (p *Pool[K]) begin(key K, at *place, w *waiter) {
	at.open++
	at.opening = append(at.opening, w)
	w.opening = true
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(w.ctx))
	p.group.spawn(func() {
		stop := context.AfterFunc(p.group.stopped, w.cancel)
		var c *ClientConn
		err := errNotOpened
		defer func() {
			bug := recover()
			stop()
			w.cancel()
			p.opened(key, w, c, given{err: err, bug: bug})
		}()
		c, err = w.open(w.ctx)
	})
}

var errNotOpened = errors.New("paf: what opens connections has not returned")

// opened takes the connection that was opened for somebody, or what came of it instead.
func (p *Pool[K]) opened(key K, w *waiter, c *ClientConn, failed given) {
	if failed.err == nil {
		var taken bool
		if taken, failed.err = p.adopt(key, w, c); failed.err == nil {
			if !taken {
				c.GiveBack()
			}
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	at.opening = without(at.opening, w)
	at.open--
	if !w.over {
		at.give(w, failed)
	} else if failed.bug != nil {
		p.group.config.Log.Error("paf: what opens connections has panicked, and nobody waits for it any more", "panic", failed.bug)
	}
	for _, w := range at.waiting {
		w.failed = true
	}
	p.serve(key, at)
}

// adopt makes a connection that was opened the pool's, unless it is over already. From here on it
// says itself when it is free and when it is over; the latter waits for p.mu. It reports whether the one for whom it was opened has it.
func (p *Pool[K]) adopt(key K, w *waiter, c *ClientConn) (taken bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	once := p.policy.Once != nil && p.policy.Once(key)
	more := func() { p.tell(key) }
	if once {
		more = nil // it is closed after its exchange
	}
	if !c.adopted(func() { p.forget(key, c) }, func() error { return p.put(key, at, c) }, more) {
		return false, ErrStopped
	}
	if c.mux != nil && !once {
		at.shared = append(at.shared, c)
	}
	at.opening = without(at.opening, w)
	taken = !w.over
	if taken {
		at.give(w, given{conn: c})
	}
	p.serve(key, at) // whoever has waited for it may use the connection too if it can be shared, and else open others
	return taken, nil
}

// give serves somebody who waits. p.mu is held.
func (at *place) give(w *waiter, got given) {
	at.waiting = without(at.waiting, w)
	w.over = true
	w.given <- got
}

func without(list []*waiter, w *waiter) []*waiter {
	if len(list) > 0 && list[0] == w {
		list[0] = nil
		return list[1:]
	}
	if i := slices.Index(list, w); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
