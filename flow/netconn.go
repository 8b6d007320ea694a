package flow

import (
	"errors"
	"net"
	"os"
	"time"
)

// NetConn returns f as a net.Conn, for libraries that want one. If f is one, it
// is f itself. Deadlines that f cannot do fail with an error for which
// errors.Is(err, os.ErrNoDeadline) holds, and addresses it does not know are of
// the network "flow". Bytes written there pass through f's Write.
func NetConn(f Flow) net.Conn {
	if c, ok := f.(net.Conn); ok {
		return c
	}
	return &netConn{Flow: f, powers: PowersOf(f)}
}

type netConn struct {
	Flow
	powers Powers
}

func (c *netConn) Unwrap() Flow   { return c.Flow }
func (c *netConn) Powers() Powers { return c.powers }

func (c *netConn) LocalAddr() net.Addr  { return known(c.powers.LocalAddr()) }
func (c *netConn) RemoteAddr() net.Addr { return known(c.powers.PeerAddr()) }

func (c *netConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *netConn) SetReadDeadline(t time.Time) error {
	if c.powers.ReadDeadline == nil {
		return os.ErrNoDeadline
	}
	return c.powers.ReadDeadline.SetReadDeadline(t)
}

func (c *netConn) SetWriteDeadline(t time.Time) error {
	if c.powers.WriteDeadline == nil {
		return os.ErrNoDeadline
	}
	return c.powers.WriteDeadline.SetWriteDeadline(t)
}

// An addr is the address of a flow that has none, or of an end of a pipe.
type addr string

func (a addr) Network() string { return "flow" }
func (a addr) String() string  { return string(a) }

func known(a net.Addr) net.Addr {
	if a == nil {
		return addr("unknown")
	}
	return a
}
