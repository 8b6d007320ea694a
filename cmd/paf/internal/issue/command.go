package issue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/paf-go/paf/acme"
)

// A Command is one of `paf cert`. Its methods are the commands; one of them is called, once.
type Command struct {
	Options
	HTTP, TLS Place
	Listen    func(ctx context.Context, addr string) (net.Listener, error) // with an exit status in its errors
	Out       io.Writer                                                    // what was asked for
	Err       io.Writer                                                    // each step

	mu     sync.Mutex
	issued map[string]bool
}

// config returns the Config, with steps that are told.
func (c *Command) config(ctx context.Context) (acme.Config, io.Closer, error) {
	config, closer, err := c.Config(ctx)
	c.issued = map[string]bool{}
	config.OnStep = func(s acme.Step) {
		c.say("%s\n", c.Line(s))
		if s.Kind == acme.Issued {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.issued[s.Name] = true
		}
	}
	return config, closer, err
}

// Obtain gets certificates for names that have none, or none that is fresh, and prints where they are.
func (c *Command) Obtain(ctx context.Context, names []string) error {
	config, closer, err := c.config(ctx)
	if err != nil {
		return err
	}
	defer closer.Close()
	d, err := c.open(ctx, config)
	if err != nil {
		return err
	}
	defer d.close()
	err = d.manager.Manage(ctx, names...)
	return errors.Join(ended(ctx, err), c.where(ctx, config.Storage, names))
}

// Revoke revokes the certificates of names, and removes them and their keys from the storage.
func (c *Command) Revoke(ctx context.Context, names []string, reason int) error {
	config, closer, err := c.config(ctx)
	if err != nil {
		return err
	}
	defer closer.Close()
	m, err := acme.New(config)
	if err != nil {
		return Explain(err)
	}
	defer m.Close()
	all, unread := acme.List(ctx, config.Storage)
	var errs []error
	for _, name := range names {
		err := c.missing(all, name)
		if err == nil {
			err = m.Revoke(ctx, name, reason)
		} else if unread != nil { // it may be that one
			err = errors.Join(err, unread)
		}
		errs = append(errs, ended(ctx, err))
	}
	return errors.Join(errs...)
}

func (c *Command) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.Err, format, args...)
}
