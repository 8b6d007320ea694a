package loop

import (
	"sync/atomic"

	"github.com/paf-go/paf/flow"
)

// This file is how HTTP ends on a flow that goes on: whoever takes it over gets every byte that was read of it and belongs to nobody, and
// nobody but him uses it from then on.

// takeOver ends that, and returns the bytes. Where the flow has no deadline a read that has begun cannot be ended: then c.reading is still
// set, and what it brings is in c.in. c.mu is held, and released meanwhile.
func (c *conn) takeOver() (early []byte) {
	c.taken = true // from here on nobody begins to read, and the sweeper sets no deadline
	if c.reading && c.powers.ReadDeadline != nil && c.powers.ReadDeadline.SetReadDeadline(longAgo) == nil {
		for c.reading {
			c.wait()
		}
	}
	for c.writing {
		c.wait()
	}
	c.readDue.Store(0)
	c.writeDue.Store(0)
	c.lookDue.Store(0)
	c.writeBy.Store(0)
	if d := c.powers.ReadDeadline; d != nil {
		_ = d.SetReadDeadline(noDeadline)
	}
	if d := c.powers.WriteDeadline; d != nil {
		_ = d.SetWriteDeadline(noDeadline)
	}
	early = append(append([]byte(nil), c.data...), c.in.bytes()...)
	c.forgetData()
	if c.reading {
		c.in.discard(c.in.len())
	} else {
		c.in.leave()
	}
	c.out.Buf, c.spare.Buf, c.bufs = nil, nil, nil
	return early
}

// A takenFlow is a flow that was taken over, with what had been read of it before everything else.
type takenFlow struct {
	c     *conn
	shut  func() // ends the connection
	early []byte // the connection's lock guards it
	plain atomic.Bool
}

// newTakenFlow takes the flow over, but for a hijacker. c.mu is held, and released meanwhile.
func (c *conn) newTakenFlow(shut func()) *takenFlow {
	t := &takenFlow{c: c, shut: shut, early: c.takeOver()}
	t.plain.Store(len(t.early) == 0 && !c.reading)
	return t
}

func (t *takenFlow) Read(p []byte) (int, error) {
	if !t.plain.Load() {
		if n, some := t.readEarly(p); some {
			return n, nil
		}
	}
	return t.c.flow.Read(p)
}

// readEarly reads what has been read before, and what a read brings that could not be ended.
func (t *takenFlow) readEarly(p []byte) (n int, some bool) {
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed {
		switch {
		case len(p) == 0:
			return 0, true
		case len(t.early) > 0:
			n = copy(p, t.early)
			t.early = t.early[n:]
			return n, true
		case c.in.len() > 0:
			n = copy(p, c.in.bytes())
			c.in.discard(n)
			return n, true
		case !c.reading:
			c.in.leave()
			t.plain.Store(true)
			return 0, false
		}
		c.wait()
	}
	return 0, false
}

func (t *takenFlow) Write(p []byte) (int, error) { return t.c.flow.Write(p) }

// Close closes the connection.
func (t *takenFlow) Close() error {
	t.shut()
	return nil
}

// Powers returns those of the flow that still hold: a descriptor tells nothing of what was read early, and what a handshake has settled was
// for HTTP, between whom it was.
func (t *takenFlow) Powers() flow.Powers {
	p := t.c.powers
	p.Negotiator, p.Handshaker = nil, nil
	if !t.plain.Load() {
		p.Pollable, p.Waits = nil, nil
	}
	if p.Resetter != nil {
		p.Resetter = t
	}
	return p
}

// Reset implements flow.Resetter.
func (t *takenFlow) Reset() error {
	t.c.mu.Lock()
	t.c.harsh = true
	t.c.mu.Unlock()
	return t.Close()
}
