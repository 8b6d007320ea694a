package issue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/libdns/libdns"
	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
)

// A Hook is a program that writes the records of dns-01 and removes them. It is run as lego's provider "exec" runs one, so that programs for that do:
//
//	PROGRAM present _acme-challenge.example.org. VALUE    adds a TXT record, beside others of that name
//	PROGRAM cleanup _acme-challenge.example.org. VALUE    removes it
type Hook struct {
	Program   string
	Resolvers []string      // the servers that must have a record before the CA is told to look; none: those of the zone
	Wait      time.Duration // how long to wait for that; negative: not at all
}

const (
	hookTimeout = 5 * time.Minute  // for one run: it may wait for a provider to be done
	hookGrace   = 2 * time.Second  // from being asked to end until it is killed
	hookLate    = 30 * time.Second // for taking away what one that was broken off may have added
	hookOutput  = 4 << 10          // bytes that are kept of what it prints
)

// What a program is told to do.
const (
	present = "present"
	cleanup = "cleanup"
)

// config returns what package acme takes.
func (h *Hook) config(log *slog.Logger) (*acme.DNS, error) {
	path, err := exec.LookPath(h.Program)
	if _, here := os.Stat(h.Program); errors.Is(err, exec.ErrNotFound) && here == nil {
		return nil, exit.Errorf(exit.Read, "--dns-hook: %w; that of this folder is ./%s", err, h.Program)
	}
	if err != nil {
		return nil, exit.Errorf(exit.Read, "--dns-hook: %w", err)
	}
	d := &acme.DNS{Provider: &provider{path: path, log: log, turn: make(chan struct{}, 1)}, Zone: ".", Timeout: h.Wait}
	for _, r := range h.Resolvers {
		if _, _, err := net.SplitHostPort(r); err != nil {
			r = net.JoinHostPort(strings.Trim(r, "[]"), "53")
		}
		d.Resolvers = append(d.Resolvers, r)
	}
	return d, nil
}

// A provider runs the program, once at a time: what edits the file of a zone is not made for more.
type provider struct {
	path string
	log  *slog.Logger
	turn chan struct{}
}

var _ acme.DNSProvider = (*provider)(nil)

// AppendRecords implements acme.DNSProvider.
func (p *provider) AppendRecords(ctx context.Context, _ string, rs []libdns.Record) ([]libdns.Record, error) {
	return p.each(ctx, present, rs)
}

// DeleteRecords implements acme.DNSProvider.
func (p *provider) DeleteRecords(ctx context.Context, _ string, rs []libdns.Record) ([]libdns.Record, error) {
	return p.each(ctx, cleanup, rs)
}

func (p *provider) each(ctx context.Context, what string, rs []libdns.Record) (done []libdns.Record, err error) {
	for _, r := range rs {
		rr := r.RR()
		if err := p.run(ctx, what, strings.TrimSuffix(rr.Name, ".")+".", rr.Data); err != nil { // the zone is the root's, so the name is whole
			return done, err
		}
		done = append(done, r)
	}
	return done, nil
}

func (p *provider) run(ctx context.Context, what, name, value string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, hookTimeout, fmt.Errorf("it has not ended within %v", hookTimeout))
	defer cancel()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := p.start(ctx, what, name, value)
	if err != nil && ctx.Err() != nil && what == present {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), hookLate)
		defer cancel()
		_ = p.start(late, cleanup, name, value) // it has been logged
	}
	return err
}

func (p *provider) start(ctx context.Context, args ...string) error {
	var said tail
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PAF_") }) // a password and a key are none of its business
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return cmd.Process.Kill() // where there are no signals
		}
		return nil
	}
	cmd.WaitDelay = hookGrace
	err := cmd.Run()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if errors.Is(err, exec.ErrWaitDelay) { // it is done, and something that it has left running holds its output
		err = nil
	}
	p.log.Debug("the program of --dns-hook was run", "program", p.path, "args", args, "said", said.String(), "err", err)
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended): // not to be wrapped: it has an exit status that would be taken for this program's
		return exit.Errorf(exit.Challenge, "%s %s: %v: %s", p.path, strings.Join(args[:2], " "), err, said.last())
	case err != nil:
		return exit.Errorf(exit.Challenge, "%s %s: %w: %s", p.path, strings.Join(args[:2], " "), err, said.last())
	}
	return nil
}

// A tail keeps the end of what is written.
type tail struct{ kept []byte }

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b[max(0, len(b)-hookOutput):]...)
	t.kept = t.kept[max(0, len(t.kept)-hookOutput):]
	return len(b), nil
}

// String returns what is kept, as it can be shown.
func (t *tail) String() string { return terminal.Visible(strings.ToValidUTF8(string(t.kept), "")) }

// last returns the last line, in which programs say why they have failed.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(t.String()), "\n")
	if line := strings.TrimSpace(lines[len(lines)-1]); line != "" {
		return line
	}
	return "it has printed nothing"
}
