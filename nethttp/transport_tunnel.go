package nethttp

import (
	"io"
	"net/http"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// This file is what a Transport does when HTTP has ended on an exchange: 101 (Switching Protocols), and 2xx to CONNECT.

// tunnels reports whether a response makes a tunnel of its exchange.
func (x *roundTrip) tunnels(status int) bool {
	return status == http.StatusSwitchingProtocols || x.request.Method == http.MethodConnect && semantics.Successful(status)
}

// tunnel makes the response's Body of the tunnel: after 101 it is an io.ReadWriteCloser, as net/http's is; after CONNECT the request's Body is what
// is written.
func (x *roundTrip) tunnel(p *paf.Response) io.ReadCloser {
	t, err := p.Tunnel()
	if err != nil {
		x.end()
		return broken{err}
	}
	if x.request.Method != http.MethodConnect {
		return &switched{t, x}
	}
	if x.tail != nil {
		go x.feed(t)
	}
	return struct{ io.ReadCloser }{&switched{t, x}} // the receiving side alone
}

// feed sends the request's Body into a tunnel.
func (x *roundTrip) feed(t *paf.Tunnel) {
	_, err := io.Copy(t, x.tail)
	_ = x.tail.Close()
	if err != nil {
		_ = t.Close()
		return
	}
	_ = t.CloseWrite() // where that cannot be told apart from Close, it is not told
}

// A switched body is a tunnel after 101.
type switched struct {
	*paf.Tunnel
	x *roundTrip
}

func (s *switched) Close() error {
	err := s.Tunnel.Close()
	s.x.end()
	return err
}

// A broken body is a tunnel that was lost before it was taken.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
func (b broken) Close() error             { return nil }
