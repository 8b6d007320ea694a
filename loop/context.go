package loop

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf/engine"
)

// An exchangeContext is the context of an exchange, made when the handler asks for it. It becomes a cancellable one when somebody wants to know
// of its end, at the latest when the exchange is over: so it outlives that, whose memory is used again.
type exchangeContext struct {
	x     *exchange // another one's memory once there is inner: but for its connection
	inner atomic.Pointer[cancellable]
	atEnd *Reply // abandoned when the context ends, unless inner does it; nil: none. The connection's lock guards it.
}

// A cancellable is a context that can be cancelled.
type cancellable struct {
	context.Context
	end context.CancelCauseFunc
}

func (t *exchangeContext) Deadline() (time.Time, bool) { return t.x.c.base.Deadline() }
func (t *exchangeContext) Done() <-chan struct{}       { return t.cancellable().Done() }

// Err has the peer watched as Done does, but needs no channel for that.
func (t *exchangeContext) Err() error {
	if t.inner.Load() == nil {
		c := t.x.c
		c.mu.Lock()
		if t.inner.Load() == nil {
			t.x.watchPeer()
		}
		c.mu.Unlock()
	}
	return endOf(t)
}

// Value asks the cancellable context once there is one, so that contexts derived from
// this one find its cancellation, and context.Cause its cause.
func (t *exchangeContext) Value(key any) any {
	if inner := t.inner.Load(); inner != nil {
		return inner.Value(key)
	}
	return t.x.c.base.Value(key)
}

// cancellable returns the cancellable context, and makes it first if need be.
func (t *exchangeContext) cancellable() *cancellable {
	if inner := t.inner.Load(); inner != nil {
		return inner
	}
	c := t.x.c
	c.mu.Lock()
	if t.inner.Load() == nil {
		t.inner.Store(newCancellable(c.base))
		t.x.watchPeer()
	}
	c.mu.Unlock()
	return t.inner.Load()
}

func newCancellable(base context.Context) *cancellable {
	inner := &cancellable{}
	inner.Context, inner.end = context.WithCancelCause(base)
	return inner
}

// endOf is ctx.Err for whoever has a reply abandoned when ctx ends: no other need begin to look out for the peer of an exchange.
func endOf(ctx context.Context) error {
	t, is := ctx.(*exchangeContext)
	switch {
	case !is:
		return ctx.Err()
	case t.inner.Load() != nil:
		return t.inner.Load().Err()
	}
	return t.x.c.base.Err()
}

// abandonAtEnd has r.abandon called when the context ends. That of an exchange, which a proxy sends requests on with, has a place for one reply: so
// nothing has to be made that nobody else asks for.
func (r *Reply) abandonAtEnd() {
	if t, is := r.ctx.(*exchangeContext); is && t.keep(r) {
		return
	}
	if r.ctx.Done() != nil {
		r.release = context.AfterFunc(r.ctx, r.abandon)
	}
}

// free ends that, and reports whether it was in time.
func (r *Reply) free() bool {
	if r.release != nil {
		return r.release()
	}
	t, is := r.ctx.(*exchangeContext)
	return !is || t.forget(r)
}

