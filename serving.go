package paf

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// This file is what a server does with a connection; exchange.go has what it does with a request.

// serving is a Server as the handler of a loop.
type serving struct{ *Server }

// Open implements loop.Service.
func (s serving) Open(ctx context.Context, f flow.Flow) (engine.Server, error) {
	eng, err := s.engine(ctx, f)
	if err != nil {
		s.unserved(f, err)
	}
	return eng, err
}

// unserved tells why a connection is not served.
//
//go:noinline
func (s serving) unserved(f flow.Flow, err error) { // the usual case is not to have a stack for this
	s.log().Debug("paf: no protocol for a connection", "component", "paf-alpn", "peer", flow.PowersOf(f).PeerAddr(), "error", err)
}

// Reopen implements loop.Service.
func (s serving) Reopen(r engine.Rested, since engine.Instant) engine.Server {
	return r.Wake(s.limits(), since)
}

// Upgrade implements loop.Upgrader.
func (s serving) Upgrade(r *semantics.Request, now engine.Instant) (engine.Server, *semantics.Response) {
	if !s.UpgradeH2C || !h2.Upgrades(r) {
		return nil, nil
	}
	eng := h2.NewServerUpgraded(s.limits(), now, r)
	if eng == nil {
		return nil, nil
	}
	return eng, &semantics.Response{Status: semantics.StatusSwitchingProtocols, Fields: semantics.FieldsOf("Upgrade", "h2c")}
}

// Ended implements loop.Service.
func (s serving) Ended(err error) {
	if err != nil {
		s.log().Debug("paf: a connection broke off", "component", "paf-server", "error", err)
	}
}

// engine returns the engine for a flow, once its handshake is done.
func (s *Server) engine(ctx context.Context, f flow.Flow) (engine.Server, error) {
	p := flow.PowersOf(f)
	if p.Handshaker != nil {
		if err := s.loop().Handshake(ctx, p.Handshaker, s.Limits.WithDefaults().HeadTimeout); err != nil {
			if rejectPlain(err) {
				err = errPlain
			}
			return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
		}
		p = flow.PowersOf(f)
	}
	now := s.loop().Now()
	protocol := p.NegotiatedProtocol()
	switch {
	case protocol == alpn.H2 && s.Protocol == HTTP11:
		return nil, &alpn.ProtocolError{Protocol: protocol}
	case protocol == "" && s.Protocol == HTTP2:
		protocol = alpn.H2
	case p.Negotiator == nil && s.Protocol == 0 && !s.NoPriorKnowledge:
		return alpn.Sniff(s.limits(), now), nil
	}
	return alpn.Server(protocol, s.limits(), now)
}

// limits returns what the engines are made with.
func (s *Server) limits() engine.Limits {
	l := s.Limits
	l.ExtendedConnect = l.ExtendedConnect || s.ExtendedConnect
	return l
}

// rejectPlain reports whether a client speaks HTTP in clear to a server of TLS, and tells it so: the request line of HTTP/1 has been read as the
// header of a record.
//
//go:noinline
func rejectPlain(err error) bool {
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || record.Conn == nil {
		return false
	}
	switch string(record.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		_ = record.Conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(record.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		return true
	}
	return false
}

var errPlain = errors.New("client sent an HTTP request to an HTTPS server")
