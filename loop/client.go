package loop

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// A Call is a request to be sent, once.
type Call struct {
	Head    *semantics.Request
	Length  int64     // of Body: 0 for none, -1 if it is not known
	Body    io.Reader // nil for none; closed, if it is an io.Closer, when it is not needed any more, though a Read may wait
	Trailer func() *semantics.Fields
	// Expect: send Body only after 100 (Continue), or when ExpectTimeout has passed; negative: never.
	Expect        bool
	ExpectTimeout time.Duration
	// Interim, if not nil, is called for each 1xx response, before Do returns. Its error is Do's.
	Interim func(*semantics.Response) error
	Trace   *Trace // nil for none

	closed atomic.Bool
	asking asking

	reply Reply // memory for it, where a connection has one exchange at a time
}

// close closes the content, once.
func (c *Call) close() {
	if closer, ok := c.Body.(io.Closer); ok && !c.closed.Swap(true) {
		_ = closer.Close()
	}
}

// interrupt closes content that a goroutine may be waiting for, and nobody needs any more: else it would wait for as long as the
// content lets it. What may be sent once more, which its Unwrap tells, has to be left to that goroutine.
func (c *Call) interrupt() {
	if _, again := c.Body.(interface{ Unwrap() io.Reader }); !again {
		c.close()
	}
}

// A ClientConn is a client's connection. It is safe for concurrent use as far
// as its engine's capacity reaches.
type ClientConn struct {
	conn
	client engine.Client
	gone   bool
	left   chan struct{}  // closed when it has left the group
	used   atomic.Bool    // an exchange has been completed
	onRest func() error   // called when the connection is free; nil: then it is closed
	onMore func()         // the same, of one that is multiplexed
	onGone func()         // called once when it is over
	idle   bool           // it waits in a pool
	serial uint64         // when it was put there, by the pool's count
	since  engine.Instant // when it became free

	peeker *peeker     // nil if the flow cannot be looked into
	ask    func() bool // c.asks, made once

	// What follows is of use on a multiplexed connection only.
	reserved int        // exchanges that are about to begin
	wanted   bool       // somebody has asked for a place and waits for one
	company  bool       // several have been woken at once the last time, and may all be about to begin another exchange
	handed   []*content // to whom events have been handed, and who have not been woken
	waking   []*inbox   // memory for wakeHanded
}

// adopted makes the connection say when it is over, when it is free, and when it takes one more exchange, unless it is over already. A
// multiplexed one keeps a place for whoever has opened it.
func (c *ClientConn) adopted(gone func(), free func() error, more func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return false
	}
	c.onGone, c.onRest, c.onMore = gone, free, more
	if c.mux != nil {
		c.reserved++
	}
	return true
}

// GiveBack returns the connection, or the place on it, that was got for an exchange which does not begin.
func (c *ClientConn) GiveBack() {
	c.mu.Lock()
	c.reserved = max(0, c.reserved-1)
	c.mu.Unlock()
	_ = c.rest()
}

// Open makes a connection of a flow and an engine. ErrStopped if the group has
// been stopped; the flow is then closed.
func (g *Group) Open(f flow.Flow, eng engine.Client) (*ClientConn, error) {
	c := &ClientConn{client: eng, left: make(chan struct{})}
	c.init(g, f, eng)
	c.onLook = c.lookAfter
	if c.mux == nil && c.powers.Pollable != nil {
		c.peeker, c.ask = newPeeker(c.powers.Pollable), c.asks
	}
	if c.mux != nil {
		c.mux.together = c.pushTogether
	}
	if !g.add(c) { // from here on the group may stop it
		_ = f.Close()
		return nil, ErrStopped
	}
	if c.mux != nil {
		if err := c.greet(); err != nil {
			c.discard(Broken)
			return nil, err
		}
		g.spawn(c.pump)
	}
	return c, nil
}

// Used reports whether an exchange has been completed on the connection: if so, the peer may
// have closed it since.
func (c *ClientConn) Used() bool { return c.used.Load() }

// greet writes what the engine has to say first: a connection that does not take that is of no use.
func (c *ClientConn) greet() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flush()
}

// Multiplexed reports whether exchanges go on side by side.
func (c *ClientConn) Multiplexed() bool { return c.mux != nil }

// Idle reports whether the connection is idle, and for how long, by the coarse clock of its group. It is to be asked by whoever has
// got it from a pool and not used it yet.
func (c *ClientConn) Idle() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.idle && (c.mux == nil || !c.used.Load() || c.client.Streams() > 0) {
		return 0, false
	}
	c.group.setClock()
	return time.Duration(c.group.now() - c.since), true
}

// Peer returns the address of the peer, nil if the flow does not tell.
func (c *ClientConn) Peer() net.Addr { return c.powers.PeerAddr() }

// Flow returns the connection's flow; see [Exchange.Flow].
func (c *ClientConn) Flow() flow.Flow { return c.flow }

