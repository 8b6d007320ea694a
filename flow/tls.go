package flow

import (
	"context"
	"crypto/tls"
)

// A stater is *tls.Conn, or a connection that poses as one.
type stater interface {
	ConnectionState() tls.ConnectionState
}

type negotiator struct{ stater }

func (n negotiator) NegotiatedProtocol() string {
	return n.ConnectionState().NegotiatedProtocol
}

// TLSServer runs the server's side of a TLS handshake over f and returns the
// encrypted flow, whose Close closes f. When ctx ends before the handshake does,
// or the handshake fails, f is closed and the error returned.
//
// It has deadlines if f has them; crypto/tls can write no more once a Write deadline has
// passed. flow.As[*tls.Conn] gives the session's details.
func TLSServer(ctx context.Context, f Flow, config *tls.Config) (Flow, error) {
	return handshake(ctx, f, tls.Server(NetConn(f), config))
}

// TLSClient runs the client's side; config needs a ServerName, or
// InsecureSkipVerify, and what NextProtos lists is offered by ALPN.
func TLSClient(ctx context.Context, f Flow, config *tls.Config) (Flow, error) {
	return handshake(ctx, f, tls.Client(NetConn(f), config))
}

func handshake(ctx context.Context, f Flow, c *tls.Conn) (Flow, error) {
	if err := c.HandshakeContext(ctx); err != nil {
		_ = f.Close() // no farewell: there is no session
		return nil, err
	}
	inner, p := PowersOf(f), PowersOf(c)
	if inner.ReadDeadline != nil && inner.WriteDeadline != nil {
		return c, nil
	}
	// crypto/tls has deadlines over any flow, but here they would close it.
	p.ReadDeadline, p.WriteDeadline = inner.ReadDeadline, inner.WriteDeadline
	return WithPowers(c, p), nil
}
