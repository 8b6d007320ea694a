package loop

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paf-go/paf/engine"
)

// Context returns a context that is cancelled when the peer goes away, when the
// connection is cut, and when the exchange is over; context.Cause tells which.
// It carries the values of the context that was given to ServeFlow.
//
// It costs nothing until it is asked for Done or Err: only then does a watcher
// begin to look out for the peer.
func (x *Exchange) Context() context.Context {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if x.ctx == nil {
		x.ctx = &exchangeContext{x: x, cause: x.cause}
	}
	return x.ctx
}

// cancel ends the context, made or still to be made; the first cause stands. The connection's lock is held.
func (x *Exchange) cancel(cause error) {
	if x.cause == nil {
		x.cause = cause
	}
	if x.ctx != nil {
		x.ctx.cancel(cause)
	}
}

// An exchangeContext becomes a cancellable context when somebody wants to know.
type exchangeContext struct {
	x     *Exchange
	mu    sync.Mutex
	inner context.Context // nil until asked for
	end   context.CancelCauseFunc
	cause error // set when it is over, whether or not inner exists
}

func (t *exchangeContext) Deadline() (time.Time, bool) { return t.x.c.base.Deadline() }
func (t *exchangeContext) Done() <-chan struct{}       { return t.get(true).Done() }
func (t *exchangeContext) Err() error                  { return t.get(true).Err() }

// Value asks the inner context once there is one, so that contexts derived from
// this one find the inner one's cancellation, and context.Cause its cause.
func (t *exchangeContext) Value(key any) any {
	if inner := t.get(false); inner != nil {
		return inner.Value(key)
	}
	return t.x.c.base.Value(key)
}

// get returns the inner context; wanted makes one, and sets a watcher on the peer.
func (t *exchangeContext) get(wanted bool) context.Context {
	t.mu.Lock()
	inner := t.inner
	made := inner == nil && wanted
	if made {
		t.inner, t.end = context.WithCancelCause(t.x.c.base)
		inner = t.inner
		if t.cause != nil {
			t.end(t.cause)
			made = false
		}
	}
	t.mu.Unlock()
	if made {
		t.x.watch()
	}
	return inner
}

func (t *exchangeContext) cancel(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cause == nil {
		t.cause = cause
	}
	if t.end != nil {
		t.end(cause)
	}
}

func (x *Exchange) finishContext() { x.cancel(context.Canceled) }

// watch starts a watcher, unless somebody is reading already; after that the
// sweeper sees to it.
func (x *Exchange) watch() {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	x.watched = true
	if x.c.mux != nil {
		x.waits() // whoever wants to know may be about to wait for long
		return
	}
	x.c.look(x)
}

// event takes what comes beside content: the client has reset the stream, or the connection has ended.
func (x *Exchange) event(ev *engine.Event) {
	if ev.Kind == engine.Fault {
		x.cancel(&GoneError{Op: "read", Err: ev.Err})
	}
}

// lost implements receiver: the connection has ended beneath the exchange.
func (x *Exchange) lost(err error) {
	switch {
	case x.c.closed && x.c.why == Stopped:
		err = ErrStopped
	case !errors.Is(err, ErrPeerGone):
		err = &GoneError{Op: "read", Err: err}
	}
	x.cancel(err)
}

// lookAfter is what the sweeper calls when content has not been read for a tick.
func (c *serverConn) lookAfter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mux != nil {
		c.wakeAll()
	} else if x := c.current; x != nil && x.watched {
		c.look(x)
	}
}

// look starts a watcher if there is none; c.mu is held.
func (c *serverConn) look(x *Exchange) {
	if c.closed || c.eof {
		x.peerEnded()
	} else if !c.reading && !x.done && len(c.in.spare()) > 0 {
		c.reading = true
		go c.watcher(x)
	}
}

// watcher reads ahead for as long as the exchange goes on and there is room.
func (c *serverConn) watcher(x *Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		n, err := c.readFlow(c.in.spare())
		c.in.w += n
		if err != nil {
			c.took(err)
		}
		if x.done || c.eof || c.closed || c.reading || len(c.in.spare()) == 0 {
			x.peerEnded()
			return
		}
	}
}

// peerEnded cancels the context if no more can come from the peer. c.mu is held.
func (x *Exchange) peerEnded() {
	c := x.c
	switch {
	case c.closed && c.why == Stopped:
		x.cancel(ErrStopped)
	case c.readErr != nil:
		x.cancel(&GoneError{Op: "read", Err: c.readErr})
	case c.closed, c.eof && !c.group.config.KeepHalfClosed:
		x.cancel(ErrPeerGone)
	}
}
