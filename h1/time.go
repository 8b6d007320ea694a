package h1

import "github.com/paf-go/paf/engine"

// timers holds the instants that deadlines count from. There is one deadline at a
// time: which one depends on what the peer is to send next.
type timers struct {
	opened  engine.Instant
	idle    engine.Instant // since when no exchange has been in progress
	head    engine.Instant // of the first byte of a head that is not complete; 0: none
	waited  engine.Instant // since when less than ContentProgress has come; 0: not waited for
	arrived int64          // content since then
	request engine.Instant // when our request was complete (client); 0: it is not
}

// Deadline implements engine.Engine.
func (c *conn) Deadline(now engine.Instant) engine.Instant {
	if c.half[c.peer()] == content && c.timers.waited == 0 {
		c.timers.waited, c.timers.arrived = now, 0
	}
	if c.role == client && c.half == [2]half{ended, waiting} && c.timers.request == 0 {
		c.timers.request = now
	}
	return c.deadline()
}

// Tick implements engine.Engine.
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
	case c.half[c.peer()] == content && t.waited != 0:
		return after(t.waited, int64(c.limits.ContentTimeout))
	case t.head != 0:
		return after(t.head, int64(c.limits.HeadTimeout))
	case c.half == [2]half{idle, idle} && c.role == server && c.id == 0:
		return after(t.opened, int64(c.limits.HeadTimeout))
	case c.half == [2]half{idle, idle}:
		return after(t.idle, int64(c.limits.IdleTimeout))
	case c.role == client && t.request != 0:
		return after(t.request, int64(c.limits.ResponseTimeout))
	}
	return 0
}

// after returns the instant d later, and never for what is out of reach.
func after(t engine.Instant, d int64) engine.Instant {
	if sum := t + engine.Instant(d); sum > t {
		return sum
	}
	return 0
}

// progress notes content that has come.
func (t *timers) progress(n int, enough int64) {
	t.arrived += int64(n)
	if t.arrived >= enough {
		t.waited = 0
	}
}

// began notes that input for a head has come, whole that all of it has.
func (t *timers) began(now engine.Instant, pending int) {
	if t.head == 0 && pending > 0 {
		t.head = now
	}
}

func (t *timers) whole() {
	t.head, t.waited, t.request = 0, 0, 0
}
