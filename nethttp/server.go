package nethttp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// Server returns a server of paf that does with a listener what s would do: it takes over Handler, ReadTimeout, ReadHeaderTimeout, WriteTimeout,
// IdleTimeout, MaxHeaderBytes, ErrorLog, TLSConfig (for [paf.Server.ListenAndServeTLS]), TLSNextProto as far as it forbids HTTP/2, BaseContext, ConnContext, ConnState, Protocols, HTTP2.MaxConcurrentStreams and
// DisableGeneralOptionsHandler. http.ServerContextKey leads to s. What it returns may be changed until it serves.
//
// Of what is zero paf's defaults stand: unlike net/http's they bound the time that a peer may take for a head and between two requests, and that it may
// stop taking content: a minute, which a WriteTimeout that is shorter leaves to handlers that lift it. A negative
// duration is no bound. Content may take as long as it likes without a ReadTimeout; with one, that is how long it may stand still. Addr belongs to
// those who listen. s itself does not know what is served: its Shutdown, Close and SetKeepAlivesEnabled do nothing for it, nor can the functions be
// found that were given to its RegisterOnShutdown: context.AfterFunc of the context that Serve is given has their place. Serving that ends in
// peace returns nil, and never http.ErrServerClosed.
//
// Without an ErrorLog what net/http logs goes to slog.Default: panics at level Error, handshakes that fail and the rest at Warn. A Log that is set
// instead gets handshakes at Debug.
func Server(s *http.Server) *paf.Server {
	p := &paf.Server{Handler: &handler{server: s}, ErrorHandler: refuseFault, TLSConfig: s.TLSConfig,
		BaseContext: baseContext(s), ConnContext: connContext(s), ConnState: connState(s)}
	p.Limits.HeadTimeout = s.ReadHeaderTimeout
	if p.Limits.HeadTimeout == 0 {
		p.Limits.HeadTimeout = s.ReadTimeout
	}
	p.Limits.IdleTimeout = s.IdleTimeout
	if p.Limits.IdleTimeout == 0 {
		p.Limits.IdleTimeout = s.ReadTimeout
	}
	p.Limits.ContentTimeout = s.ReadTimeout
	if s.ReadTimeout == 0 {
		p.Limits.ContentTimeout = -1 // a stream of gRPC may be silent for hours, on both sides
	}
	if s.WriteTimeout < 0 || s.WriteTimeout > time.Minute {
		// It is a deadline of each exchange's, which a handler may lift: what bounds a single write in any case is never less than paf's minute.
		p.WriteTimeout, p.Limits.StallTimeout = s.WriteTimeout, s.WriteTimeout
	}
	p.Limits.HeadBytes = s.MaxHeaderBytes
	if p.Limits.HeadBytes <= 0 {
		p.Limits.HeadBytes = http.DefaultMaxHeaderBytes
	}
	p.Limits.HeadBytes += slop
	p.Limits.TargetBytes = p.Limits.HeadBytes
	p.Limits.Fields = fieldsMost
	if s.HTTP2 != nil {
		p.Limits.Streams = s.HTTP2.MaxConcurrentStreams
	}
	p.Protocol, p.NoPriorKnowledge = protocolOf(s)
	if s.ConnState != nil {
		p.ParkAfter = -1 // whoever is told of a connection may close it, which nobody would notice of one that is parked
	}
	p.Log = slog.New(serverLog{s})
	return p
}

const (
	slop       = 4 << 10 // that net/http grants over MaxHeaderBytes
	fieldsMost = 2000    // net/http has no limit of its own
)

// protocolOf returns the version to speak, and whether HTTP/2 has to be negotiated.
func protocolOf(s *http.Server) (only paf.Protocol, negotiated bool) {
	p := s.Protocols
	if p == nil {
		if _, has := s.TLSNextProto["h2"]; s.TLSNextProto != nil && !has {
			return paf.HTTP11, true // so programs forbid HTTP/2
		}
		return 0, true
	}
	switch {
	case p.HTTP1() && !p.HTTP2() && !p.UnencryptedHTTP2():
		return paf.HTTP11, true
	case !p.HTTP1() && p.UnencryptedHTTP2():
		return paf.HTTP2, false
	}
	return 0, !p.UnencryptedHTTP2()
}

// refuseFault answers what is no request as net/http does, which says nothing to a client that takes too long.
func refuseFault(w *paf.ResponseWriter, _ *paf.Request, _ error) {
	if w.Status() == http.StatusRequestTimeout {
		panic(paf.ErrAbort)
	}
	refuse(w, w.Status())
}

func baseContext(s *http.Server) func(context.Context, net.Listener) context.Context {
	if s.BaseContext == nil {
		return nil
	}
	return func(_ context.Context, ln net.Listener) context.Context {
		base := s.BaseContext(ln)
		if base == nil {
			panic("BaseContext returned a nil context")
		}
		return base
	}
}

func connContext(s *http.Server) func(context.Context, flow.Flow) context.Context {
	if s.ConnContext == nil {
		return nil
	}
	return func(ctx context.Context, f flow.Flow) context.Context {
		ctx = s.ConnContext(context.WithValue(ctx, http.ServerContextKey, s), netConn(f))
		if ctx == nil {
			panic("ConnContext returned nil")
		}
		return ctx
	}
}

func connState(s *http.Server) func(flow.Flow, paf.ConnState) {
	if s.ConnState == nil {
		return nil
	}
	return func(f flow.Flow, state paf.ConnState) {
		c := netConn(f)
		defer func() {
			if v := recover(); v != nil { // as net/http: it costs the connection
				logf(s, slog.Default(), "http: panic serving %v: %v\n%s", c.RemoteAddr(), v, debug.Stack())
				_ = c.Close()
			}
		}()
		s.ConnState(c, states[state])
	}
}

var states = [...]http.ConnState{paf.ConnNew: http.StateNew, paf.ConnActive: http.StateActive, paf.ConnIdle: http.StateIdle,
	paf.ConnTaken: http.StateHijacked, paf.ConnClosed: http.StateClosed}

// netConn returns the connection that a listener has given, or that a flow can be taken for.
func netConn(f flow.Flow) net.Conn {
	if w, is := f.(flow.Wrapper); is {
		if c, is := w.Unwrap().(net.Conn); is {
			return c
		}
	}
	return flow.NetConn(f)
}

// logf logs what net/http would, in its words.
func logf(s *http.Server, log *slog.Logger, format string, args ...any) {
	if s.ErrorLog != nil {
		s.ErrorLog.Printf(format, args...)
	} else {
		log.Warn(fmt.Sprintf(format, args...), "component", "paf-nethttp")
	}
}
