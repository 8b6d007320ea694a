package loop

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/paf-go/paf/flow"
)

// A Tunnel is what is left of an exchange when HTTP has ended on it: after 101 (Switching Protocols), and after 2xx to CONNECT. On HTTP/1 it is the
// connection's flow, on HTTP/2 the stream. What had been read before comes first.
//
// It is a flow.Flow and a net.Conn. Deadlines, half-closes and addresses are there whatever it is made of: a flow without deadlines is
// closed by one that interrupts a call, and CloseWrite fails with errors.ErrUnsupported where the flow has none. No time-out of paf's
// applies any more.
//
// It belongs to whoever holds it, for as long as he likes, and must be closed. On a server that is asked to stop it is told by Context,
// waited for, and closed when the grace period has passed.
type Tunnel struct {
	c      *conn
	flow   flow.Flow // a takenFlow or a streamFlow
	conn   net.Conn  // the same, with deadlines
	powers flow.Powers
	ctx    context.Context
	cancel context.CancelCauseFunc
}

var (
	_ net.Conn      = (*Tunnel)(nil)
	_ io.ReaderFrom = (*Tunnel)(nil)
	_ io.WriterTo   = (*Tunnel)(nil)
)

// newTunnel makes a tunnel of a connection's, and counts it. c.mu is held.
func (c *conn) newTunnel(base context.Context, f flow.Flow) *Tunnel {
	t := &Tunnel{c: c, flow: f, conn: flow.NetConn(f), powers: flow.PowersOf(f)}
	t.ctx, t.cancel = context.WithCancelCause(base)
	if c.tunnels == nil {
		c.tunnels = map[*Tunnel]struct{}{}
	}
	c.tunnels[t] = struct{}{}
	switch {
	case c.stopping:
		t.cancel(ErrStopped)
	case c.closed:
		t.cancel(ErrPeerGone)
	}
	return t
}

// newStreamTunnel is newTunnel for a stream, which may have ended while the tunnel was granted. c.mu is held.
func (c *conn) newStreamTunnel(base context.Context, s *streamFlow) *Tunnel {
	t := c.newTunnel(base, s)
	if s.b.gone != nil {
		t.cancel(&GoneError{Op: "read", Err: s.b.gone})
	}
	return t
}

// over takes the tunnel off its connection's count.
func (t *Tunnel) over() {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	delete(t.c.tunnels, t)
	t.cancel(context.Canceled)
}

// tellTunnels ends the contexts of the connection's tunnels. c.mu is held.
func (c *conn) tellTunnels(cause error) {
	for t := range c.tunnels {
		t.cancel(cause)
	}
}

// Context returns a context that ends when the tunnel should: with the cause ErrStopped when the server begins to stop, or the client is
// closed; with ErrPeerGone when the stream or the connection has ended beneath it, which on HTTP/1 only Read and Write find out; and when the
// tunnel is closed. It has the values of the context that the server, or Do, was given.
func (t *Tunnel) Context() context.Context { return t.ctx }

// Read reads what the peer sends. io.EOF is the end of its sending side.
func (t *Tunnel) Read(p []byte) (int, error) {
	if t.powers.ReadDeadline != nil {
		return t.flow.Read(p)
	}
	return t.conn.Read(p)
}

// Write sends p. On HTTP/2 it waits for the peer's credit.
func (t *Tunnel) Write(p []byte) (int, error) {
	if t.powers.WriteDeadline != nil {
		return t.flow.Write(p)
	}
	return t.conn.Write(p)
}

// Close ends both directions. On HTTP/2 the connection goes on.
func (t *Tunnel) Close() error {
	t.over()
	return t.conn.Close()
}

// Reset closes the tunnel so that the peer cannot take that for an end that was meant: by RST_STREAM on HTTP/2, else as the flow can; if it
// cannot, Reset is Close.
func (t *Tunnel) Reset() error {
	if t.powers.Resetter == nil {
		return t.Close()
	}
	t.over()
	return t.powers.Resetter.Reset()
}

// CloseWrite ends our sending side: the peer reads io.EOF, and its answer can still be read.
func (t *Tunnel) CloseWrite() error {
	if t.powers.CloseWriter == nil {
		return errNoCloseWrite
	}
	return t.powers.CloseWriter.CloseWrite()
}

var errNoCloseWrite = &net.OpError{Op: "close", Net: "flow", Err: errors.ErrUnsupported}

// LocalAddr returns the connection's own address.
func (t *Tunnel) LocalAddr() net.Addr { return t.conn.LocalAddr() }

// RemoteAddr returns the address of the connection's peer, which need not be the tunnel's other end.
func (t *Tunnel) RemoteAddr() net.Addr { return t.conn.RemoteAddr() }

// SetDeadline sets both deadlines.
func (t *Tunnel) SetDeadline(at time.Time) error { return t.conn.SetDeadline(at) }

// SetReadDeadline sets when a Read fails with os.ErrDeadlineExceeded; the zero time is never.
func (t *Tunnel) SetReadDeadline(at time.Time) error { return t.conn.SetReadDeadline(at) }

// SetWriteDeadline sets when a Write fails with os.ErrDeadlineExceeded; the zero time is never.
func (t *Tunnel) SetWriteDeadline(at time.Time) error { return t.conn.SetWriteDeadline(at) }

// ReadFrom is what io.Copy uses: between two sockets of the kernel the bytes stay there (splice), as those of a file do (sendfile).
func (t *Tunnel) ReadFrom(r io.Reader) (int64, error) {
	if t.powers.ReaderFrom != nil && t.powers.WriteDeadline != nil {
		return t.powers.ReaderFrom.ReadFrom(r)
	}
	return CopyBlocks(t, r)
}

// WriteTo is what io.Copy uses from a tunnel, like ReadFrom to one.
func (t *Tunnel) WriteTo(w io.Writer) (written int64, err error) {
	taken, is := t.flow.(*takenFlow)
	ground, can := flow.As[io.WriterTo](t.c.flow)
	if !is || !can || t.powers.ReadDeadline == nil {
		return CopyBlocks(w, onlyReader{t})
	}
	for block := []byte(nil); !taken.plain.Load(); {
		if block == nil {
			block = make([]byte, inputStart)
		}
		n, some := taken.readEarly(block)
		if !some {
			break
		}
		m, err := w.Write(block[:n])
		written += int64(m)
		if err != nil {
			return written, err
		}
	}
	n, err := ground.WriteTo(w)
	return written + n, err
}

// onlyReader hides WriteTo, which would call its caller.
type onlyReader struct{ io.Reader }

// Powers implements what flow.PowersOf asks for: the tunnel has those of its ground, but for what is between HTTP's two sides alone. In
// particular it has no handshake, even where the connection below is TLS: that is another one's.
func (t *Tunnel) Powers() flow.Powers {
	p := flow.PowersOf(t.flow)
	if p.Resetter != nil {
		p.Resetter = t
	}
	return p
}
