package loop

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/paf-go/paf/flow"
)

// Serve accepts connections and hands each, on a goroutine of its own, to
// serve, which must close the flow in the end and should keep to ctx, as
// ServeFlow does. It stops accepting when ctx ends or the group is stopped, and
// returns nil when its last connection is gone. Otherwise it returns the error
// that ended accepting, at once. The listener is closed in either case. Errors
// that pass, such as a lack of descriptors, are waited out.
func (g *Group) Serve(ctx context.Context, ln net.Listener, serve func(flow.Flow)) error {
	g.mu.Lock()
	if g.stopping {
		g.mu.Unlock()
		_ = ln.Close()
		return ErrStopped
	}
	g.listeners[ln] = struct{}{}
	g.mu.Unlock()
	release := context.AfterFunc(ctx, func() {
		_ = ln.Close()
		g.mu.Lock()
		g.changed.Broadcast()
		g.mu.Unlock()
	})
	a := acceptor{group: g, ctx: ctx, ln: ln, serve: serve}
	err := a.accept()

	release()
	_ = ln.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.listeners, ln)
	if !a.stopped() {
		return err
	}
	for a.open > 0 {
		g.changed.Wait()
	}
	return nil
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

// An acceptor is the loop of one listener; the group's lock guards it.
type acceptor struct {
	group *Group
	ctx   context.Context
	ln    net.Listener
	serve func(flow.Flow)
	open  int // connections that this listener has given
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

// spawn serves a connection on a goroutine of its own.
func (a *acceptor) spawn(nc net.Conn) {
	g := a.group
	g.mu.Lock()
	a.open++
	g.accepted++
	g.mu.Unlock()
	g.spawn(func() {
		defer func() {
			g.mu.Lock()
			a.open--
			g.accepted--
			g.changed.Broadcast()
			g.mu.Unlock()
		}()
		a.serve(flow.Conn(nc))
	})
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
	t := time.AfterFunc(d, func() {
		g.mu.Lock()
		g.changed.Broadcast()
		g.mu.Unlock()
	})
	defer t.Stop()
	end := time.Now().Add(d)
	g.mu.Lock()
	defer g.mu.Unlock()
	for !a.stopped() && time.Now().Before(end) {
		g.changed.Wait()
	}
}
