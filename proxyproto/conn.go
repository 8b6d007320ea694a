package proxyproto

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/paf-go/paf/flow"
)

// A Conn is a flow behind a header: a net.Conn, with the powers of the flow inside and those that the header gives it. The
// header is read by HandshakeContext, or by the first Read or Write. Until then the addresses are those of the flow inside.
type Conn struct {
	inner   net.Conn
	options Options
	before  flow.Powers // of inner, before its handshake if it has one

	mu      sync.Mutex  // held while the header is read
	settled atomic.Bool // what follows does not change any more
	powers  flow.Powers // of inner
	header  *Header
	err     error

	rest []byte // what was read and is no header: the first Read's
}

// Server returns f behind a header, which is read when the connection begins. o says whether it has to be there.
func Server(f flow.Flow, o Options) *Conn {
	c := &Conn{inner: flow.NetConn(f), options: o}
	c.before = flow.PowersOf(c.inner)
	return c
}

// NewListener returns a listener whose connections are those of ln, each a *Conn. Accept does not wait for headers.
func NewListener(ln net.Listener, o Options) net.Listener { return &listener{ln, o} }

type listener struct {
	net.Listener
	options Options
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Server(c, l.options), nil
}

// Header returns what the header has said; nil if there was none, or it has not been read.
func (c *Conn) Header() *Header {
	if !c.settled.Load() {
		return nil
	}
	return c.header
}

// HandshakeContext reads the header, after the handshake of the flow inside if it has one. If that fails, or ctx ends before, the
// flow is closed and the error is an *Error; every later call, and each Read and Write, returns it too.
func (c *Conn) HandshakeContext(ctx context.Context) error {
	if c.settled.Load() {
		return c.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settled.Load() {
		return c.err
	}
	peer := c.before.PeerAddr()
	if err := c.settle(ctx, c.options.policy(peer)); err != nil {
		c.err = &Error{peer, err}
		_ = c.inner.Close()
	}
	c.settled.Store(true)
	return c.err
}

func (c *Conn) settle(ctx context.Context, policy Policy) (err error) {
	if limit := c.options.timeout(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, ErrTimeout)
		defer cancel()
	}
	c.powers = c.before
	if h := c.before.Handshaker; h != nil {
		if err := h.HandshakeContext(ctx); err != nil {
			return err
		}
		c.powers = flow.PowersOf(c.inner)
	}
	// Whatever ends the wait ends the connection, so its deadlines are left to others.
	release := context.AfterFunc(ctx, func() { _ = c.inner.Close() })
	head, rest, err := read(c.inner, c.options.maxBytes())
	if !release() {
		return context.Cause(ctx)
	}
	switch {
	case errors.Is(err, io.EOF) && policy != Require:
		return nil // nobody has said anything: Read says so
	case err == io.EOF:
		return ErrMissing
	case err != nil:
		return err
	case head == nil && policy == Require:
		return ErrMissing
	case head != nil && policy == Refuse:
		return ErrRefused
	case head == nil:
		c.rest = rest
		return nil
	}
	c.header, err = parse(head)
	return err
}

// Unwrap returns the flow inside. Whoever reads it reads past the header, but only once the first Read has returned.
func (c *Conn) Unwrap() flow.Flow { return c.inner }

// Powers returns those of the flow inside, with what the header has said.
func (c *Conn) Powers() flow.Powers {
	if !c.settled.Load() {
		p := c.before
		p.VecWriter, p.ReaderFrom, p.Pollable = nil, nil, nil // they would not wait for the header
		p.Handshaker = c
		return p
	}
	p := c.powers
	p.Handshaker = c
	if h := c.header; h != nil && !h.Local {
		p.Peer, p.Local = c, c
	}
	if c.header.Secured() {
		p.Negotiator = flow.NegotiatorFunc(func() string { return c.header.ALPN })
	}
	return p
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if err := c.HandshakeContext(context.Background()); err != nil {
		return 0, err
	}
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	return c.inner.Read(p)
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.HandshakeContext(context.Background()); err != nil {
		return 0, err
	}
	return c.inner.Write(p)
}

// Close implements net.Conn.
func (c *Conn) Close() error { return c.inner.Close() }

// RemoteAddr returns the client that the header has named, else the peer of the flow inside. It does not wait for the header.
func (c *Conn) RemoteAddr() net.Addr {
	if h := c.Header(); h != nil && h.Source != nil {
		return h.Source
	}
	return c.inner.RemoteAddr()
}

// LocalAddr returns what the client connected to, as the header has said, else the address of the flow inside.
func (c *Conn) LocalAddr() net.Addr {
	if h := c.Header(); h != nil && h.Destination != nil {
		return h.Destination
	}
	return c.inner.LocalAddr()
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.inner.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.inner.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.inner.SetWriteDeadline(t) }

// SyscallConn gives the descriptor at which a Read waits, so that a server parks what runs over the connection, as TLS; an error that is
// errors.ErrUnsupported if there is none.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	if c.before.Waits == nil {
		return nil, errors.ErrUnsupported
	}
	return c.before.Waits.SyscallConn()
}
