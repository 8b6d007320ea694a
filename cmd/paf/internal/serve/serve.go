// Package serve is what `paf serve` does: it listens, serves a directory or the
// demo application, says where and to whom, and stops gracefully.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/demo"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/files"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
)

// Options say what is served, and where.
type Options struct {
	Listen      []string      // addresses: "host:port", "unix:PATH", "unix:@NAME", "vsock:PORT", "systemd" or "systemd:NAME"
	Stdio       *Stdio        // one connection in place of Listen; nil for none
	UnixMode    fs.FileMode   // of the files of Unix sockets; 0 for what the umask leaves
	ProxyHeader *ProxyHeader  // headers of the PROXY protocol; nil for none
	Tap         *Tap          // a stack of our own; nil for the kernel's
	Dir         string        // "" for the demo application
	Index       bool          // list directories
	Dotfiles    bool          // serve names that begin with a dot
	Quiet       bool          // no line a request
	TLS         *TLS          // nil for none
	Protocol    paf.Protocol  // in clear: 0 for both; see paf.Server
	Grace       time.Duration // how long exchanges may go on after ctx has ended
	Out         io.Writer     // receives the addresses and the line a request
	Log         *slog.Logger  // receives what goes wrong
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
	on.unixMode = o.UnixMode
	from, err := o.sources(ctx, on)
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
	for _, ln := range from.listeners {
		addrs = append(addrs, on.reachable(ln.Addr())...)
	}
	if o.ProxyHeader != nil {
		from.wrap(o.ProxyHeader.listener, o.ProxyHeader.conn)
	}
	scheme := "http"
	if o.TLS != nil {
		scheme = "https"
		config, said, err := o.TLS.config(addrs)
		if err != nil {
			from.close()
			return err
		}
		from.wrap(func(ln net.Listener) net.Listener { return tls.NewListener(ln, config) },
			func(c net.Conn) net.Conn { return tls.Server(c, config) })
		lines.printf("TLS with a %s\n", said)
	}
	for _, addr := range addrs {
		lines.printf("Serving %s at %s\n", what, URL(scheme, addr))
	}
	if len(from.listeners) > 0 { // else the one refusal is the error
		var finish func()
		server.Log, finish = withRefusals(o.Log)
		defer finish()
	}
	o.notify(daemon.SdNotifyReady)
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		o.notify(daemon.SdNotifyStopping)
		if n := server.Stats().Active; n > 0 && !o.Quiet {
			lines.printf("Stopping: %d in progress\n", n)
		}
	})
	defer func() {
		if !stop() {
			<-told // before the program ends
		}
	}()
	return from.serve(ctx, server)
}

// notify tells the manager of services, if there is one that wants to know (sd_notify(3)).
func (o *Options) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		o.Log.Warn("the manager of services cannot be told", "state", state, "error", err)
	}
}

// handler returns what answers the requests, and what to call it.
func (o *Options) handler() (h paf.Handler, what string, err error) {
	if o.Dir == "" {
		return demo.New(), "the demo application", nil
	}
	info, err := os.Stat(o.Dir)
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, "", exit.Errorf(exit.Usage, "cannot serve %s: %w", o.Dir, bare(err))
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, "", exit.Errorf(exit.Failure, "cannot serve %s: %w", o.Dir, bare(err))
	}
	what, err = filepath.Abs(o.Dir)
	if err != nil {
		what = o.Dir
	}
	return files.New(root, files.Options{Index: o.Index, Dotfiles: o.Dotfiles}), what, nil
}

// bare returns why the system has failed, without the names of what it was asked and of what for.
func bare(err error) error {
	if why := syscall.Errno(0); errors.As(err, &why) {
		return why
	}
	return err
}
