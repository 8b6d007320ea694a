package loop

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// This file is how a request is sent and its response waited for.

// asking is what an exchange needs until its request is sent and the head of its response is there.
type asking struct {
	before   int64                 // bytes that the flow had taken before the request
	goAhead  bool                  // 100 (Continue) has come, or something else that ends the waiting
	sendErr  error                 // the request's content could not be read, or the caller does not want the response
	interims []*semantics.Response // that have come and not been told (multiplexed)
	late     bool                  // it goes ahead though the final response has come
	begun    bool                  // the trace has been told that something of the response has come
}

// begin lays out the request and sends what can be sent at once; the rest goes out by a
// goroutine of its own. c.mu is held.
func (r *Reply) begin() error {
	c, call := r.c, r.call
	err := r.awaitLeave()
	c.reserved = max(0, c.reserved-1)
	if err == nil {
		err = r.obstacle()
	}
	if err == ErrStale {
		return err
	}
	if err != nil {
		return &SendError{Err: err}
	}
	reused := c.idle
	if c.mux == nil {
		c.idle = false
		c.lookDue.Store(0)
	}
	call.asking.before = c.written.Load()
	id, err := c.client.Request(&c.out, call.Head, call.Length)
	if err != nil {
		return &SendError{Err: err}
	}
	c.exchanges++
	c.running++
	r.counted = true
	r.content = content{c: &c.conn, stream: id, owner: r}
	if c.mux != nil {
		c.attach(&r.content)
	}
	if call.Body == nil {
		return r.beginBare(reused)
	}
	r.beginContent()
	return nil
}

// obstacle returns why the request cannot be sent on this connection.
func (r *Reply) obstacle() error {
	c := r.c
	switch {
	case endOf(r.ctx) != nil: // abandon may have come and gone
		return context.Cause(r.ctx)
	case c.writeErr != nil:
		return c.writeErr
	case c.gone || c.stopping || c.client.State() != engine.Open:
		return ErrNoCapacity
	case c.client.Capacity() == 0:
		if c.mux != nil {
			return ErrStale // the server has said how many it takes after more had been let in
		}
		return ErrNoCapacity
	}
	return nil
}

// leave gives up an exchange that has not begun, and leaves the call as it is for another connection. c.mu is held, and released.
func (r *Reply) leave() error {
	r.c.mu.Unlock()
	r.free()
	_ = r.c.rest()
	return ErrStale
}

// beginBare sends a request without content. c.mu is held, and released meanwhile.
func (r *Reply) beginBare(reused bool) error {
	c := r.c
	if r.sent = !r.asksTunnel(); r.sent {
		if err := c.client.End(&c.out, r.content.stream, nil); err != nil {
			return &SendError{Err: err}
		}
	}
	switch {
	case c.mux != nil:
		c.push()
	case c.peeker != nil && !c.reading && !c.writing && r.call.Trace == nil:
		return r.askAndWait(reused)
	case c.flush() != nil:
		r.hurry()
	}
	r.wroteAll()
	return nil
}

// beginContent begins to send the content, and has done so if it is little and at hand. c.mu is held, and released meanwhile.
func (r *Reply) beginContent() {
	c, call := r.c, r.call
	if t := call.Trace; t != nil {
		c.mu.Unlock()
		t.wroteHead()
		if call.Expect && t.WaitContinue != nil {
			t.WaitContinue()
		}
		c.mu.Lock()
	}
	if inMemory(call.Body) && call.Length <= sendInline && !call.Expect {
		c.mu.Unlock()
		r.send()
		c.mu.Lock()
	} else {
		go r.send()
	}
}

// stale reports whether something has come on an idle connection that nobody asked for, be it its end: it is not fit for an
// exchange. RFC 9112, Section 6.3: a client "that receives data on a connection that does not have any outstanding requests […]
// MUST NOT […] consider that data to be a valid response".
func (c *ClientConn) stale() bool {
	if c.peeker == nil {
		return false // whoever reads finds it
	}
	c.mu.Lock()
	look := c.idle && !c.reading
	if look {
		c.idle = false // so that nobody begins to read
		c.lookDue.Store(0)
	}
	c.mu.Unlock()
	return look && c.peeker.pending()
}

