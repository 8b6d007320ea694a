package loop

import (
	"sync/atomic"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// This file is what time it is, and who looks whether time is up.

// An instant is one that the sweeper reads while others set it; 0 is never.
type instant struct{ n atomic.Int64 }

func (i *instant) Load() engine.Instant    { return engine.Instant(i.n.Load()) }
func (i *instant) Store(at engine.Instant) { i.n.Store(int64(at)) }

// tickFor returns how often the sweeper looks, where these are the time-outs.
func tickFor(timeouts ...time.Duration) time.Duration {
	tick := 250 * time.Millisecond
	for _, t := range timeouts {
		if t > 0 {
			tick = min(tick, t/8)
		}
	}
	return max(tick, 5*time.Millisecond)
}

// now returns the coarse time: that of the sweeper's last tick.
func (g *Group) now() engine.Instant { return g.clock.Load() }

// Now returns the time of the group's clock, for engines that are made for it.
func (g *Group) Now() engine.Instant {
	g.setClock()
	return g.now()
}

// after returns the instant that lies d from now; zero, never, if d is negative.
func (g *Group) after(d time.Duration) engine.Instant {
	if d < 0 {
		return 0
	}
	return g.now().After(d)
}

// expires turns a deadline of package time into an instant of the group.
func (g *Group) expires(t time.Time) engine.Instant {
	if t.IsZero() {
		return 0
	}
	g.setClock()
	return g.now().After(time.Until(t))
}

func (g *Group) setClock() {
	g.clock.Store(max(1, engine.Instant(time.Since(g.origin))))
}

// past reports whether an instant has come.
func past(due, now engine.Instant) bool { return due != 0 && due <= now }

// sweep looks at every connection once a tick, for as long as there are any.
func (g *Group) sweep(done chan struct{}) {
	defer close(done)
	t := time.NewTicker(g.tick)
	defer t.Stop()
	var due []member
	for {
		select {
		case <-t.C:
		case <-g.wake:
		}
		g.setClock()
		now := g.now()
		g.mu.Lock()
		if g.empty() {
			g.sweeping = false
			g.mu.Unlock()
			return
		}
		t.Reset(g.hurry())
		for c := range g.conns {
			if c.isDue(now) {
				due = append(due, c)
			}
		}
		g.wakeDue(now)
		littered := g.lot.litter.due(now)
		g.mu.Unlock()
		if littered {
			g.spawn(tidy)
		}
		for i, c := range due {
			c.sweep(now)
			due[i] = nil
		}
		due = due[:0]
	}
}

// wakeSweeper makes the sweeper look now.
func (g *Group) wakeSweeper() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// A stamp is a second and its Date.
type stamp struct {
	second int64
	text   string
}

// date returns the Date of the second of the last tick, made once a second.
func (g *Group) date() string {
	second := (g.origin.UnixNano() + int64(g.now())) / 1e9 // the wall's seconds do not begin where the group's do
	if s := g.stamp.Load(); s != nil && s.second == second {
		return s.text
	}
	s := &stamp{second, string(semantics.AppendDate(nil, time.Now()))}
	g.stamp.Store(s)
	return s.text
}
