package netstack

import (
	"bytes"
	"errors"
	"net"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A datagramConn is a socket of UDP, connected or not: a net.Conn and a net.PacketConn.
type datagramConn struct{ *socket }

var errAddress = errors.New("not an address of UDP")

// Read implements net.Conn.
func (c *datagramConn) Read(p []byte) (int, error) {
	n, _, err := c.ReadFrom(p)
	return n, err
}

// ReadFrom implements net.PacketConn. What of a datagram does not fit into p is lost.
func (c *datagramConn) ReadFrom(p []byte) (int, net.Addr, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if err := c.check(&c.readEnd); err != nil {
		return 0, nil, c.fail("read", err)
	}
	for {
		w := tcpip.SliceWriter(p)
		res, terr := c.ep.Read(&w, tcpip.ReadOptions{NeedRemoteAddr: true})
		switch terr.(type) {
		case nil:
			return res.Count, c.addr(addrPortOf(res.RemoteAddr)), nil
		case *tcpip.ErrWouldBlock:
			if err := c.wait(c.readable, &c.readEnd); err != nil {
				return 0, nil, c.fail("read", err)
			}
		default:
			return 0, nil, c.fail("read", errorOf(terr))
		}
	}
}

// Write implements net.Conn.
func (c *datagramConn) Write(p []byte) (int, error) { return c.send(p, nil) }

// WriteTo implements net.PacketConn; to is a *net.UDPAddr.
func (c *datagramConn) WriteTo(p []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, c.fail("write", errAddress)
	}
	a := u.AddrPort()
	full := fullAddress(netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	return c.send(p, &full)
}

func (c *datagramConn) send(p []byte, to *tcpip.FullAddress) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		if err := c.check(&c.writeEnd); err != nil {
			return 0, c.fail("write", err)
		}
		n, terr := c.ep.Write(bytes.NewReader(p), tcpip.WriteOptions{To: to})
		if terr == nil {
			return int(n), nil
		}
		if _, full := terr.(*tcpip.ErrWouldBlock); !full {
			return int(n), c.fail("write", errorOf(terr))
		}
		if err := c.wait(c.writable, &c.writeEnd); err != nil {
			return 0, c.fail("write", err)
		}
	}
}
