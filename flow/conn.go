package flow

import "net"

// Conn returns c, which is a flow as it is, as one whose powers are looked up once, here, unless c has a method Powers. They are the same:
//
//   - *net.TCPConn and *net.UnixConn have all powers but a handshake and a negotiated protocol. (A
//     Unix socket has ReaderFrom on Linux alone, and cannot be reset.)
//   - *tls.Conn has deadlines, CloseWrite, addresses, its handshake and the negotiated protocol; so
//     has any other connection with crypto/tls's ConnectionState method. What it runs over may add to that: see [TLSServer].
//   - Any other connection has the powers whose methods it has. A
//     SetReadDeadline that only returns an error is one of them: whoever calls it sees that.
func Conn(c net.Conn) Flow {
	return &conn{Conn: c, powers: PowersOf(c)}
}

type conn struct {
	net.Conn
	powers Powers
}

func (c *conn) Unwrap() Flow { return c.Conn }

// Powers asks a connection that has the last word about its powers each time: a handshake may change them.
func (c *conn) Powers() Powers {
	if own, ok := c.Conn.(interface{ Powers() Powers }); ok {
		return own.Powers()
	}
	return c.powers
}

// addNet takes the powers of the standard library's connections that are
// not methods of theirs.
func (p *Powers) addNet(f Flow) {
	switch c := f.(type) {
	case *net.TCPConn:
		fill[VecWriter](&p.VecWriter, &vecWriter{conn: c})
		fill[Resetter](&p.Resetter, resetter{c})
	case *net.UnixConn:
		fill[VecWriter](&p.VecWriter, &vecWriter{conn: c})
		fill(&p.ReaderFrom, unixReaderFrom(c))
	case stater:
		p.addTLS(c)
	}
}

// A resetter closes a TCP connection with RST.
type resetter struct{ conn *net.TCPConn }

func (r resetter) Reset() error {
	_ = r.conn.SetLinger(0)
	return r.conn.Close()
}

// A vecWriter writes net.Buffers, which is writev on a TCP connection and on a
// Unix socket.
type vecWriter struct {
	conn net.Conn
	bufs net.Buffers // of the write that goes on, here lest it be allocated
}

func (v *vecWriter) WriteVec(bufs [][]byte) (int64, error) {
	v.bufs = bufs
	n, err := v.bufs.WriteTo(v.conn)
	v.bufs = nil
	return n, err
}
