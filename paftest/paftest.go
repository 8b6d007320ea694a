// Package paftest gives tests a paf server and a client in memory: no port, no
// descriptor, and no goroutine left behind. It works inside a testing/synctest
// bubble, where every time-out runs on virtual time:
//
//	synctest.Test(t, func(t *testing.T) {
//		s := paftest.NewServer(t, handler)
//		resp, err := s.Client.Get(t.Context(), "http://paf.test/")
//		…
//	})
//
// Outside a bubble it runs on real time, just as well.
package paftest

import (
	"context"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// A Server is a paf server on a listener in memory with a client that reaches it,
// whatever host a URL names.
type Server struct {
	*paf.Server
	Client *paf.Client

	listener *Listener
}

// NewServer starts a server for a handler. It is stopped, and the client closed, when the
// test ends; the test fails if serving does.
func NewServer(t testing.TB, h paf.Handler) *Server {
	t.Helper()
	return Start(t, &paf.Server{Handler: h})
}

// Start is NewServer for a server that has been configured.
func Start(t testing.TB, s *paf.Server) *Server {
	t.Helper()
	ln := Listen()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	ts := &Server{Server: s, listener: ln}
	ts.Client = &paf.Client{Context: mimic.Add(mimic.Context{}, Memory, ln)}
	t.Cleanup(func() {
		ts.Client.Close()
		stop()
		if err := <-done; err != nil {
			t.Errorf("paftest: Serve: %v", err)
		}
	})
	return ts
}

// Dial opens a flow to the server, for tests that speak the protocol themselves.
func (s *Server) Dial() (flow.Flow, error) { return s.listener.Dial(context.Background()) }

// Memory is the protocol whose endpoints are listeners in memory.
var Memory = mimic.Register("memory", mimic.NoPriority,
	func(ctx context.Context, ln *Listener) (flow.Flow, error) { return ln.Dial(ctx) })
