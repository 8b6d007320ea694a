package loop

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// An Upgrader is a Handler that may have a connection go on with another engine.
type Upgrader interface {
	// Upgrade returns the engine that takes over with a request, which it then tells itself, and the response that says so
	// to the client; nil for none. It is asked for requests without content.
	Upgrade(r *semantics.Request, now engine.Instant) (engine.Server, *semantics.Response)
}

// A Handler answers the exchanges of a server's connections.
type Handler interface {
	// Serve answers a request, whose head is shared with other exchanges: read only. length is that of its content, -1 if it is
	// not known. It must end the response; what it leaves open is abandoned, so that the peer does not take it for complete.
	Serve(x Exchange, head *semantics.Request, length int64)

	// Fault answers what never became a request: head is nil, or that
	// of a request whose framing was bad. Like Serve it responds and ends.
	Fault(x Exchange, head *semantics.Request, err *engine.Error)
}

// A serverConn is a connection of a server with its goroutine.
type serverConn struct {
	conn
	server  engine.Server
	handler Handler
	base    context.Context
	current *exchange
	spares  []*exchange        // for requests to come
	lingers bool               // a response was the last thing sent: let the peer read it
	head    semantics.Response // of a response that is being laid out
	idle    bool               // no request has come since it was waited for one (unless multiplexed)
	state   ConnState          // that was told last, or is being told
	telling bool

	memory atomic.Pointer[any] // see Exchange.Remember
	ended  *cancellable        // see overContext

	// Of an accepted connection only; see park.go.
	from     *acceptor
	accepted net.Conn
	fd       int32          // -1 if it cannot be parked
	quiet    engine.Instant // since when there has been no exchange; 0: from the next wait on
	life     int            // how often it has been parked

	// Of a multiplexed connection only.
	turn        turn
	windingDown bool // the engine has been told to end the connection
}

// ServeFlow runs a server's engine over a flow and returns when the connection
// is over and the flow closed: with nil if it ended in peace, else with what
// ended it. When ctx ends the connection finishes the exchange it has in progress, for
// no longer than the group's grace period, and closes. A tunnel is waited for, too; on a connection that a handler has hijacked ServeFlow
// returns when the handler does, and the flow stays open. Contexts of exchanges carry
// ctx's values, and are cancelled only when the peer or the connection goes.
// ErrStopped if the group has been stopped.
func (g *Group) ServeFlow(ctx context.Context, f flow.Flow, eng engine.Server, h Handler) (err error) {
	c := g.newServerConn(g.baseOf(context.WithoutCancel(ctx), f), f, eng, h)
	if !g.add(c) {
		_ = f.Close()
		return ErrStopped
	}
	g.tell(f, ConnNew)
	defer c.follow(ctx)()
	return c.serve()
}

func (g *Group) newServerConn(base context.Context, f flow.Flow, eng engine.Server, h Handler) *serverConn {
	c := &serverConn{server: eng, handler: h, base: base}
	c.init(g, f, eng)
	c.fd = descriptor(c.powers)
	c.onLook = c.lookAfter
	return c
}

// follow stops the connection when ctx ends; the function it returns ends that.
func (c *serverConn) follow(ctx context.Context) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	gone := make(chan struct{})
	stopped := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(stopped)
		c.stop()
		if grace := c.group.config.GracePeriod; grace >= 0 {
			t := time.NewTimer(grace)
			defer t.Stop()
			select {
			case <-t.C:
				c.cut(Stopped)
			case <-gone:
			}
		}
	})
	return func() {
		close(gone)
		if !release() {
			<-stopped
		}
	}
}

// serve is the life of a server's connection, to its end or until it is parked. A handler that ends its goroutine
// (runtime.Goexit) ends the connection too, unless others go on with it; serve does not return then.
func (c *serverConn) serve() (err error) {
	c.mu.Lock()
	life := c.life
	defer func() {
		broken := recover()
		err = c.served(life, broken != nil)
		if broken != nil {
			panic(broken)
		}
	}()
	c.choose()
	if c.mux == nil {
		c.takeTurns()
	}
	switch {
	case c.life != life, c.hijacked:
	case c.mux == nil:
		for c.taken && !c.closed {
			c.wait() // whoever holds the tunnel closes it
		}
		c.part()
	default:
		c.pump(c.turn.number)
	}
	return nil
}

