package paf

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
)

// A Server answers requests on any number of listeners and flows. Its zero value
// with a Handler is ready; its fields must not be changed once it has served. Its
// methods are safe for concurrent use.
//
// A duration or a size of zero means the default, a negative one no limit.
type Server struct {
	// Handler answers requests. Without one every request is answered 404. It may be a [Borrower].
	Handler Handler

	// ErrorHandler answers what the Handler does not get to see. The default
	// answers with the status in words.
	ErrorHandler ErrorHandler

	// Protocol is the version that the server speaks where nothing was negotiated. The zero value tells HTTP/2 from
	// HTTP/1 by a client's first bytes (prior knowledge: RFC 9113, Section 3.3) on a flow without a handshake,
	// and is HTTP/1 on one with. HTTP11 is HTTP/1 alone, HTTP2 is that alone.
	Protocol Protocol

	// NoPriorKnowledge leaves HTTP/2 to flows that have negotiated it, where Protocol is zero.
	NoPriorKnowledge bool

	// UpgradeH2C lets a client upgrade a connection from HTTP/1.1 in clear to HTTP/2 (RFC 7540, Section 3.2, which RFC 9113
	// no longer has). Prior knowledge needs no leave.
	UpgradeH2C bool

	// ExtendedConnect lets clients of HTTP/2 ask for another protocol, as "websocket", which HTTP/1.1 has Upgrade for (RFC 8441): the Handler gets
	// requests whose Method is CONNECT and whose [Request.Upgrade] says for what, and whose Path and Query are those of any other. Without it they are
	// refused, for a handler that has never heard of them might take them for what they are not.
	ExtendedConnect bool

	// TrustScheme takes a client's word for what it asks for: "https" in clear, as a gateway sends it that has ended TLS itself,
	// or what is no origin server's. Without it such a request is answered 421 (RFC 9110, Section 7.4): a Request.Scheme of
	// "https" then says that the connection is secured.
	TrustScheme bool

	// Log receives panics, failures of Accept and misuse of a ResponseWriter;
	// what peers do wrong comes at level Debug. Default slog.Default().
	Log *slog.Logger

	// TLSConfig is the configuration of ListenAndServeTLS and ServeTLS, which make a copy of it. If it has certificates,
	// ListenAndServe, which serves in clear, fails, and Serve warns if its listener is one of TCP.
	TLSConfig *tls.Config

	// Limits bounds what a peer may send and how long it may take: see
	// [engine.Limits] for each limit and its default.
	Limits engine.Limits

	// WriteTimeout bounds a single write to a flow of at most 128 KiB (1 MiB
	// by sendfile). Default 60 s. A peer that does not read is cut off.
	WriteTimeout time.Duration

	// LingerTimeout bounds how long input is still read, and discarded, after
	// the last response of a connection, so that the peer gets to read it
	// (RFC 9112, Section 9.6). Default 2 s.
	LingerTimeout time.Duration

	// DrainBytes and DrainTimeout bound how much of a request's content that
	// the handler has left unread is discarded in order to keep the
	// connection. Default 256 KiB and 5 s.
	DrainBytes   int64
	DrainTimeout time.Duration

	// GracePeriod bounds how long an exchange, or a tunnel, may go on after the context given to
	// Serve or ServeFlow has ended. Default 30 s.
	GracePeriod time.Duration

	// KeepHalfClosed: a client that ends its sending side while its request is handled does
	// not cancel Request.Context. By default it does, for a client that has gone looks
	// just the same. The response is sent in either case.
	KeepHalfClosed bool

	// ParkAfter is how long a connection that a listener has given, and on which nothing happens, keeps a goroutine and a
	// buffer; where many are waiting it is shorter. Then it costs its descriptor, little else, and some microseconds
	// when something comes. Default 1 s. It needs a descriptor that can be watched: TCP's, a Unix socket's, or TLS's over one of
	// these, on Linux, macOS or a BSD.
	ParkAfter time.Duration

	// BaseContext, if it is not nil, is called by Serve for its listener. What it returns, which it makes of the context that was given to
	// Serve or of any other, is what the contexts of the requests are made of: they have its values, and end when it ends. Without it
	// they have the values of Serve's, which does not end them: what is in flight may finish.
	BaseContext func(ctx context.Context, ln net.Listener) context.Context

	// ConnContext, if it is not nil, is called for each connection before its handshake. The contexts of its requests have the values
	// of what it returns, which it makes of the context that was given to Serve or ServeFlow.
	ConnContext func(ctx context.Context, f flow.Flow) context.Context

	// ConnState, if it is not nil, is told what becomes of each connection, and holds it up until it returns. f is for facts, or
	// to be closed. A panic is logged, and costs the connection.
	ConnState func(f flow.Flow, s ConnState)

	// MaxConns bounds the connections served at a time on listeners; more wait to
	// be accepted. Default no limit.
	MaxConns int

	once    sync.Once
	group   *loop.Group
	borrows bool // Handler is a Borrower
}