// keep keeps a reply to be abandoned, if there is nothing else to be done when the context ends.
func (t *exchangeContext) keep(r *Reply) bool {
	c := t.x.c
	if c.base.Done() != nil { // it may end by itself
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.inner.Load() != nil || t.atEnd != nil {
		return false
	}
	t.atEnd = r
	t.x.watchPeer()
	return true
}

// forget takes a reply back, and reports whether it was in time.
func (t *exchangeContext) forget(r *Reply) bool {
	c := t.x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.atEnd != r {
		return false
	}
	t.atEnd = nil
	return true
}

// end ends the context; the first cause stands. The connection's lock is held.
func (t *exchangeContext) end(cause error) {
	if t.inner.Load() == nil {
		t.inner.Store(newCancellable(t.x.c.base))
	}
	t.inner.Load().end(cause)
	t.abandon()
}

// abandon abandons the reply that was kept. The connection's lock is held.
func (t *exchangeContext) abandon() {
	if t.atEnd != nil {
		go t.atEnd.abandon()
		t.atEnd = nil
	}
}

// contextOf returns the exchange's context. The connection's lock is held.
func (x *exchange) contextOf() *exchangeContext {
	if x.context == nil {
		x.context = &exchangeContext{x: x}
	}
	return x.context
}

// cancel ends the context, which is made for that if nobody has asked for it yet. The connection's lock is held.
func (x *exchange) cancel(cause error) { x.contextOf().end(cause) }

// finishContext ends the context with the exchange. One of whose end nobody has asked gets what all such of the connection get.
func (x *exchange) finishContext() {
	t := x.context
	switch {
	case t == nil:
	case t.inner.Load() != nil:
		t.end(context.Canceled)
	default:
		t.inner.Store(x.c.overContext())
		t.abandon()
	}
}

// overContext returns the context of exchanges that are over. c.mu is held.
func (c *serverConn) overContext() *cancellable {
	if c.ended == nil {
		c.ended = newCancellable(c.base)
		c.ended.end(context.Canceled)
	}
	return c.ended
}

// watchPeer has the sweeper start a watcher when the exchange takes longer than a tick. The connection's lock is held.
func (x *exchange) watchPeer() {
	if x.watched {
		return
	}
	x.watched = true
	if x.c.mux != nil {
		// Whoever wants to know may be about to wait for long. Those that follow are likely to do the same, and would each cost a
		// goroutine anyway: on one that has not read from the flow they need half of the stack.
		if x.c.turn.inline == x {
			x.c.runApart(apartWatch)
		}
		x.waits()
		return
	}
	if c := x.c; c.closed || c.eof {
		c.look(x)
	} else {
		// Most of those who ask are through before a tick: whoever sends a request on, or asks a database. A watcher costs a goroutine and a read.
		c.lookDue.Store(c.group.after(c.group.tick))
	}
}

// event takes what comes beside content: the client has reset the stream, or the connection has ended.
func (x *exchange) event(ev *engine.Event) {
	if ev.Kind == engine.Fault {
		x.cancel(&GoneError{Op: "read", Err: ev.Err})
	}
}

// lost implements receiver: the connection has ended beneath the exchange.
func (x *exchange) lost(err error) { x.cancel(x.lostFor(err)) }

// lostFor returns the cause that contexts end for, then.
func (x *exchange) lostFor(err error) error {
	switch {
	case x.c.closed && x.c.why == Stopped:
		return ErrStopped
	case !errors.Is(err, ErrPeerGone):
		return &GoneError{Op: "read", Err: err}
	}
	return err
}

// lookAfter is what the sweeper calls a tick after content was read last, or somebody has asked for the end of the context; on HTTP/2 at the times that
// lookBy was given.
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
func (c *serverConn) look(x *exchange) {
	if c.taken {
		return
	} else if c.closed || c.eof {
		x.peerEnded()
	} else if c.reading || x.done {
		return
	} else if len(c.in.spare()) == 0 {
		x.lookOut()
	} else {
		c.reading = true
		go c.watcher(x, x.n)
	}
}

// watcher reads ahead for as long as the exchange goes on and there is room. n is the exchange's number: x may be another one by the time that
// something has come.
func (c *serverConn) watcher(x *exchange, n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		read, err := c.readFlow(c.in.spare())
		c.in.w += read
		if err != nil {
			c.took(err)
		}
		over, full := x.n != n, len(c.in.spare()) == 0
		if !over && (c.eof || c.closed || c.reading || c.taken || full) {
			x.peerEnded()
			if !c.closed && !c.taken && full { // of a closed one the descriptor may be another's
				x.lookOut()
			}
			return
		}
		if over {
			if next := c.current; next != nil && next.watched {
				c.look(next) // the sweeper has found this one reading
			}
			return
		}
	}
}

// peerEnded cancels the context if no more can come from the peer. c.mu is held.
func (x *exchange) peerEnded() {
	c := x.c
	switch {
	case c.taken: // the read was ended by us, or what it has told is for whoever has the flow
	case c.closed && c.why == Stopped:
		x.cancel(ErrStopped)
	case c.readErr != nil:
		x.cancel(&GoneError{Op: "read", Err: c.readErr})
	case c.closed, c.eof && !c.group.config.KeepHalfClosed:
		x.cancel(ErrPeerGone)
	}
}
