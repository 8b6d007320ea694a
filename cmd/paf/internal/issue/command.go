package issue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
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
		c.say("%s\n", Line(s))
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
	return c.with(ctx, func(d *desk, config *acme.Config) error {
		err := d.manager.Manage(ctx, names...)
		return errors.Join(ended(ctx, err), c.where(ctx, config.Storage, names))
	})
}

// Renew gets new certificates for names that have one, or those that are due of all if none is named.
func (c *Command) Renew(ctx context.Context, names []string) error {
	return c.with(ctx, func(d *desk, config *acme.Config) error {
		if len(names) == 0 {
			return c.renewDue(ctx, d, config)
		}
		var errs []error
		for _, name := range names {
			err := missing(ctx, config.Storage, name, c.URL()) // else package acme would get one
			if err == nil {
				err = d.manager.Renew(ctx, name)
			}
			errs = append(errs, ended(ctx, err))
		}
		return errors.Join(append(errs, c.where(ctx, config.Storage, names))...)
	})
}

// renewDue has package acme decide, by what the CA suggests (ARI, RFC 9773) or by the time that is left. A certificate that cannot be read, or a name that
// cannot be proved, does not keep the others from theirs.
func (c *Command) renewDue(ctx context.Context, d *desk, config *acme.Config) error {
	all, unread := acme.List(ctx, config.Storage)
	var names []string
	for _, h := range all {
		if h.IsOf(c.URL()) {
			names = append(names, h.Names...)
		}
	}
	if len(names) == 0 {
		c.say("There is no certificate of the CA %s in the storage.\n", c.URL())
		return ended(ctx, unread)
	}
	err := each(names, func(name string) error { return d.manager.Manage(ctx, name) })
	c.mu.Lock()
	renewed := len(c.issued)
	c.mu.Unlock()
	c.say("%d of %d certificates were renewed.\n", renewed, len(names))
	return errors.Join(ended(ctx, err), c.where(ctx, config.Storage, names)) // where tells of what cannot be read
}

// each does something for each name, for several at a time, and for all of them whatever fails.
func each(names []string, do func(name string) error) error {
	const most = 8
	errs := make([]error, len(names))
	places := make(chan struct{}, most)
	var all sync.WaitGroup
	for n, name := range names {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			errs[n] = do(name)
		})
	}
	all.Wait()
	return errors.Join(errs...)
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
	var errs []error
	for _, name := range names {
		err := missing(ctx, config.Storage, name, c.URL())
		if err == nil {
			err = m.Revoke(ctx, name, reason)
		}
		errs = append(errs, ended(ctx, err))
	}
	return errors.Join(errs...)
}

// List prints what is in the storage.
func (c *Command) List(ctx context.Context) error {
	storage, closer, err := OpenStorage(ctx, c.Storage)
	if err != nil {
		return err
	}
	defer closer.Close()
	all, err := acme.List(ctx, storage)
	w := tabwriter.NewWriter(c.Out, 0, 8, 2, ' ', 0)
	if len(all) > 0 {
		fmt.Fprintln(w, "NAME\tUNTIL\tLEFT\tCA\tSERIAL")
	}
	for _, h := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", cell(strings.Join(h.Names, ",")), h.Until.UTC().Format("2006-01-02 15:04Z"), left(h.Until), cell(h.CA), h.Serial)
	}
	if failed := w.Flush(); failed != nil {
		err = errors.Join(err, exit.Errorf(exit.Write, "the output failed: %w", failed))
	}
	return ended(ctx, err)
}

// cell returns what comes from a certificate or the storage as it can be shown in a table: in one line, and without a tab.
func cell(s string) string { return cells.Replace(terminal.Visible(s)) }

var cells = strings.NewReplacer("\t", `\x09`, "\n", `\x0a`)

func left(until time.Time) string {
	switch d := time.Until(until); {
	case d < 0:
		return "expired"
	case d < 48*time.Hour:
		return d.Round(time.Minute).String()
	default:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
}

// with does something while challenges are answered.
func (c *Command) with(ctx context.Context, do func(*desk, *acme.Config) error) error {
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
	return do(d, &config)
}

// where prints where the certificates of names are, of those that have one.
func (c *Command) where(ctx context.Context, storage acme.Storage, names []string) error {
	all, err := acme.List(ctx, storage)
	files, are := storage.(interface{ Filename(key string) string })
	for _, name := range names {
		for _, h := range all {
			if len(h.Names) == 0 || !strings.EqualFold(h.Names[0], name) || !h.IsOf(c.URL()) {
				continue
			}
			if are {
				h.Chain, h.Key = files.Filename(h.Chain), files.Filename(h.Key)
			}
			fmt.Fprintf(c.Out, "%s until %s\n  certificate %s\n  key         %s\n", cell(name), h.Until.UTC().Format("2006-01-02 15:04Z"), cell(h.Chain), cell(h.Key))
		}
	}
	return ended(ctx, err)
}
