package flow

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// NetConn returns f as a net.Conn, for libraries that want one. If f is one, it
// is f itself. Deadlines that f cannot do are kept all the same: past one, Read and
// Write fail at once with os.ErrDeadlineExceeded; but what blocks when it passes
// can be interrupted only by closing f. An address that f does not know is "unknown"
// of the network "flow". What is written passes through f's Write.
func NetConn(f Flow) net.Conn {
	if c, ok := f.(net.Conn); ok {
		return c
	}
	return &netConn{Flow: f, powers: PowersOf(f)}
}

type netConn struct {
	Flow
	powers   Powers
	readEnd  lastCall
	writeEnd lastCall
}

func (c *netConn) Unwrap() Flow   { return c.Flow }
func (c *netConn) Powers() Powers { return c.powers }

func (c *netConn) LocalAddr() net.Addr  { return known(c.powers.LocalAddr()) }
func (c *netConn) RemoteAddr() net.Addr { return known(c.powers.PeerAddr()) }

func (c *netConn) Read(p []byte) (int, error) { return c.readEnd.watch(c.Flow.Read, p) }

func (c *netConn) Write(p []byte) (int, error) { return c.writeEnd.watch(c.Flow.Write, p) }

func (c *netConn) Close() error {
	c.readEnd.set(time.Time{}, c.Flow)
	c.writeEnd.set(time.Time{}, c.Flow)
	return c.Flow.Close()
}

func (c *netConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *netConn) SetReadDeadline(t time.Time) error {
	if d := c.powers.ReadDeadline; d != nil {
		return d.SetReadDeadline(t)
	}
	c.readEnd.set(t, c.Flow)
	return nil
}

func (c *netConn) SetWriteDeadline(t time.Time) error {
	if d := c.powers.WriteDeadline; d != nil {
		return d.SetWriteDeadline(t)
	}
	c.writeEnd.set(t, c.Flow)
	return nil
}

// A lastCall is a deadline for one direction of a flow that has none.
type lastCall struct {
	mu     sync.Mutex
	due    Deadline
	busy   bool // a call is going on
	broken bool // a call was interrupted, and the flow closed: it is told once, or who sets another deadline would try for ever
}

func (l *lastCall) watch(call func([]byte) (int, error), p []byte) (int, error) {
	l.mu.Lock()
	if l.due.Past() {
		l.mu.Unlock()
		return 0, os.ErrDeadlineExceeded
	}
	l.busy = true
	l.mu.Unlock()
	n, err := call(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	if err != nil && l.broken {
		l.broken, err = false, os.ErrDeadlineExceeded
	}
	return n, err
}

func (l *lastCall) set(t time.Time, f Flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due.Set(&l.mu, t, func() {
		if l.busy {
			l.broken = true
			go func() { _ = f.Close() }() // which may take its time, and the lock is held
		}
	})
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
