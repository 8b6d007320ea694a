package serve

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/flow"
)

// Sources are what is served: listeners, and connections that somebody else has accepted.
type sources struct {
	listeners []net.Listener
	conns     []net.Conn
}

// sources opens all that the options name, or nothing.
func (o *Options) sources(ctx context.Context, on *network) (*sources, error) {
	s := &sources{}
	if o.Stdio != nil {
		s.conns = []net.Conn{o.Stdio.conn()}
		return s, nil
	}
	var handed inherited
	defer handed.close()
	for _, addr := range o.Listen {
		var err error
		if name, is := strings.CutPrefix(addr, "systemd"); is && (name == "" || name[0] == ':') {
			err = handed.open(s, strings.TrimPrefix(name, ":"))
		} else {
			var ln net.Listener
			if ln, err = on.listen(ctx, addr); err == nil {
				s.listeners = append(s.listeners, ln)
			}
		}
		if err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *sources) close() {
	for _, ln := range s.listeners {
		ln.Close()
	}
	for _, c := range s.conns {
		c.Close()
	}
}

// wrap puts something around each listener and each connection.
func (s *sources) wrap(listener func(net.Listener) net.Listener, conn func(net.Conn) net.Conn) {
	for i, ln := range s.listeners {
		s.listeners[i] = listener(ln)
	}
	for i, c := range s.conns {
		s.conns[i] = conn(c)
	}
}

// serve serves all until they have ended. If one listener fails, the others are stopped. That a connection fails is told by
// the exit status if there was nothing else to serve.
func (s *sources) serve(ctx context.Context, server *paf.Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan error)
	for _, ln := range s.listeners {
		go func() {
			err := server.Serve(ctx, ln)
			if err != nil {
				cancel()
			}
			results <- err
		}()
	}
	for _, c := range s.conns {
		go func() {
			err := server.ServeFlow(ctx, flow.Conn(c))
			if err != nil && len(s.listeners) > 0 {
				server.Log.Info("a connection that was handed on broke off", "error", err)
				err = nil
			}
			results <- err
		}()
	}
	var failed error
	for range len(s.listeners) + len(s.conns) {
		failed = errors.Join(failed, <-results)
	}
	return failed
}

// Stdio is one connection, on two files, as standard input and output.
type Stdio struct{ In, Out *os.File }

func (s *Stdio) conn() net.Conn { return flow.NetConn(flow.Files(s.In, s.Out)) }

// NewStdio returns the connection of a program that was started for it, as inetd and ssh do, and whether its standard error is fit for
// messages: what comes of inetd is the connection itself.
func NewStdio(in, out, messages any) (s *Stdio, silent bool, err error) {
	s = &Stdio{}
	var is, too bool
	s.In, is = in.(*os.File)
	s.Out, too = out.(*os.File)
	if !is || !too {
		return nil, false, exit.Errorf(exit.Usage, "standard input and output are no files")
	}
	if listening(s.In) {
		return nil, false, exit.Errorf(exit.Usage, "standard input is a listening socket: use nowait / Accept=yes, or --listen systemd")
	}
	if f, is := messages.(*os.File); is {
		one, err := s.Out.Stat()
		two, fails := f.Stat()
		silent = err == nil && fails == nil && os.SameFile(one, two)
	}
	return s, silent, nil
}
