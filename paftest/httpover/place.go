package httpover

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// A place is where a case takes place: a listener, the way to it, and the servers and clients that the case makes there.
type place struct {
	testing.TB
	version
	facts
	bubble bool // time is virtual
	open   Open
	ln     net.Listener
	dial   Dial
}

// facts are what a flow has of what cases need.
type facts struct {
	secured    bool // it negotiates, as TLS does
	halfCloses bool // both ends have CloseWrite
	deadlines  bool // both ends have them
	watched    bool // the server's end has a descriptor that tells when a read would not wait
}

// run runs a case at a place of its own.
func (p *place) run(t *testing.T, c *testCase) {
	if c.needs != nil {
		if lacks := c.needs(p.facts); lacks != "" {
			t.Skip("NOT TESTED: the flow has no " + lacks)
		}
	}
	own := &place{TB: t, version: p.version, facts: p.facts, bubble: p.bubble, open: p.open}
	own.ln, own.dial = p.open(t, p.alpn)
	t.Cleanup(func() { _ = own.ln.Close() })
	c.run(own)
}

// endsAgree opens a flow and looks at both ends.
func endsAgree(p *place) (f facts) {
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	accepted := make(chan flow.Flow, 1)
	go func() {
		defer close(accepted)
		if conn, err := p.ln.Accept(); err == nil {
			f := flow.Conn(conn) // as Serve has it
			shakeHands(ctx, p, f)
			accepted <- f
		}
	}()
	client, err := p.dial(ctx)
	if err != nil {
		p.Fatal(err)
	}
	shakeHands(ctx, p, client)
	server := <-accepted
	if server == nil {
		p.Fatal("what was dialled has not been accepted")
	}
	defer closeBoth(client, server)
	c, s := flow.PowersOf(client), flow.PowersOf(server)
	f = facts{secured: c.Negotiator != nil, halfCloses: c.CloseWriter != nil && s.CloseWriter != nil,
		deadlines: canWait(&c) && canWait(&s), watched: s.Waits != nil}
	if f.secured != (s.Negotiator != nil) {
		p.Errorf("the client's end is a Negotiator: %v, the server's: %v", f.secured, !f.secured)
	}
	if a, b := c.NegotiatedProtocol(), s.NegotiatedProtocol(); f.secured && (a != p.alpn || b != p.alpn) {
		p.Errorf("the ends have agreed on %q and %q, not %q", a, b, p.alpn)
	}
	return f
}

// shakeHands runs the handshake of a flow that has one.
func shakeHands(ctx context.Context, p *place, f flow.Flow) {
	if h := flow.PowersOf(f).Handshaker; h != nil {
		if err := h.HandshakeContext(ctx); err != nil {
			p.Error(err)
		}
	}
}

func canWait(p *flow.Powers) bool { return p.ReadDeadline != nil && p.WriteDeadline != nil }

// closeBoth closes two ends at once, for a farewell may wait to be read.
func closeBoth(a, b flow.Flow) {
	var both sync.WaitGroup
	both.Go(func() { _ = a.Close() })
	both.Go(func() { _ = b.Close() })
	both.Wait()
}

// A server serves a place's listener.
type server struct {
	*paf.Server
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // Serve has returned
	err    error
}

// serve starts a server. At the end of the case it must stop and have nothing left.
func (p *place) serve(h paf.HandlerFunc, settings ...func(*paf.Server)) *server {
	p.Helper()
	s := &server{Server: &paf.Server{Handler: h, Log: slog.New(slog.DiscardHandler), GracePeriod: patience / 2}, done: make(chan struct{})}
	for _, set := range settings {
		set(s.Server)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(s.done)
		s.err = s.Serve(s.ctx, p.ln)
	}()
	p.Cleanup(func() {
		s.cancel()
		p.wait(s.done, "the server to stop")
		if s.err != nil && !errors.Is(s.err, paf.ErrStopped) {
			p.Errorf("Serve: %v", s.err)
		}
		if left := s.Stats(); left.Conns != 0 || left.Active != 0 || left.Tunnels != 0 {
			p.Errorf("the server has left: %+v", left)
		}
	})
	return s
}

// client makes a client whose every connection leads to the place. At the end of the case it is closed and must have nothing left.
func (p *place) client(settings ...func(*paf.Client)) *paf.Client {
	p.Helper()
	own := mimic.Register("own", mimic.NoPriority, func(ctx context.Context, _ struct{}) (flow.Flow, error) { return p.dial(ctx) })
	c := &paf.Client{Protocol: p.protocol, Context: mimic.Add(mimic.Context{}, own, struct{}{}), Log: slog.New(slog.DiscardHandler)}
	for _, set := range settings {
		set(c)
	}
	p.Cleanup(func() {
		c.Close()
		if left := c.Stats(); left.Conns != 0 || left.Active != 0 || left.Tunnels != 0 {
			p.Errorf("the client has left: %+v", left)
		}
	})
	return c
}

// both starts a server and makes a client of it.
func (p *place) both(h paf.HandlerFunc, settings ...func(*paf.Server)) *paf.Client {
	p.serve(h, settings...)
	return p.client()
}

func (p *place) url(path string) string {
	if p.secured {
		return "https://flow.test" + path
	}
	return "http://flow.test" + path
}

// wait waits for a channel to be closed, or to have something, no longer than patience.
func (p *place) wait(done <-chan struct{}, what string) {
	p.Helper()
	if !until(done) {
		p.Fatalf("waited in vain for %s", what)
	}
}

// until reports whether a channel was closed within patience.
func until(done <-chan struct{}) bool {
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// eventually waits until something holds.
func (p *place) eventually(what string, holds func() bool) {
	p.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			p.Fatalf("waited in vain until %s", what)
		}
	}
}

// emptied waits until the server has no connection left.
func (p *place) emptied(s *server) {
	p.Helper()
	p.eventually("the server has no connection left", func() bool { return s.Stats().Conns == 0 })
}
