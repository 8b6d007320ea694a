package loop

import "github.com/paf-go/paf/engine"

// This file is how exchanges and connections of a server end.

// finish ends an exchange after its handler has returned: a response that is not
// complete is abandoned, content that nobody has read is discarded or, if there is
// too much of it, ends the connection.
//
// A handler that did not return has ended its goroutine, by a panic or by runtime.Goexit, and with it
// a connection that has one exchange at a time.
func (c *serverConn) finish(x *exchange) {
	x.n++ // its tickets are over
	x.done = true
	c.lingers = x.returned
	c.running--
	c.unsaid = true
	switch {
	case x.taken:
		c.finishTaken(x)
	case c.mux != nil:
		if !x.returned {
			x.waits()
		}
		c.finishStream(x)
	case x.returned:
		c.finishOnly(x)
	default:
		c.abort()
		x.finishContext()
		if x.looked {
			x.lookAway()
		}
		c.current = nil
	}
	if c.out.Len() >= flushAt && x.returned {
		_ = c.flush()
	}
	c.keep(x)
	if c.mux != nil {
		c.moved(ConnIdle)
	}
}

// finishOnly is finish on a connection that has one exchange at a time.
func (c *serverConn) finishOnly(x *exchange) {
	if !x.ended {
		x.abandon()
	}
	if c.harsh {
		c.lingers = false
	}
	if c.server.State() == engine.Open && !x.content.ended {
		c.drain(x)
	}
	x.finishContext()
	x.content.gone = ErrOver
	if x.looked {
		x.lookAway()
	}
	c.lookDue.Store(0)
	c.writeBy.Store(0)
	c.current = nil
	c.forgetData()
	if !c.reading { // a watcher still reads into it
		c.in.shrink()
	}
}

// finishStream is finish on a multiplexed connection: what of the request has not come, or not been read, is not
// wanted (RFC 9113, Section 8.1), and nobody else has to wait for that.
func (c *serverConn) finishStream(x *exchange) {
	c.server.Reset(&c.out, x.content.stream, 0) // of one that is complete on both sides nothing is left to reset
	c.detach(&x.content)
	x.finishContext()
	if c.turn.inline == x {
		c.turn.inline = nil
	} else {
		c.settle() // whoever reads has begun to when there was something to wait for
		c.gather()
		c.push()
		if !c.goesOn() {
			c.wakeReader()
		}
	}
	c.notify()
}

// gather lets those exchanges that are about to be complete, too, lay out what they have before it is written: a write costs many times
// what it takes to lay out a response. Where few run nobody is made to wait for the processor that a busy handler has. c.mu is held, and
// released meanwhile.
func (c *serverConn) gather() {
	if c.running < company || c.writing || !c.reading || c.out.Len() >= flushAt {
		return
	}
	c.yield()
	c.notify()
}

// company is how many exchanges have to run for one to wait for others.
const company = 8

// drain discards the rest of a request's content, within bounds.
func (c *serverConn) drain(x *exchange) {
	left := c.group.config.DrainBytes
	if x.left > left && left >= 0 {
		left = -1 // it could not be kept anyway
	} else if left < 0 {
		left = 1<<63 - 1
	}
	x.content.due = c.group.after(c.group.config.DrainTimeout)
	for c.server.State() == engine.Open {
		left -= int64(len(c.data))
		c.data = nil
		if left < 0 || x.content.advance(nil) != nil {
			break
		}
	}
	if !x.content.ended && c.server.State() == engine.Open {
		c.server.Reset(&c.out, x.content.stream, 0)
	}
}

// served ends the connection, unless it is parked by now or somebody else's, and returns what ServeFlow does. broken: a handler's panic goes
// on. c.mu is held, and released.
func (c *serverConn) served(life int, broken bool) error {
	for !broken && c.mux != nil && !c.turn.ended && c.life == life {
		c.wait()
	}
	if c.life != life {
		c.mu.Unlock()
		return nil
	}
	if c.hijacked {
		c.mu.Unlock()
		c.own()
		return nil
	}
	c.because(c.reason())
	err := c.result()
	c.quiesce()
	for c.running > 0 {
		c.wait()
	}
	if c.mux != nil {
		c.group.monitor.forget(c)
	}
	c.moved(ConnClosed)
	c.mu.Unlock()
	c.group.remove(c, c.why)
	if c.from != nil {
		c.from.ended(err)
	}
	return err
}

// part says the last words and closes the flow.
func (c *serverConn) part() {
	peace := c.running == 0 && !c.unsaid && c.writeErr == nil
	if c.flush() != nil && peace {
		c.writeErr = nil // all that was asked for has been written: a peer that has gone need not hear that we go
	}
	c.because(c.reason())                 // what comes after the last words counts no more
	answered := c.lingers || c.mux != nil // GOAWAY is an answer too
	if answered && c.server.State() == engine.Closed && c.writeErr == nil {
		c.linger()
	}
	c.quiesce()
}

// reason returns why the connection ends, if nobody has said so yet.
func (c *serverConn) reason() CloseReason {
	switch {
	case c.fault != nil && c.fault.Timeout():
		return TimedOut
	case c.fault != nil || c.writeErr != nil || c.readErr != nil:
		return Broken
	case c.windingDown || c.stopping:
		return Stopped
	case c.server.State() == engine.Switched:
		return Taken
	case c.eof && (c.idle || c.mux != nil):
		return PeerClosed
	case c.idle && c.mux == nil:
		return TimedOut // the engine has closed for want of a request
	}
	return Finished
}

// result is what ServeFlow returns.
func (c *serverConn) result() error {
	switch {
	case c.fault != nil:
		return c.fault
	case c.writeErr != nil:
		return c.writeErr
	case c.readErr != nil && c.why != TimedOut && c.why != Stopped:
		return &GoneError{Op: "read", Err: c.readErr}
	}
	return nil
}