// Do sends a request and returns when the head of its final response is there.
// The reply's content must be read to its end or closed. ctx bounds all of it,
// to the end of the content. Errors are *SendError, or ErrStale.
func (c *ClientConn) Do(ctx context.Context, call *Call) (*Reply, error) {
	if endOf(ctx) != nil {
		c.GiveBack()
		call.close()
		return nil, &SendError{Err: context.Cause(ctx)}
	}
	if (call.Body != nil || call.Trace != nil) && c.stale() {
		c.discard(PeerClosed)
		return nil, ErrStale
	}
	r := c.newReply(call)
	r.ctx, r.awaited = ctx, true
	r.abandonAtEnd()
	settled := false
	defer func() {
		if !settled { // a hook of the caller's has panicked: nobody else ends the exchange
			r.stop()
			c.endExchange(r, Aborted)
		}
	}()
	c.mu.Lock()
	err := r.begin()
	if err == ErrStale && c.mux != nil {
		settled = true
		return nil, r.leave()
	}
	unsent := err != nil
	if err == nil {
		err = r.await()
	}
	if r.whole.Load() {
		call.firstByte()
		settled = true
		r.restWhole(call)
		return r, nil
	}
	r.awaitSent(call)
	ended := !r.tunnel && r.content.ended && !r.content.unread()
	r.returning(err)
	c.mu.Unlock()
	if unsent {
		call.close()
	}
	if err != nil {
		settled = true
		r.cancelled(&err)
		r.stop()
		c.endExchange(r, r.blame(err))
		return nil, err
	}
	call.firstByte()
	settled = true
	if ended {
		r.finish()
	}
	return r, nil
}

// returning is called when Do is about to return, and the response is not whole: its content may be left alone for long. c.mu is held.
func (r *Reply) returning(err error) {
	r.awaited = false
	if r.c.mux == nil || err != nil {
		return
	}
	r.content.unbox()
	if r.sent {
		r.spent = r.call.Body == nil
		r.call = nil
	}
}

// stop makes an idle connection close and a busy one close after its exchange.
func (c *ClientConn) stop() {
	c.mu.Lock()
	c.stopping = true
	c.tellTunnels(ErrStopped)
	idle := c.client.Streams() == 0
	if c.mux != nil {
		c.because(Stopped)
		c.client.Shutdown(&c.out)
		c.group.spawn(c.sayIt)
	}
	c.mu.Unlock()
	if idle {
		c.group.spawn(func() { c.discard(Stopped) }) // for a flow may take its time to close
	}
}

func (c *ClientConn) of(*acceptor) bool { return false }

// sayIt writes what is in the output.
func (c *ClientConn) sayIt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push()
}

func (c *ClientConn) cut(why CloseReason) { c.discard(why) }

// isGone reports whether discard has been called.
func (c *ClientConn) isGone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

// discard ends the connection and returns when it has left the group and its pool. Anyone
// may call it, any number of times.
func (c *ClientConn) discard(why CloseReason) {
	c.mu.Lock()
	first := !c.gone
	c.gone, c.idle = true, false
	c.because(why)
	why, onGone := c.why, c.onGone
	c.mu.Unlock()
	if !first {
		c.closeFlow()
		<-c.left
		return
	}
	c.closeFlow()
	if onGone != nil {
		onGone()
	}
	c.group.remove(c, why)
	close(c.left)
}

// rest is called when an exchange is over: the connection is free again, or done. The error says why it is not kept.
func (c *ClientConn) rest() error {
	c.mu.Lock()
	c.since = c.group.now()
	if c.mux != nil {
		c.restShared()
		c.mu.Unlock()
		return nil
	}
	reusable := c.onRest != nil && !c.gone && !c.stopping && c.client.State() == engine.Open &&
		c.client.Capacity() > 0 && c.writeErr == nil && !c.eof && c.in.len() == 0
	if reusable {
		c.idle = true
		c.arm(0) // the engine's idle time-out
		if c.peeker == nil {
			c.look()
		} else {
			c.lookDue.Store(c.group.after(c.group.tick))
		}
	}
	onRest := c.onRest
	c.mu.Unlock()
	if !reusable {
		c.discard(Finished)
		return ErrNotKept
	}
	return onRest()
}

// lookAfter is what the sweeper calls when a connection has been in its pool for a tick.
func (c *ClientConn) lookAfter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look()
}

// look starts a watcher on an idle connection. c.mu is held.
func (c *ClientConn) look() {
	if c.idle && !c.reading && !c.gone {
		c.reading = true
		c.group.spawn(c.watchIdle)
	}
}

// watchIdle reads while the connection is idle: whatever comes then, be it EOF, a
// deadline or bytes that nobody asked for, ends it. Bytes that answer a request
// sent meanwhile are for whoever sent it.
func (c *ClientConn) watchIdle() {
	c.mu.Lock()
	for {
		room := c.in.room(true)
		n, err := c.readFlow(room)
		c.in.w += n
		if err != nil {
			c.took(err)
		}
		if !c.idle || c.gone {
			c.mu.Unlock()
			return
		}
		if c.nextEvent() != nil || n > 0 || c.eof || c.client.State() != engine.Open {
			break
		}
	}
	why := PeerClosed
	if !c.eof || c.over {
		why = TimedOut
	}
	c.mu.Unlock()
	c.discard(why)
}
