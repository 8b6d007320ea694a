package netstack

import (
	"io"
	"net"
)

// Datagrams returns a carrier whose packets are datagrams to and from a peer: the socket of a
// virtual machine's network, a tunnel over UDP. A datagram from elsewhere is thrown away. Of a connected socket, which is a
// net.Conn, nothing has to be made: it is a carrier as it is.
func Datagrams(conn net.PacketConn, peer net.Addr) io.ReadWriteCloser {
	return &datagrams{conn, peer, peer.String()}
}

type datagrams struct {
	net.PacketConn
	peer net.Addr
	name string // of peer
}

func (d *datagrams) Read(p []byte) (int, error) {
	for {
		n, from, err := d.ReadFrom(p)
		if err != nil || from != nil && from.String() == d.name {
			return n, err
		}
	}
}

func (d *datagrams) Write(p []byte) (int, error) { return d.WriteTo(p, d.peer) }
