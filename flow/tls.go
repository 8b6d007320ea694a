package flow

import (
	"context"
	"crypto/tls"
	"net"
	"syscall"
)

// TLSServer runs the server's side of a TLS handshake over f and returns the
// encrypted flow, whose Close closes f. When ctx ends before the handshake does,
// or the handshake fails, f is closed and the error returned. f may be any flow, one of TLS too.
//
// flow.As[*tls.Conn] finds the session in what is returned, and in what wraps it: its ConnectionState has the name of the host, the
// protocol agreed on and the peer's certificates; its NetConn is f, to be asked for facts in turn. The addresses are f's. There are deadlines if f
// has them; crypto/tls can write no more once a write deadline has passed. CloseWrite says close_notify and leaves f open: the peer
// reads io.EOF, and its answer can still be read (RFC 8446, Section 6.1). Reset is f's, and says none.
func TLSServer(ctx context.Context, f Flow, config *tls.Config) (Flow, error) {
	return handshake(ctx, f, tls.Server(NetConn(f), config))
}

// TLSClient runs the client's side; config needs a ServerName, or
// InsecureSkipVerify, and what NextProtos lists is offered by ALPN.
func TLSClient(ctx context.Context, f Flow, config *tls.Config) (Flow, error) {
	return handshake(ctx, f, tls.Client(NetConn(f), config))
}

// NewTLSServer is TLSServer without the handshake: the flow that it returns is a [Handshaker]. A server runs the handshake
// on the connection's own goroutine and under a time-out, so whoever accepts flows need not wait for it. Until it has been run the flow
// is good for that and for Close alone: a Read or a Write runs it, but a deadline that passes meanwhile breaks the session.
func NewTLSServer(f Flow, config *tls.Config) Flow { return secured(f, tls.Server(NetConn(f), config)) }

// NewTLSClient is TLSClient without the handshake: see [NewTLSServer].
func NewTLSClient(f Flow, config *tls.Config) Flow { return secured(f, tls.Client(NetConn(f), config)) }

func handshake(ctx context.Context, f Flow, c *tls.Conn) (Flow, error) {
	if err := c.HandshakeContext(ctx); err != nil {
		_ = f.Close() // no farewell: there is no session
		return nil, err
	}
	return secured(f, c), nil
}

// secured returns c, which runs over f, with the powers that f gives it.
func secured(f Flow, c *tls.Conn) Flow {
	inner, p := PowersOf(f), PowersOf(c)
	deadlines := inner.ReadDeadline != nil && inner.WriteDeadline != nil
	if deadlines && inner.Peer != nil && inner.Local != nil && (p.Waits != nil || inner.Waits == nil) && (p.Resetter != nil || inner.Resetter == nil) {
		return c
	}
	if !deadlines { // crypto/tls has them over any flow, but here they would close it
		p.ReadDeadline, p.WriteDeadline = nil, nil
	}
	// What f does not know c would call unknown.
	p.Peer, p.Local = inner.Peer, inner.Local
	fill(&p.Waits, inner.Waits)
	fill(&p.Resetter, inner.Resetter)
	return WithPowers(c, p)
}

// A stater is *tls.Conn, or a connection that poses as one.
type stater interface {
	ConnectionState() tls.ConnectionState
}

type negotiator struct{ stater }

func (n negotiator) NegotiatedProtocol() string {
	return n.ConnectionState().NegotiatedProtocol
}

// addTLS takes the powers of a connection of TLS that are not methods of its own.
func (p *Powers) addTLS(c stater) {
	fill[Negotiator](&p.Negotiator, negotiator{c})
	over, is := c.(interface{ NetConn() net.Conn })
	if !is {
		return
	}
	inner := over.NetConn()
	waits, _ := inner.(syscall.Conn)
	fill(&p.Waits, waits)
	// Close says close_notify, which a peer takes for the end that was meant. A reset of the connection below is
	// what it cannot take for that.
	switch below := inner.(type) {
	case *net.TCPConn:
		fill[Resetter](&p.Resetter, resetter{below})
	case interface{ Powers() Powers }:
		fill(&p.Resetter, below.Powers().Resetter)
	case Resetter:
		fill(&p.Resetter, below)
	}
}