// choose waits until it is known which engine the connection needs.
func (c *serverConn) choose() {
	chooser, is := c.eng.(engine.Chooser)
	for is {
		var ev engine.Event
		c.next(&ev)
		if c.stopping {
			c.server.Shutdown(&c.out)
		}
		if chosen := chooser.Chosen(); chosen != nil {
			c.server = chosen
			c.use(chosen)
			return
		}
		c.fill(0)
	}
}

// takeTurns runs exchanges one after another.
func (c *serverConn) takeTurns() {
	var ev engine.Event
	c.idle = true
	for c.goesOn() {
		if c.stopping && c.in.len() == 0 {
			c.because(Stopped)
			c.server.Shutdown(&c.out)
			continue
		}
		if c.idle = !c.next(&ev); c.idle {
			if c.goesOn() {
				if c.park() {
					return
				}
				c.await()
			}
			continue
		}
		c.parkDue = 0
		switch ev.Kind {
		case engine.Request:
			if c.upgrade(&ev) {
				return
			}
			c.exchange(&ev)
		case engine.Fault:
			c.fault = ev.Err
			if ev.Err.Status != 0 {
				c.exchange(&ev)
			}
		}
	}
}

// upgrade has another engine take over, if the handler wants that.
func (c *serverConn) upgrade(ev *engine.Event) bool {
	u, can := c.handler.(Upgrader)
	if !can || !ev.End || c.powers.Negotiator != nil { // in clear only
		return false
	}
	eng, response := u.Upgrade(ev.Request, c.group.now())
	if eng == nil || c.server.Respond(&c.out, ev.Stream, response, 0) != nil {
		return false
	}
	c.server = eng
	c.use(eng)
	return true
}

// await writes what is there to be written, then waits for input.
func (c *serverConn) await() {
	switch {
	case c.mux != nil:
		c.awaitTurn()
	case c.out.Len() > 0:
		_ = c.flush()
	case c.moved(ConnIdle):
	default:
		c.settle()
		c.fill(0)
	}
}

// exchange runs the handler of a request, or of what the engine has refused, on this goroutine.
func (c *serverConn) exchange(ev *engine.Event) {
	x, head, fault := c.newExchange(ev), ev.Request, ev.Err
	c.begin(x, head)
	if c.mux != nil {
		c.turn.inline = x
	}
	c.moved(ConnActive)
	c.handle(x, head, fault)
}

// handle runs a handler, without the lock, and finishes its exchange.
func (c *serverConn) handle(x *exchange, head *semantics.Request, fault *engine.Error) {
	defer func() {
		c.mu.Lock()
		c.finish(x)
	}()
	t, length := Exchange{x, x.n}, x.left
	c.mu.Unlock()
	if fault == nil {
		c.handler.Serve(t, head, length)
	} else {
		c.handler.Fault(t, head, fault)
	}
	x.returned = true
}

// begin counts an exchange.
func (c *serverConn) begin(x *exchange, head *semantics.Request) {
	if head != nil {
		c.exchanges++
	}
	c.running++
	c.quiet = 0
	if c.mux == nil {
		c.current = x
	}
}

// stop makes the connection finish what it is doing and close.
func (c *serverConn) stop() {
	c.mu.Lock()
	if c.mux == nil {
		c.mu.Unlock()
		c.conn.stop()
		return
	}
	defer c.mu.Unlock()
	c.stopping = true
	c.tellTunnels(ErrStopped)
	c.group.spawn(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.windDown()
		c.push()
		if !c.goesOn() {
			c.wakeReader()
		}
	})
}

// cut ends the connection at once. The exchange that goes on is told here: nobody may be reading.
func (c *serverConn) cut(why CloseReason) {
	c.conn.cut(why)
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.current; x != nil && c.mux == nil {
		x.peerEnded()
	}
}

func (c *serverConn) of(a *acceptor) bool { return c.from == a }

// wakeReader ends the wait for input: there is nothing more to wait for. Where that takes closing the flow, the peer, who has been told by GOAWAY, is
// given the time to do it, as in linger: what he writes until then must not fail, or he might think that what he has not read is lost.
func (c *serverConn) wakeReader() {
	switch {
	case !c.reading:
	case c.powers.ReadDeadline == nil && c.writeErr == nil && !c.closed:
		c.readDue.Store(c.group.after(c.group.config.LingerTimeout))
	default:
		c.interrupt()
	}
}

// abort notes that an exchange was abandoned; but if that has a cause on the other side, that one.
func (c *serverConn) abort() {
	if c.fault == nil && c.writeErr == nil && c.readErr == nil {
		c.because(Aborted)
	}
}