// Serve accepts connections on ln and serves each on a goroutine of its own. On a listener of TLS, such as
// tls.NewListener's (see [Server.ServeTLS]), the handshake is done there too, and what was negotiated decides the version: a configuration
// whose NextProtos are "h2" and "http/1.1" gets HTTP/2 from those who know it, one without NextProtos HTTP/1.1. When
// ctx ends, or Shutdown is called, it stops accepting, lets what is in flight finish
// (for ctx: within GracePeriod) and returns nil when its last connection is gone.
// If accepting fails otherwise it returns that error; ln is closed in
// either case. After Shutdown it returns ErrStopped.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if ctx == nil || ln == nil {
		panic("paf: Server.Serve is given a nil context or a nil listener")
	}
	if _, clear := ln.(*net.TCPListener); clear && certified(s.TLSConfig) {
		s.log().Warn("paf: the Server has certificates, and this listener is served in clear: see ServeTLS", "component", "paf-server", "at", ln.Addr())
	}
	return s.loop().Serve(ctx, ln, serving{s})
}

// ServeFlow serves one flow, which may be anything that reads and writes bytes,
// and returns when the connection is over and f is closed: nil if it ended in
// peace, an [*engine.Error] if the peer broke the protocol or ran into a
// time-out, an error that is ErrPeerGone if the flow failed. When ctx ends, the exchange in
// progress may finish within GracePeriod. It waits for a tunnel, too; if a handler hijacks the flow it
// returns with the handler, and f stays open.
func (s *Server) ServeFlow(ctx context.Context, f flow.Flow) error {
	if ctx == nil || f == nil {
		panic("paf: Server.ServeFlow is given a nil context or a nil flow")
	}
	eng, err := serving{s}.Open(ctx, f)
	if err != nil {
		_ = f.Close()
		return err
	}
	err = s.loop().ServeFlow(ctx, f, eng, serving{s})
	serving{s}.Ended(err)
	return err
}

// ListenAndServe listens on an address as Listen has it and calls Serve. It fails if TLSConfig has certificates: ListenAndServeTLS secures what
// it serves.
func (s *Server) ListenAndServe(ctx context.Context, addr string) error {
	if certified(s.TLSConfig) {
		return errClear
	}
	ln, err := Listen(ctx, addr)
	if err != nil {
		return err
	}
	return s.Serve(ctx, ln)
}

var errClear = errors.New("paf: the Server has certificates, and ListenAndServe serves in clear: call ListenAndServeTLS, or Serve with a listener")

// Shutdown stops the server: listeners are closed, and idle connections; the others
// finish their exchange, and tunnels are told (see [Tunnel.Context]). It returns nil when the last one is gone. If ctx ends
// first, the rest is cut off and the context's cause returned. It may be called
// at any time and more than once; serving after it fails with ErrStopped.
func (s *Server) Shutdown(ctx context.Context) error {
	if ctx == nil {
		panic("paf: Server.Shutdown is given a nil context")
	}
	return s.loop().Shutdown(ctx)
}

// Stats returns a snapshot of the server's counters.
func (s *Server) Stats() Stats { return s.loop().Stats() }

// Stats counts connections and exchanges: Opened, Closed by reason, Active, Idle, Exchanges and more; see [loop.Stats].
type Stats = loop.Stats

// A ConnState is what a connection is doing; see [Server].
type ConnState = loop.ConnState

// What becomes of a connection; see [loop.ConnState].
const (
	ConnNew    = loop.ConnNew
	ConnActive = loop.ConnActive
	ConnIdle   = loop.ConnIdle
	ConnTaken  = loop.ConnTaken
	ConnClosed = loop.ConnClosed
)

func (s *Server) loop() *loop.Group {
	s.once.Do(func() {
		_, s.borrows = s.Handler.(Borrower)
		s.group = loop.NewGroup(loop.Config{
			WriteTimeout:   s.WriteTimeout,
			LingerTimeout:  s.LingerTimeout,
			DrainBytes:     s.DrainBytes,
			DrainTimeout:   s.DrainTimeout,
			GracePeriod:    s.GracePeriod,
			KeepHalfClosed: s.KeepHalfClosed,
			BaseContext:    s.BaseContext,
			ConnContext:    s.ConnContext,
			ConnState:      s.ConnState,
			MaxConns:       s.MaxConns,
			ParkAfter:      s.ParkAfter,
			Shortest:       s.Limits.Shortest(),
			Log:            s.log(),
		})
	})
	return s.group
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}

func (s *Server) handler() Handler {
	if s.Handler == nil {
		return HandlerFunc(notFound)
	}
	return s.Handler
}

func notFound(w *ResponseWriter, _ *Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(404)
	_, _ = w.WriteString("Not found.\n")
}

// Listen listens on a TCP address, as "127.0.0.1:8080", or on a Unix socket, as
// "unix:/run/my.sock", or "unix:@my" for one without a file (Linux). A socket file that exists is an error; removing a stale one is
// the caller's decision. The file goes when the listener is closed. In a program of WebAssembly, which has no
// sockets, only the program itself reaches what listens.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	if ctx == nil {
		panic("paf: Listen is given a nil context")
	}
	if addr == "" || addr == "unix:" {
		return nil, fmt.Errorf("%w: no address was given: it has the form host:port or unix:path", ErrListen)
	}
	network := "tcp"
	if path, ok := unixPath(addr); ok {
		network, addr = "unix", path
	}
	ln, err := new(net.ListenConfig).Listen(ctx, network, addr)
	switch {
	case err == nil:
		return ln, nil
	case network == "tcp" && strings.ContainsAny(addr, "/@"): // of which no host has one
		return nil, fmt.Errorf("%w: %w (a Unix socket's address is %q)", ErrListen, err, "unix:"+addr)
	}
	return nil, fmt.Errorf("%w: %w", ErrListen, err)
}
