package proxying

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/cert"
	"github.com/paf-go/paf/cmd/paf/internal/serve"
)

// An opened door is a server at an address.
type opened struct {
	door
	socket *socket
	loan   *loan
	stop   context.CancelFunc // gracefully
}

// settle is how long a server that gets no more connections goes on as it is: those that it got a moment ago have sent nothing yet, and
// would be closed for it.
const settle = 500 * time.Millisecond

// close has an opened door get no more connections, and those that it has end when they have nothing in progress.
func (o *opened) close() {
	o.loan.end()
	time.AfterFunc(settle, o.stop)
}

// listen opens the sockets that a plan wants and that are not open yet: all, or none.
func (r *Runner) listen(p *plan) (fresh map[string]*socket, err error) {
	fresh = map[string]*socket{}
	for _, d := range p.doors {
		if old := r.doors[d.addr]; old != nil {
			if _, is := old.socket.ln.(deadliner); old.door != d && !is {
				return nil, closing(fresh, wrong("%s cannot be served in another way without a restart", d.addr))
			}
			continue
		}
		ln, err := serve.Listen(r.ctx, d.addr)
		if err != nil {
			return nil, closing(fresh, err)
		}
		fresh[d.addr] = &socket{ln: ln}
	}
	return fresh, nil
}

// closing closes what was opened in vain, and returns why.
func closing(sockets map[string]*socket, err error) error {
	for _, s := range sockets {
		s.ln.Close()
	}
	return err
}

// open makes the doors those of a plan: what is not changed goes on, what is gone is closed gracefully.
func (r *Runner) open(p *plan, fresh map[string]*socket) {
	doors := make(map[string]*opened, len(p.doors))
	for _, d := range p.doors {
		old := r.doors[d.addr]
		switch {
		case old == nil:
			doors[d.addr] = r.start(d, fresh[d.addr])
			r.log.Info("listening", "url", serve.URL(d.scheme(), fresh[d.addr].ln.Addr()))
		case old.door == d:
			doors[d.addr] = old
		default: // the same socket, served in another way
			old.close()
			doors[d.addr] = r.start(d, old.socket)
		}
	}
	for addr, old := range r.doors {
		if doors[addr] == nil {
			old.close()
			old.socket.ln.Close()
			r.log.Info("no longer listening", "at", addr)
		}
	}
	r.doors = doors
}

func (d *door) scheme() string {
	if d.secure {
		return "https"
	}
	return "http"
}

// start starts a server on a socket.
func (r *Runner) start(d door, s *socket) *opened {
	ctx, stop := context.WithCancel(r.ctx)
	server := &paf.Server{
		Handler: r, ErrorHandler: r.fault, Log: r.log, GracePeriod: d.grace, Protocol: d.protocol,
		ExtendedConnect: !d.forward, TrustScheme: d.forward || d.trust,
	}
	lent := s.lend()
	var ln net.Listener = lent
	if d.secure {
		ln = tls.NewListener(ln, r.tlsFor(d))
	}
	r.serving++
	go func() { r.ended <- server.Serve(ctx, ln) }()
	return &opened{door: d, socket: s, loan: lent, stop: stop}
}

// tlsFor returns a configuration that is always the newest one. It is one for as long as the door, for the sake of the keys of tickets.
func (r *Runner) tlsFor(d door) *tls.Config {
	return &tls.Config{
		NextProtos:         strings.Split(d.offers, ","),
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return r.secure.Load(), nil },
	}
}

var _ net.Listener = (*loan)(nil)

// tell says which certificate of our own is used, where it is a new one.
func (r *Runner) tell(c *tls.Config) {
	if c == nil || c == r.secure.Load() {
		return
	}
	own := c.Certificates[0]
	if own.Leaf == nil || own.Leaf.Issuer.CommonName != cert.Issuer {
		return
	}
	if old := r.secure.Load(); old == nil || !bytes.Equal(old.Certificates[0].Certificate[0], own.Certificate[0]) {
		r.log.Info("a self-signed certificate is used", "sha256", fmt.Sprintf("%x", sha256.Sum256(own.Certificate[0])))
	}
}
