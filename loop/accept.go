package loop

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
)

// A Service is what the connections of a listener are for.
type Service interface {
	Handler

	// Open does what a flow needs before its first byte, as a handshake, and returns its engine.
	Open(ctx context.Context, f flow.Flow) (engine.Server, error)

	// Reopen wakes the engine of a flow that Open has accepted and on which nothing has happened since.
	Reopen(r engine.Rested, since engine.Instant) engine.Server

	// Ended is told how each connection has ended: nil for in peace.
	Ended(err error)
}

// Serve accepts connections and serves each on a goroutine of its own, but for the time in which nothing happens
// (see park.go). It stops accepting when ctx ends or the group is stopped: then connections finish the exchange they have in progress,
// for no longer than the grace period if it is for ctx, and Serve
// returns nil when its last one is gone. Otherwise it returns the error
// that ended accepting, at once. The listener is closed in either case. Errors
// that pass, such as a lack of descriptors, are waited out.
func (g *Group) Serve(ctx context.Context, ln net.Listener, s Service) error {
	g.mu.Lock()
	if g.stopping {
		g.mu.Unlock()
		_ = ln.Close()
		return ErrStopped
	}
	base, given := context.WithoutCancel(ctx), ln
	ln = &listener{Listener: ln}
	g.listeners[ln] = struct{}{}
	g.mu.Unlock()
	if g.config.BaseContext != nil {
		base = g.config.BaseContext(base, given)
	}
	a := &acceptor{group: g, ctx: ctx, base: base, ln: ln, service: s}
	release := context.AfterFunc(ctx, a.stop)
	err := a.accept()

	_ = ln.Close()
	g.mu.Lock()
	delete(g.listeners, ln)
	if !a.stopped() {
		g.mu.Unlock()
		release()
		return err
	}
	for a.open > 0 {
		g.changed.Wait()
	}
	a.returned = true
	if a.grace != nil {
		a.grace.Stop()
	}
	g.mu.Unlock()
	release()
	return nil
}

// A listener is closed once. Unlike what it holds it is fit to be a key.
type listener struct {
	net.Listener
	once sync.Once
	err  error
}

func (l *listener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// Handshake runs a flow's handshake, no longer than limit (0: for ever), and not when ctx ends or the group is
// stopped: a connection that has not begun is not waited for.
func (g *Group) Handshake(ctx context.Context, h flow.Handshaker, limit time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.stopped, cancel)()
	if limit > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, limit)
		defer end()
	}
	return h.HandshakeContext(ctx)
}

// An acceptor is the loop of one listener; the group's lock guards what changes.
type acceptor struct {
	group   *Group
	ctx     context.Context
	base    context.Context // of its connections
	ln      net.Listener
	service Service

	open     int         // connections that this listener has given
	grace    *time.Timer // set when ctx has ended
	over     bool        // and the grace period too
	returned bool        // Serve has
}

// stopped reports whether there is a reason not to accept; group.mu is held.
func (a *acceptor) stopped() bool { return a.group.stopping || a.ctx.Err() != nil }

func (a *acceptor) accept() error {
	var pause time.Duration
	for a.room() {
		nc, err := a.ln.Accept()
		if err == nil {
			pause = 0
			a.spawn(nc)
			continue
		}
		if errors.Is(err, net.ErrClosed) || !passes(err) {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		a.group.config.Log.Warn("accept failed; trying again", "component", "paf-server", "error", err, "in", pause)
		a.sleep(pause)
	}
	return nil
}

// stop ends what the listener has begun, when its context has ended.
func (a *acceptor) stop() {
	_ = a.ln.Close()
	g := a.group
	for _, c := range g.of(a) {
		c.stop()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.config.GracePeriod >= 0 && !a.returned {
		a.grace = time.AfterFunc(g.config.GracePeriod, a.cut)
	}
	g.changed.Broadcast()
}

// cut ends what has not ended within the grace period.
func (a *acceptor) cut() {
	g := a.group
	g.mu.Lock()
	a.over = true
	g.mu.Unlock()
	for _, c := range g.of(a) {
		g.spawn(func() { c.cut(Stopped) })
	}
}

// spawn serves a connection on a goroutine of its own.
func (a *acceptor) spawn(nc net.Conn) {
	g := a.group
	g.mu.Lock()
	a.open++
	g.accepted++
	if g.accepted-len(g.lot.fds) == crowd {
		g.wakeSweeper()
	}
	g.mu.Unlock()
	f := flow.Conn(nc)
	g.tell(f, ConnNew)
	g.spawn(func() { a.run(nc, f) })
}

// run is the life of an accepted connection, to its end or until it is parked.
func (a *acceptor) run(nc net.Conn, f flow.Flow) {
	base := a.group.baseOf(a.base, f)
	eng, err := a.service.Open(a.ctx, f)
	if err == nil {
		c := a.group.newServerConn(base, f, eng, a.service)
		c.from, c.accepted = a, nc
		if a.group.add(c) {
			if a.ctx.Err() != nil {
				c.stop() // stop did not see it
			}
			_ = c.serve()
			return
		}
	}
	_ = f.Close()
	a.group.tell(f, ConnClosed)
	a.gone()
}

// ended tells how a connection has ended.
func (a *acceptor) ended(err error) {
	a.service.Ended(err)
	a.gone()
}

// gone counts a connection that is over.
func (a *acceptor) gone() {
	g := a.group
	g.mu.Lock()
	defer g.mu.Unlock()
	a.open--
	g.accepted--
	g.changed.Broadcast()
}

// passes reports whether an error of Accept may go away by itself: the peer left before
// it was accepted, or there is no descriptor or memory for it now.
func passes(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// room waits until another connection may be accepted; false when none may any more.
func (a *acceptor) room() bool {
	g := a.group
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.config.MaxConns > 0 && g.accepted >= g.config.MaxConns && !a.stopped() {
		g.changed.Wait()
	}
	return !a.stopped()
}

// sleep waits, or returns as soon as there is nothing more to wait for.
func (a *acceptor) sleep(d time.Duration) {
	g := a.group
	end := time.Now().Add(d) // before the timer's, which wakes once
	t := time.AfterFunc(d, func() {
		g.mu.Lock()
		g.changed.Broadcast()
		g.mu.Unlock()
	})
	defer t.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for !a.stopped() && time.Now().Before(end) {
		g.changed.Wait()
	}
}
