package loop

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/paf-go/paf/engine"
)

// This file is how a request is sent and its response waited for.

// begin lays out the request and sends what can be sent at once; the rest goes out by a
// goroutine of its own. c.mu is held.
func (r *Reply) begin() error {
	c, call := r.c, r.call
	c.reserved = max(0, c.reserved-1)
	switch {
	case r.ctx.Err() != nil: // abandon may have come and gone
		return &SendError{Err: context.Cause(r.ctx)}
	case c.gone || c.stopping || c.client.State() != engine.Open || c.client.Capacity() == 0:
		return &SendError{Err: ErrNoCapacity}
	}
	if c.mux == nil {
		c.idle = false
		c.lookDue.Store(0)
	}
	r.before = c.written.Load()
	id, err := c.client.Request(&c.out, call.Head, call.Length)
	if err != nil {
		return &SendError{Err: err}
	}
	c.exchanges++
	c.running++
	r.counted = true
	r.content = content{c: &c.conn, stream: id, owner: r}
	r.stream = id
	if c.mux != nil {
		c.attachTo(&r.content, r.box)
	}
	if call.Body == nil {
		if err := c.client.End(&c.out, id, nil); err != nil {
			return &SendError{Err: err}
		}
		r.sent = true
		if c.mux != nil {
			c.push()
		} else if c.flush() != nil {
			r.hurry()
		}
		return nil
	}
	if inMemory(call.Body) && call.Length <= sendInline && !call.Expect {
		c.mu.Unlock()
		r.send()
		c.mu.Lock()
	} else {
		go r.send()
	}
	return nil
}

// await waits for the head of the final response. c.mu is held, and not any more if it returns with the response whole.
func (r *Reply) await() error {
	for {
		if r.whole.Load() {
			r.c.mu.Unlock()
			return nil
		}
		if len(r.interims) > 0 {
			r.tellInterims()
			continue
		}
		if r.Head != nil {
			return nil
		}
		if r.content.ended || r.sendErr != nil {
			return r.failure()
		}
		if r.c.mux != nil {
			if !r.content.waitFreely() {
				continue
			}
			if r.whole.Load() {
				return nil
			}
			r.c.mu.Lock()
			continue
		}
		if ev := r.c.nextEvent(); ev != nil {
			r.content.take(ev)
			continue
		}
		if err := r.content.await(nil); err != nil {
			return r.failure()
		}
	}
}

// failure is the error of an exchange that got no response.
func (r *Reply) failure() error {
	switch {
	case r.sendErr != nil:
		return &SendError{Sent: true, Err: r.sendErr}
	case r.c.writeErr != nil && r.c.mux == nil && r.c.written.Load() == r.before:
		return &SendError{Sent: false, Err: r.c.writeErr}
	case r.c.writeErr != nil && errors.Is(r.content.err, noResponse):
		return &SendError{Sent: true, Err: fmt.Errorf("%w; %w", r.c.writeErr, r.content.err)}
	case r.c.writeErr != nil:
		return &SendError{Sent: true, Err: r.c.writeErr}
	case r.content.err != nil:
		return &SendError{Sent: !errors.Is(r.content.err, refused), Err: r.content.err}
	}
	return &SendError{Sent: true, Err: &GoneError{Op: "read", Err: io.ErrUnexpectedEOF}}
}

// refused is what tells that a server has not processed a request.
var refused = &engine.Error{Rule: engine.RuleRefused}

// noResponse is what tells that nothing of a response has come, as from a server that had closed before.
var noResponse = &engine.Error{Rule: engine.RuleNoResponse}

// blame says why a connection ends on which a call failed.
func (r *Reply) blame(err error) CloseReason {
	var e *engine.Error
	if errors.As(err, &e) && e.Timeout() {
		return TimedOut
	}
	if r.ctx.Err() != nil {
		return Aborted
	}
	return Broken
}
