package loop

import (
	"context"
	"errors"
	"time"

	"github.com/paf-go/paf/engine"
)

// An exchangeContext is an exchange as a context. It becomes a cancellable one when somebody wants to know.
type exchangeContext exchange

// A cancellable is a context that can be cancelled.
type cancellable struct {
	context.Context
	end context.CancelCauseFunc
}

func (t *exchangeContext) Deadline() (time.Time, bool) { return t.c.base.Deadline() }
func (t *exchangeContext) Done() <-chan struct{}       { return t.cancellable().Done() }

// Value asks the cancellable context once there is one, so that contexts derived from
// this one find its cancellation, and context.Cause its cause.
func (t *exchangeContext) Value(key any) any {
	if inner := t.context.Load(); inner != nil {
		return inner.Value(key)
	}
	return t.c.base.Value(key)
}

// Err has the peer watched as Done does, but needs no channel for that.
func (t *exchangeContext) Err() error {
	if t.context.Load() == nil {
		x := (*exchange)(t)
		x.c.mu.Lock()
		x.watchPeer()
		x.c.mu.Unlock()
	}
	if inner := t.context.Load(); inner != nil {
		return inner.Err()
	}
	return t.c.base.Err()
}

// afterEnd is context.AfterFunc for f, nil if ctx never ends. The context of an exchange that is the only one on its connection has a place
// for one f, of a proxy mostly: so nothing has to be made that nobody else asks for.
func afterEnd(ctx context.Context, f func()) (stop func() bool) {
	if t, is := ctx.(*exchangeContext); is && (*exchange)(t).keepForEnd(f) {
		return (*exchange)(t).forget
	}
	if ctx.Done() == nil {
		return nil
	}
	return context.AfterFunc(ctx, f)
}

// keepForEnd has cancel call f on a goroutine of its own, if that is all there is to be done when the context ends.
func (x *exchange) keepForEnd(f func()) bool {
	c := x.c
	if c.base.Done() != nil { // it may end by itself
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mux != nil || c.current != x || c.atEnd != nil || x.context.Load() != nil {
		return false
	}
	c.atEnd = f
	x.watchPeer()
	return true
}

// forget takes back what keepForEnd has kept, and reports whether it was in time.
func (x *exchange) forget() bool {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if x.c.current != x || x.c.atEnd == nil {
		return false
	}
	x.c.atEnd = nil
	return true
}

// cancellable returns the cancellable context, and makes it first if need be.
func (t *exchangeContext) cancellable() *cancellable {
	if inner := t.context.Load(); inner != nil {
		return inner
	}
	x := (*exchange)(t)
	x.c.mu.Lock()
	if x.context.Load() == nil {
		x.makeCancellable()
		x.watchPeer()
	}
	x.c.mu.Unlock()
	return x.context.Load()
}

func (x *exchange) makeCancellable() {
	inner := &cancellable{}
	inner.Context, inner.end = context.WithCancelCause(x.c.base)
	x.context.Store(inner)
}

// cancel ends the context, which is made for that if nobody has asked for it yet; the first cause stands. The connection's lock is held.
func (x *exchange) cancel(cause error) {
	if x.context.Load() == nil {
		x.makeCancellable()
	}
	x.context.Load().end(cause)
	x.callAtEnd()
}

// callAtEnd calls what keepForEnd has kept. The connection's lock is held.
func (x *exchange) callAtEnd() {
	if c := x.c; c.current == x && c.atEnd != nil {
		go c.atEnd()
		c.atEnd = nil
	}
}

// finishContext ends the context with the exchange: one that nobody has asked for nobody will, and one of whose end nobody has asked
// becomes that with which all of the connection's end.
func (x *exchange) finishContext() {
	c := x.c
	switch {
	case x.inside == 0:
	case x.context.Load() != nil:
		x.cancel(context.Canceled)
	default:
		if c.finished == nil {
			c.finished = &cancellable{}
			c.finished.Context, c.finished.end = context.WithCancelCause(c.base)
			c.finished.end(context.Canceled)
		}
		x.context.Store(c.finished)
		x.callAtEnd()
	}
}

// watchPeer has the sweeper start a watcher when the exchange takes longer than a tick. The connection's lock is held.
func (x *exchange) watchPeer() {
	if x.watched || x.done {
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