// askAndWait sends a request without content, if nothing has come before, and waits until there is something to be read. To look,
// to send and to wait is one use of the descriptor: so what tells that the connection is not stale also tells that a
// read would find nothing yet, which else had to be tried. c.mu is held, and released meanwhile.
func (r *Reply) askAndWait(reused bool) error {
	c := r.c
	c.reading = true
	c.mu.Unlock()
	asked := c.peeker.ask(c.ask)
	c.mu.Lock()
	c.reading = false
	c.notify()
	switch {
	case !asked && reused:
		c.exchanges--
		return ErrStale
	case !asked: // what speaks first is no server of HTTP, as will be found
		_ = c.flush()
	}
	if c.writeErr != nil {
		r.hurry()
	}
	return nil
}

// asks writes the request; it reports whether the response may be waited for.
func (c *ClientConn) asks() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeOut()
	c.arm(0)
	return c.writeErr == nil
}

// wroteAll tells the trace of a request without content. c.mu is held, and released meanwhile.
func (r *Reply) wroteAll() {
	if t, err := r.call.Trace, r.c.writeErr; t != nil {
		r.c.mu.Unlock()
		t.wroteHead()
		t.wrote(err)
		r.c.mu.Lock()
	}
}

// await waits for the head of the final response. c.mu is held, and not any more if it returns with the response whole.
func (r *Reply) await() error {
	for {
		if r.whole.Load() {
			r.c.mu.Unlock()
			return nil
		}
		if r.untold() {
			r.tellInterims()
			continue
		}
		if r.call.asking.sendErr != nil {
			return r.failure()
		}
		if r.headed && r.c.mux == nil && r.takeSmall() {
			r.c.mu.Unlock()
			return nil
		}
		if r.headed {
			return nil
		}
		if r.content.ended || r.call.asking.sendErr != nil {
			return r.failure()
		}
		if r.c.mux != nil {
			if r.waitForHead() {
				return nil
			}
			continue
		}
		if ev := r.c.nextEvent(); ev != nil {
			r.content.take(ev)
			continue
		}
		if err := r.content.await(nil); err != nil || r.c.gone { // what comes while we close may be the answer to that
			return r.failure()
		}
	}
}

// waitForHead waits for something to happen on the stream. c.mu is held, and not any more if it reports that the response is whole.
func (r *Reply) waitForHead() (whole bool) {
	in := r.content.box()
	in.waiting++
	if r.content.waitFreely() {
		if r.whole.Load() {
			return true
		}
		r.c.mu.Lock()
	}
	if r.content.inbox == in { // else it is another's by now, and the response whole
		in.waiting--
	}
	return false
}

// failure is the error of an exchange that got no response.
func (r *Reply) failure() error {
	switch {
	case r.call.asking.sendErr != nil:
		return &SendError{Sent: true, Err: r.call.asking.sendErr}
	case r.c.writeErr != nil && r.c.written.Load() == r.call.asking.before: // whoever shares the connection has sent nothing, either
		return &SendError{Sent: false, Err: r.c.writeErr}
	case r.c.writeErr != nil && r.brokeOff():
		return &SendError{Sent: true, Err: fmt.Errorf("%w; %w", r.c.writeErr, noResponse)}
	case r.c.writeErr != nil:
		return &SendError{Sent: true, Err: r.c.writeErr}
	case r.content.err != nil:
		return &SendError{Sent: !errors.Is(r.content.err, refused), Err: r.content.err}
	}
	return &SendError{Sent: true, Err: &GoneError{Op: "read", Err: io.ErrUnexpectedEOF}}
}

// brokeOff reports whether the connection, to which nothing can be written, has ended without a response, and not because we had no
// patience. Of one that is shared nobody reads on to find out.
func (r *Reply) brokeOff() bool {
	var gone *GoneError
	if errors.As(r.c.writeErr, &gone) && gone.Timeout() {
		return false
	}
	return r.c.mux != nil || errors.Is(r.content.err, noResponse)
}

// refused is what tells that a server has not processed a request.
var refused = &engine.Error{Rule: engine.RuleRefused}

// noResponse is what tells that nothing of a response has come, as from a server that had closed before.
var noResponse = &engine.Error{Rule: engine.RuleNoResponse}

// blame says why a connection ends on which a call failed.
func (r *Reply) blame(err error) CloseReason {
	var e *engine.Error
	if err == ErrStale {
		return PeerClosed
	}
	if errors.As(err, &e) && e.Timeout() {
		return TimedOut
	}
	if r.ctx.Err() != nil {
		return Aborted
	}
	return Broken
}
