package httpover

import (
	"runtime"
	"strings"
	"time"

	"github.com/paf-go/paf"
)

// kept are the cases of connections between two exchanges.
var kept = []testCase{
	{claim: "ConnectionsAreKept", run: connectionsAreKept},
	{claim: "ConnectionsThatAreNotKeptAreClosed", run: notKept, only: paf.HTTP11},
	{claim: "HTTP10EndsWithTheFlow", run: http10, only: paf.HTTP11},
	{claim: "ConnectionsThatTheServerHasClosedAreNotUsed", run: staleIsNotUsed},
	{claim: "IdleConnectionsAreParkedAndAnswerAgain", run: parkedAndAnswer, needs: watched, alone: true},
}

func connectionsAreKept(p *place) {
	s := p.serve(echo)
	c := p.client()
	for i := range 60 {
		if err := p.roundTrip(c, int64(i*i), uint64(i)); err != nil {
			p.Fatal(err)
		}
	}
	if a, b := c.Stats(), s.Stats(); a.Opened != 1 || b.Opened != 1 || b.Exchanges != 60 {
		p.Errorf("%d and %d connections for %d exchanges", a.Opened, b.Opened, b.Exchanges)
	}
}

func notKept(p *place) {
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/server" {
			w.Header().Set("Connection", "close")
		}
		_, _ = w.WriteString("hello")
	})
	c := p.client()
	for range 3 {
		for _, side := range []string{"/server", "/client"} {
			r := p.request("GET", side, nil)
			if side == "/client" {
				r.Header.Set("Connection", "close")
			}
			if got := p.text(p.do(c, r)); got != "hello" {
				p.Errorf("%q", got)
			}
		}
	}
	if n := c.Stats().Opened; n != 6 {
		p.Errorf("%d connections for 6 exchanges", n)
	}
	p.emptied(s)
}

func http10(p *place) {
	p.serve(func(w *paf.ResponseWriter, _ *paf.Request) {
		_ = w.Flush()
		_, _ = w.WriteString(block)
	})
	raw := p.raw()
	raw.send("GET / HTTP/1.0\r\n\r\n")
	head, text, _ := strings.Cut(raw.rest(), "\r\n\r\n")
	if text != block || strings.Contains(strings.ToLower(head), "transfer-encoding") {
		p.Errorf("%d bytes behind %q", len(text), head)
	}
}

// staleIsNotUsed asks again on a connection that the server's end has closed meanwhile.
func staleIsNotUsed(p *place) {
	conns := make(chan *paf.Request, 16)
	p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		conns <- r
		_, _ = w.WriteString("hello")
	})
	c := p.client()
	for i := range 4 {
		if got := p.get(c, "/"); got != "hello" {
			p.Errorf("%q", got)
		}
		f := (<-conns).Flow()
		if err := f.Close(); err != nil && i == 0 {
			p.Log(err)
		}
	}
}

// parkedAndAnswer sees idle connections lose their goroutines, and wakes them several times.
func parkedAndAnswer(p *place) {
	const n = 6
	s := p.serve(echo, func(s *paf.Server) { s.ParkAfter = time.Millisecond })
	var clients []*paf.Client
	for range n {
		clients = append(clients, p.client())
	}
	for round := range 3 {
		p.crowd(n, func(i int) error { return p.roundTrip(clients[i], int64(i*round*1000), uint64(i)) })
		if parks() {
			p.eventually("no goroutine waits for a connection", func() bool { return awake() == 0 })
		}
	}
	if stats := s.Stats(); stats.Opened != n || stats.Conns != n || stats.Exchanges != 3*n {
		p.Errorf("%+v", stats)
	}
	for _, c := range clients {
		c.CloseIdle()
	}
	p.emptied(s)
}

// parks reports whether connections are parked on this system.
func parks() bool {
	switch runtime.GOOS {
	case "linux", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly":
		return true
	}
	return false
}

// awake counts the goroutines of accepted connections.
func awake() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "loop.(*serverConn).serve(")
}
