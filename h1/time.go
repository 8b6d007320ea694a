package h1

import (
	"time"

	"github.com/paf-go/paf/engine"
)

// timers holds the instants that deadlines count from. There is one deadline at a
// time: which one depends on what the peer is to send next. Zero means that the
// clock in question does not run.
type timers struct {
	idle    engine.Instant // since when no exchange has been in progress: since the loop first waits for one
	head    engine.Instant // of the first byte of a head that is not complete
	request engine.Instant // when our request was complete (client)

	// Content is timed only while somebody waits for it: a receiver who does not read
	// is not the peer's fault.
	waiting engine.Instant // since when content is waited for
	waited  time.Duration  // for how long it has been, before that
	arrived int64          // how much has come meanwhile
}

// Deadline implements engine.Engine.
func (c *conn) Deadline(now engine.Instant) engine.Instant {
	if c.half[c.peer()] == content && c.timers.waiting == 0 {
		c.timers.waiting = now
	}
	if c.role == client && c.half == [2]half{ended, waiting} && c.timers.request == 0 {
		c.timers.request = now
	}
	if c.half == [2]half{idle, idle} && c.timers.idle == 0 {
		c.timers.idle = now
	}
	return c.deadline()
}

// Tick implements engine.Engine. What has come in the meantime counts all the same: the
// next call of Next looks at it first.
func (c *conn) Tick(now engine.Instant) {
	d := c.deadline()
	if d == 0 || d > now || c.State() != engine.Open {
		return
	}
	if c.half == [2]half{idle, idle} && c.timers.head == 0 {
		c.closeIdle()
		return
	}
	c.broken = ruleTimeout
}

// deadline returns when the peer must have sent what it is to send next.
func (c *conn) deadline() engine.Instant {
	t := &c.timers
	switch {
	case c.State() != engine.Open:
		return 0
	case c.half[c.peer()] == content:
		return t.waiting.After(c.limits.ContentTimeout - t.waited)
	case c.half == [2]half{idle, idle} && c.role == server && c.id == 0:
		return t.idle.After(c.limits.HeadTimeout)
	case c.half == [2]half{idle, idle} && t.head == 0:
		return t.idle.After(c.limits.IdleTimeout)
	case c.role == client:
		return engine.Sooner(t.head.After(c.limits.HeadTimeout), t.request.After(c.limits.ResponseTimeout))
	}
	return t.head.After(c.limits.HeadTimeout)
}

// pause ends a wait for content.
func (t *timers) pause(now engine.Instant) {
	if t.waiting != 0 {
		t.waited += time.Duration(now - t.waiting)
		t.waiting = 0
	}
}

// progress notes content that has come; enough of it starts the time anew.
func (t *timers) progress(n int, enough int64) {
	if t.arrived += int64(n); t.arrived >= enough {
		t.waited, t.arrived = 0, 0
	}
}

// began notes that input for a head has come, whole that all of it has.
func (t *timers) began(now engine.Instant, pending int) {
	if t.head == 0 && pending > 0 {
		t.head = now
	}
}

func (t *timers) whole() { *t = timers{} }
