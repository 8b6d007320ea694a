package hook

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/nethttp"
)

// A server is what serves in the place of an http.Server.
type server struct {
	paf   *paf.Server
	ended chan struct{} // closed by Close and Shutdown

	mu    sync.Mutex
	over  bool
	close bool // SetKeepAlivesEnabled(false)
	conns map[net.Conn]paf.ConnState
}

// servers are those that have been used.
var servers struct {
	sync.Mutex
	of map[*http.Server]*server
}

// of returns the server in the place of s.
func of(s *http.Server) *server {
	servers.Lock()
	defer servers.Unlock()
	if x := servers.of[s]; x != nil {
		return x
	}
	if servers.of == nil {
		servers.of = map[*http.Server]*server{}
	}
	x := &server{ended: make(chan struct{}), conns: map[net.Conn]paf.ConnState{}}
	servers.of[s] = x
	return x
}

func hookServer(refuses bool) {
	http.ExtServe = func(s *http.Server, l net.Listener) (bool, error) {
		if len(s.TLSNextProto) > 0 && !onlyH2(s) {
			return false, nil // protocols of the test's own
		}
		return true, of(s).serve(s, l, refuses)
	}
	// Both go on in net/http afterwards, which knows what else is to be done.
	http.ExtClose = func(s *http.Server) (bool, error) {
		x := of(s)
		if p := x.end(); p != nil {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			go func() { _ = p.Shutdown(ctx) }()
			x.closeAll()
		}
		return false, nil
	}
	http.ExtShutdown = func(s *http.Server, ctx context.Context) (bool, error) {
		if p := of(s).end(); p != nil {
			done := make(chan error, 1)
			go func() { done <- p.Shutdown(context.WithoutCancel(ctx)) }()
			select {
			case err := <-done:
				return err != nil, err
			case <-ctx.Done():
				return true, ctx.Err()
			}
		}
		return false, nil
	}
	http.ExtSetKeepAlives = func(s *http.Server, on bool) bool {
		of(s).keepAlives(on)
		return false
	}
}

// onlyH2 reports whether net/http has filled in TLSNextProto itself.
func onlyH2(s *http.Server) bool {
	_, has := s.TLSNextProto["h2"]
	return has && len(s.TLSNextProto) == 1
}

func (x *server) serve(s *http.Server, l net.Listener, refuses bool) error {
	count("S")
	prepare(s)
	x.mu.Lock()
	if x.over {
		x.mu.Unlock()
		_ = l.Close()
		return http.ErrServerClosed
	}
	if x.paf == nil {
		x.paf = x.make(s, refuses)
	}
	p := x.paf
	x.mu.Unlock()
	ctx := context.Background()
	if s.BaseContext != nil {
		if ctx = s.BaseContext(l); ctx == nil {
			panic("BaseContext returned a nil context")
		}
		ctx = context.WithoutCancel(ctx) // its end does not end net/http's server
	}
	failed := make(chan error, 1)
	go func() { failed <- p.Serve(ctx, l) }()
	select {
	case err := <-failed:
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.over || err == nil {
			return http.ErrServerClosed
		}
		return err
	case <-x.ended:
		return http.ErrServerClosed
	}
}

// prepare has net/http do what it does to a server's fields before it accepts.
func prepare(s *http.Server) {
	base := s.BaseContext
	s.BaseContext = nil
	_ = s.OrigServe(closed{})
	s.BaseContext = base
}

// closed is a listener that accepts nothing.
type closed struct{}

func (closed) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closed) Close() error              { return nil }
func (closed) Addr() net.Addr            { return &net.TCPAddr{} }

// make makes the server of paf. x.mu is held.
func (x *server) make(s *http.Server, refuses bool) *paf.Server {
	p := nethttp.Server(s)
	if refuses {
		p.Handler = nethttp.Handler(http.HandlerFunc(refuse))
	}
	inner, tell := p.Handler, p.ConnState
	p.Handler = paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		count("H")
		x.mu.Lock()
		if x.close {
			w.Header().Set("Connection", "close")
		}
		x.mu.Unlock()
		inner.Serve(w, r)
	})
	p.ParkAfter = -1
	p.ConnState = func(f flow.Flow, state paf.ConnState) {
		x.track(f, state)
		if tell != nil {
			tell(f, state)
		}
	}
	return p
}

// track keeps the list of connections.
func (x *server) track(f flow.Flow, state paf.ConnState) {
	c, is := f.(net.Conn)
	if !is {
		c = flow.NetConn(f)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if state >= paf.ConnTaken {
		delete(x.conns, c)
		return
	}
	x.conns[c] = state
	if x.close && state == paf.ConnIdle {
		_ = c.Close()
	}
}

// keepAlives does what SetKeepAlivesEnabled does.
func (x *server) keepAlives(on bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.close = !on
	for c, state := range x.conns {
		if x.close && state == paf.ConnIdle {
			go c.Close()
		}
	}
}

// closeAll closes what is open.
func (x *server) closeAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for c := range x.conns {
		go c.Close()
	}
}

// end notes that the server is over, and returns what has served in its place.
func (x *server) end() *paf.Server {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.over {
		x.over = true
		close(x.ended)
	}
	return x.paf
}
