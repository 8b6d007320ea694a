package issue

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// None is the address of what is not listened on.
const None = "none"

// A Place is where a challenge is answered.
type Place struct {
	Address string // None for nowhere
	Chosen  bool   // by the user: it has to be listened on
}

// Listen opens a place; the listener is nil if it cannot be had, and why says so. The error is for places that somebody has chosen.
func (p Place) Listen(ctx context.Context, open func(context.Context, string) (net.Listener, error)) (ln net.Listener, why, err error) {
	if p.Address == None {
		return nil, nil, nil
	}
	ln, err = open(ctx, p.Address)
	if err == nil || p.Chosen && !errors.Is(err, syscall.EADDRINUSE) {
		return ln, nil, err
	}
	return nil, err, nil
}

// A desk answers challenges while a command runs.
type desk struct {
	manager *acme.Manager
	cancel  context.CancelFunc
	ended   []chan struct{}
}

// close ends the manager and the servers, and waits for them.
func (d *desk) close() {
	d.manager.Close()
	d.cancel()
	for _, end := range d.ended {
		<-end
	}
}

// open makes a manager, and listens for the CA. What is listened on by others already is left to them: `paf serve` with the same storage answers there.
func (c *Command) open(ctx context.Context, config acme.Config) (*desk, error) {
	listeners := map[acme.Challenge]net.Listener{}
	var whys []error
	for _, at := range []struct {
		challenge acme.Challenge
		place     Place
	}{{acme.TLSALPN01, c.TLS}, {acme.HTTP01, c.HTTP}} {
		if c.Hook != nil && !at.place.Chosen { // whoever has a program for dns-01 need not be reached
			continue
		}
		ln, why, err := at.place.Listen(ctx, c.Listen)
		switch {
		case err != nil:
			closeAll(listeners)
			return nil, err
		case errors.Is(why, syscall.EADDRINUSE):
			c.say("%s: %s is in use; whoever listens there has to answer, as \"paf serve\" with the same --storage does\n", at.challenge, at.place.Address)
			config.Challenges = append(config.Challenges, at.challenge)
		case why != nil:
			c.say("%s is not offered: %v\n", at.challenge, why)
			whys = append(whys, why)
		case ln != nil:
			listeners[at.challenge] = ln
			config.Challenges = append(config.Challenges, at.challenge)
		}
	}
	if len(config.Challenges) == 0 {
		if len(whys) == 0 {
			whys = append(whys, errors.New("no challenge is left"))
		}
		return nil, exit.Errorf(exit.Failure, "nothing would answer the CA: %w\nListen as a user who may, or elsewhere with --acme-http and --acme-tls, and forward the ports 80 and 443 there, or give --dns-hook",
			errors.Join(whys...))
	}
	return c.answer(ctx, config, listeners)
}

func closeAll(listeners map[acme.Challenge]net.Listener) {
	for _, ln := range listeners {
		_ = ln.Close()
	}
}

// answer starts the servers.
func (c *Command) answer(ctx context.Context, config acme.Config, listeners map[acme.Challenge]net.Listener) (*desk, error) {
	m, err := acme.New(config)
	if err != nil {
		closeAll(listeners)
		return nil, Explain(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	d := &desk{manager: m, cancel: cancel}
	for challenge, ln := range listeners {
		c.say("%s is answered at %v\n", challenge, ln.Addr())
		end := make(chan struct{})
		d.ended = append(d.ended, end)
		go func() {
			defer close(end)
			if err := m.Answer(ctx, challenge, ln); err != nil {
				c.say("%s is not answered any more: %v\n", challenge, err)
			}
		}()
	}
	return d, nil
}
