package loop

import (
	"io"

	"github.com/paf-go/paf/engine"
)

// This file is what a client's connection does whose exchanges go on side by side.

// reserve keeps a place for an exchange on a multiplexed connection, if it has one.
func (c *ClientConn) reserve() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone || c.stopping || c.writeErr != nil || c.client.State() != engine.Open || c.client.Capacity() <= c.reserved {
		c.wanted = true
		return false
	}
	c.reserved++
	return true
}

// unused reports whether nobody uses a multiplexed connection, or is about to.
func (c *ClientConn) unused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.client.Streams() == 0 && c.reserved == 0
}

// declines reports whether the server takes no exchange on a multiplexed connection on which there is none and has never been one: another would be no
// better. RFC 9113, Section 6.5.2: "A value of 0 for SETTINGS_MAX_CONCURRENT_STREAMS […] does prevent the creation of new streams".
func (c *ClientConn) declines() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	lives := !c.gone && !c.stopping && !c.eof && c.writeErr == nil && c.client.State() == engine.Open
	return lives && !c.used.Load() && c.client.Streams() == 0 && c.client.Capacity() == 0
}

// pump reads a multiplexed connection until it is over.
func (c *ClientConn) pump() {
	c.mu.Lock()
	var ev engine.Event
	for c.client.State() == engine.Open && c.writeErr == nil && !c.gone {
		if c.next(&ev) {
			if b := c.hand(&ev); b != nil && !b.handed {
				b.handed = true
				c.handed = append(c.handed, b)
			}
			continue
		}
		c.wakeHanded()
		if c.client.State() != engine.Open {
			break
		}
		c.wakeReady()
		if c.wanted && c.client.Capacity() > c.reserved {
			c.restShared() // the server takes more than it did
		}
		if c.client.Streams() == 0 {
			c.in.shrink()
		}
		c.awaitInput()
	}
	c.wakeHanded()
	why := Finished
	switch {
	case c.fault != nil && c.fault.Timeout():
		why = TimedOut
	case c.fault != nil || c.writeErr != nil || c.readErr != nil:
		why = Broken
	case c.eof:
		why = PeerClosed
	}
	_ = c.flush()
	c.failAll(&GoneError{Op: "read", Err: io.ErrUnexpectedEOF})
	if c.fault != nil && c.writeErr == nil {
		c.linger() // so that the peer gets to read why
	}
	c.mu.Unlock()
	c.discard(why)
}

// wakeHanded wakes those to whom events have been handed since it was called last: all of one read, and with the lock released, so
// that they do not run into each other. A response that is whole by then takes its exchange off the connection, and who is woken
// for it needs the lock no more. c.mu is held, and released meanwhile.
func (c *ClientConn) wakeHanded() {
	if len(c.handed) == 0 {
		return
	}
	waking, complete := c.waking, false
	for _, b := range c.handed {
		b.handed = false
		in := b.inbox
		if in != nil && in.waiting > 0 {
			in.woken++
			waking = append(waking, in)
		}
		complete = b.owner.(*Reply).complete() || complete
	}
	clear(c.handed)
	c.handed, c.waking, c.company = c.handed[:0], nil, len(waking) > 1
	c.mu.Unlock()
	for _, in := range waking {
		in.cond.Broadcast()
	}
	c.mu.Lock()
	for i, in := range waking {
		waking[i] = nil
		if in.left {
			in.left = false
			c.mux.keep(in)
		}
	}
	c.waking = waking[:0]
	if complete {
		c.restShared()
	}
}

// restShared is called when an exchange is over: whoever waits for its place may have it; a connection that is nobody's is closed
// after its last one. c.mu is held, and released meanwhile.
func (c *ClientConn) restShared() {
	more, wanted, gone := c.onMore, c.wanted, c.gone
	c.wanted = false
	over := more == nil && c.client.Streams() == 0
	if !over && (more == nil || !wanted || gone) {
		return
	}
	c.mu.Unlock()
	if over {
		c.discard(Finished)
	} else {
		more()
	}
	c.mu.Lock()
}
