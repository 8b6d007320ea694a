// Package serve is what `paf serve` does: it listens, serves a directory or the
// demo application, says where and to whom, and stops gracefully.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/demo"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/files"
	"github.com/paf-go/paf/cmd/paf/internal/listen"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
)

// Options say what is served, and where.
type Options struct {
	Listen   []string      // addresses: "host:port" or "unix:PATH"
	Tap      *Tap          // a stack of our own; nil for the kernel's
	Dir      string        // "" for the demo application
	Index    bool          // list directories
	Dotfiles bool          // serve names that begin with a dot
	Quiet    bool          // no line a request
	TLS      *TLS          // nil for none
	Protocol paf.Protocol  // in clear: 0 for both; see paf.Server
	Grace    time.Duration // how long exchanges may go on after ctx has ended
	Out      io.Writer     // receives the addresses and the line a request
	Log      *slog.Logger  // receives what goes wrong
}

// Run serves until ctx ends and the exchanges in progress are finished, or until
// a listener fails.
func Run(ctx context.Context, o Options) error {
	handler, what, err := o.handler()
	if err != nil {
		return err
	}
	on, closeNet, err := o.network(ctx)
	if err != nil {
		return err
	}
	defer closeNet()
	listeners, err := on.listenAll(ctx, o.Listen)
	if err != nil {
		return err
	}
	lines := &accessLog{w: o.Out}
	server := &paf.Server{Handler: handler, ErrorHandler: reply.Fault, Log: o.Log, GracePeriod: o.Grace, Protocol: o.Protocol}
	if !o.Quiet {
		server.Handler = lines.around(handler)
		server.ErrorHandler = lines.aroundErrors(reply.Fault)
	}
	var addrs []net.Addr
	for _, ln := range listeners {
		addrs = append(addrs, on.reachable(ln.Addr())...)
	}
	scheme := "http"
	if o.TLS != nil {
		scheme = "https"
		config, said, err := o.TLS.config(addrs)
		if err != nil {
			closeAll(listeners)
			return err
		}
		for i, ln := range listeners {
			listeners[i] = tls.NewListener(ln, config)
		}
		lines.printf("TLS with a %s\n", said)
	}
	for _, addr := range addrs {
		lines.printf("Serving %s at %s\n", what, listen.URL(scheme, addr))
	}
	stop := context.AfterFunc(ctx, func() {
		if n := server.Stats().Active; n > 0 && !o.Quiet {
			lines.printf("Stopping: %d in progress\n", n)
		}
	})
	defer stop()
	return serveAll(ctx, server, listeners)
}

// handler returns what answers the requests, and what to call it.
func (o *Options) handler() (h paf.Handler, what string, err error) {
	if o.Dir == "" {
		return demo.New(), "the demo application", nil
	}
	info, err := os.Stat(o.Dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", o.Dir)
	}
	if err != nil {
		return nil, "", exit.Errorf(exit.Usage, "cannot serve it: %w", err)
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, "", exit.Errorf(exit.Failure, "cannot serve it: %w", err)
	}
	what, err = filepath.Abs(o.Dir)
	if err != nil {
		what = o.Dir
	}
	return files.New(root, files.Options{Index: o.Index, Dotfiles: o.Dotfiles}), what, nil
}

// serveAll serves all listeners until they have ended. If one fails, the others
// are stopped.
func serveAll(ctx context.Context, server *paf.Server, listeners []net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan error)
	for _, ln := range listeners {
		go func() { results <- server.Serve(ctx, ln) }()
	}
	var failed error
	for range listeners {
		if err := <-results; err != nil {
			failed = errors.Join(failed, err)
			cancel()
		}
	}
	return failed
}
