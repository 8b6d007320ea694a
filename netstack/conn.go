package netstack

import (
	"cmp"
	"errors"
	"io"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A conn is a connection of TCP: a net.Conn and a flow with the powers CloseRead, CloseWrite, Reset and WriteVec.
type conn struct{ *socket }

// An idle connection is probed so often; package net does the same.
const (
	probeIdle     = 15 * time.Second
	probeInterval = 15 * time.Second
)

// keepAlive has the connection probed while it is idle (RFC 9293, Section 3.8.4).
func (c *conn) keepAlive() {
	idle, interval := tcpip.KeepaliveIdleOption(probeIdle), tcpip.KeepaliveIntervalOption(probeInterval)
	_ = c.ep.SetSockOpt(&idle)
	_ = c.ep.SetSockOpt(&interval)
	c.ep.SocketOptions().SetKeepAlive(true)
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if err := c.check(&c.readEnd); err != nil {
		return 0, c.fail("read", err)
	}
	if len(p) == 0 {
		return 0, nil
	}
	var over error // the link is down: what has been received can still be read
	for {
		w := tcpip.SliceWriter(p)
		res, terr := c.ep.Read(&w, tcpip.ReadOptions{})
		switch terr.(type) {
		case nil:
			c.ep.ModerateRecvBuf(res.Count)
			return res.Count, nil
		case *tcpip.ErrWouldBlock:
			if over != nil {
				return 0, c.fail("read", over)
			}
			if err := c.wait(c.readable, &c.readEnd); errors.Is(err, ErrLinkDown) {
				over = err
			} else if err != nil {
				return 0, c.fail("read", err)
			}
		case *tcpip.ErrClosedForReceive:
			select {
			case <-c.closed: // by ourselves
				return 0, c.fail("read", c.reason)
			default:
				return 0, io.EOF
			}
		default:
			return 0, c.fail("read", errorOf(terr))
		}
	}
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.write(&pieces{one: p, left: len(p)})
	return int(n), err
}

// WriteVec implements flow.VecWriter: small pieces share a packet.
func (c *conn) WriteVec(bufs [][]byte) (int64, error) {
	p := &pieces{more: bufs}
	for _, b := range bufs {
		p.left += len(b)
	}
	return c.write(p)
}

func (c *conn) write(p *pieces) (sum int64, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := cmp.Or(c.check(&c.writeEnd), c.stack.reason()); err != nil {
		return 0, c.fail("write", err)
	}
	for p.left > 0 {
		n, terr := c.ep.Write(p, tcpip.WriteOptions{})
		sum += n
		switch terr.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			err = c.wait(c.writable, &c.writeEnd)
		default:
			err = errorOf(terr)
		}
		if err == nil {
			err = c.check(&c.writeEnd)
		}
		if err != nil && p.left > 0 {
			return sum, c.fail("write", err)
		}
	}
	return sum, nil
}

// Pieces of memory are read by the endpoint as far as it has room.
type pieces struct {
	one  []byte
	more [][]byte
	left int
}

// Len implements tcpip.Payloader.
func (p *pieces) Len() int { return p.left }

// Read implements tcpip.Payloader.
func (p *pieces) Read(b []byte) (n int, err error) {
	for n < len(b) && p.left > 0 {
		if len(p.one) == 0 {
			p.one, p.more = p.more[0], p.more[1:]
		}
		m := copy(b[n:], p.one)
		p.one = p.one[m:]
		p.left -= m
		n += m
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// CloseRead ends the receiving side: later Reads return io.EOF.
func (c *conn) CloseRead() error { return c.shutdown(tcpip.ShutdownRead) }

// CloseWrite ends the sending side: the peer reads io.EOF after what was written.
func (c *conn) CloseWrite() error { return c.shutdown(tcpip.ShutdownWrite) }

func (c *conn) shutdown(side tcpip.ShutdownFlags) error {
	select {
	case <-c.closed:
		return c.fail("close", c.reason)
	default:
	}
	if err := c.ep.Shutdown(side); err != nil {
		return c.fail("close", errorOf(err))
	}
	return nil
}

// Reset closes the connection with a reset (RFC 9293, Section 3.5.1): the peer cannot take the end for one that was meant.
func (c *conn) Reset() error {
	c.ep.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
	return c.Close()
}
