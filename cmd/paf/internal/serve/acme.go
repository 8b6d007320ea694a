package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/issue"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
)

// ACME says for which names certificates are got of a CA.
type ACME struct {
	issue.Options
	Names []string
	HTTP  issue.Place // where http-01 is answered, and all else is redirected to https
}

// Certificates are those that a CA issues, and what goes with them.
type certificates struct {
	*ACME
	manager *acme.Manager
	tickets *acme.Tickets
	storage acme.Storage
	closer  io.Closer
	clear   net.Listener // nil for none
	lines   *accessLog

	began  sync.WaitGroup
	failed error // why nothing can come of it, once began is done
}

// certificates makes ready what gets certificates. No CA is asked yet.
func (o *Options) certificates(ctx context.Context, on *network, lines *accessLog) (_ *certificates, err error) {
	c := &certificates{ACME: o.ACME, lines: lines}
	said := o.ACME.Options
	said.Log = issue.Warnings(o.Log)
	config, closer, err := said.Config(ctx)
	if err != nil {
		return nil, err
	}
	c.storage, c.closer = config.Storage, closer
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err = keptApart(config.Storage, o.Dir); err != nil {
		return nil, err
	}
	if on.stack != nil {
		config.Context = on.stack.Context(paf.Host, paf.Port)
	}
	config.OnStep = func(s acme.Step) { lines.printf("%s\n", c.Line(s)) }
	config.Challenges = append(config.Challenges, acme.TLSALPN01)
	ln, why, err := o.ACME.HTTP.Listen(ctx, on.listen)
	switch {
	case err != nil:
		return nil, err
	case ln != nil:
		config.Challenges = append(config.Challenges, acme.HTTP01)
		c.clear = ln
	case why != nil:
		lines.printf("http-01 is not offered: %s\n", terminal.Visible(why.Error()))
	}
	if c.manager, err = acme.New(config); err != nil {
		return nil, issue.Explain(err)
	}
	if c.tickets, err = acme.NewTickets(ctx, acme.TicketConfig{Storage: config.Storage, Log: said.Log}); err != nil {
		return nil, exit.Errorf(exit.Failure, "cannot use the storage: %w", err)
	}
	return c, nil
}

// config returns what to serve with.
func (c *certificates) config(offers []string) *tls.Config {
	config := c.manager.TLSConfig()
	config.NextProtos = offers
	c.tickets.Apply(config)
	return config
}

// start gets the certificates, while the server that answers the CA runs. What fails is tried again, but for terms that nobody has agreed to: then end is called.
func (c *certificates) start(ctx context.Context, end func()) {
	c.began.Go(func() {
		err := c.manager.Manage(ctx, c.Names...)
		if errors.Is(err, acme.ErrTerms) {
			c.failed = issue.Explain(err)
			end()
		}
		c.announce(ctx)
	})
}

// announce says which certificates there are.
func (c *certificates) announce(ctx context.Context) {
	all, _ := acme.List(ctx, c.storage) // what cannot be read has been told by the manager
	for _, name := range c.Names {
		if h, is := c.Newest(all, name); is {
			c.lines.printf("%s has a certificate of %s, valid until %s\n", name, terminal.Visible(h.CA), h.Until.UTC().Format("2006-01-02 15:04Z"))
		}
	}
}

// redirecting returns what serves in clear.
func (c *certificates) redirecting() paf.Handler { return c.manager.HTTPHandler(nil) }

// close ends all, and returns why nothing could come of it.
func (c *certificates) close() error {
	if c.manager != nil {
		c.manager.Close()
	}
	c.began.Wait()
	if c.tickets != nil {
		_ = c.tickets.Close()
	}
	if c.clear != nil {
		_ = c.clear.Close()
	}
	_ = c.closer.Close()
	return c.failed
}
