package loop

import "github.com/paf-go/paf/engine"

// This file is how a deadline reaches those who wait when it is set.

// readBy sets when Read has to end. The connection's lock is held.
func (x *exchange) readBy(due engine.Instant) {
	c := x.c
	x.content.due = due
	switch {
	case x.readers == 0:
		return // whoever comes looks
	case c.mux == nil:
		c.arm(due)
	default:
		x.lookBy(due)
	}
	c.group.hasten(due)
}

// writeUntil sets when the response has to be written. The connection's lock is held.
func (x *exchange) writeUntil(due engine.Instant) {
	c := x.c
	x.writeBy = due
	if c.mux != nil {
		x.lookBy(due)
	} else {
		c.writeBy.Store(due)
		c.limitWrite()
	}
	c.group.hasten(due)
}

// lookBy has those who wait on the stream, if there are any, look at a time.
func (x *exchange) lookBy(due engine.Instant) {
	if in := x.content.inbox; due != 0 && in != nil && in.waiting > 0 {
		x.c.lookBy(due)
	}
}

// limitWrite sets anew when the write that is going on must end, if there is one: whoever writes does not hold the lock, and says so when he has
// done by a zero, which stands.
func (c *conn) limitWrite() {
	if due := c.writeDue.Load(); due != 0 {
		c.writeDue.n.CompareAndSwap(int64(due), int64(c.writeLimit()))
	}
}

// hasten has the sweeper look now if a time is past.
func (g *Group) hasten(due engine.Instant) {
	if past(due, g.now()) {
		g.wakeSweeper()
	}
}
