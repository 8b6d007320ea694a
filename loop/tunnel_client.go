package loop

import (
	"context"
	"errors"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// This file is how a client gets a tunnel.

// ErrNoExtendedConnect: a request with an Upgrade was for a server of HTTP/2 that does not take it (RFC 8441, Section 3).
var ErrNoExtendedConnect = errors.New("paf: the server takes no extended CONNECT")

// asksTunnel reports whether a request asks for a tunnel on a multiplexed connection: its sending side is not ended before it is known whether there
// will be one.
func (r *Reply) asksTunnel() bool {
	return r.c.mux != nil && r.call.Body == nil && (r.call.Head.Upgrade != "" || r.call.Head.Method == semantics.MethodConnect)
}

// awaitLeave waits until the server has said what it takes, if the request is one for which that matters. RFC 8441, Section 3:
// it is "upon receipt of SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1" that a client may. c.mu is held, and released meanwhile.
func (r *Reply) awaitLeave() error {
	c := r.c
	if c.mux == nil || r.call.Head.Upgrade == "" {
		return nil
	}
	extender, can := c.client.(engine.Extender)
	for can {
		takes, known := extender.ExtendedConnect()
		switch {
		case takes:
			return nil
		case known:
			return ErrNoExtendedConnect
		case r.ctx.Err() != nil:
			return context.Cause(r.ctx)
		case c.gone || c.stopping || c.writeErr != nil || c.client.State() != engine.Open:
			return ErrNoCapacity
		}
		c.push()
		c.wait()
	}
	return ErrNoExtendedConnect
}

// judge finds out whether the final response, which has come, makes a tunnel. The connection's lock is held.
func (r *Reply) judge() {
	c := r.c
	switch {
	case c.mux == nil:
		r.tunnel = c.client.State() == engine.Switched
	case !r.asksTunnel():
	case semantics.Successful(r.Head.Status):
		r.tunnel = true
	default:
		_ = c.client.End(&c.out, r.content.stream, nil)
		r.sent = true
	}
}

// Tunnel returns the tunnel that the response has granted, once; from then on the context given to Do does not matter any more, nor do Read
// and Close. The connection has left its pool if it is HTTP/1's. Errors: ErrNoTunnel, ErrTaken, the cause of that context.
func (r *Reply) Tunnel() (*Tunnel, error) {
	c := r.c
	c.mu.Lock()
	switch {
	case !r.tunnel:
		c.mu.Unlock()
		return nil, ErrNoTunnel
	case r.taken:
		c.mu.Unlock()
		return nil, ErrTaken
	case r.over:
		c.mu.Unlock()
		return nil, errClosed
	}
	r.taken = true
	c.mu.Unlock()
	if !r.stop() {
		r.finish()
		return nil, context.Cause(r.ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.over = true
	base := context.WithoutCancel(r.ctx)
	if c.mux != nil {
		r.opened = c.newStreamTunnel(base, &streamFlow{b: &r.content, code: resetCode(r.call.Head), after: r.afterStream})
		return r.opened, nil
	}
	t := c.newTunnel(base, c.newTakenFlow(func() { c.discard(Taken) }))
	if gone := c.onGone; gone != nil && !c.gone {
		c.onGone = nil
		c.mu.Unlock()
		gone()
		c.mu.Lock()
	}
	return t, nil
}

// afterStream is called when a tunnel may have ended its stream. The connection's lock is held, and released meanwhile.
func (r *Reply) afterStream() {
	c := r.c
	c.notify()
	c.push()
	c.restShared()
}
