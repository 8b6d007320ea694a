package paf_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/internal/testkit"
)

// A raw is a server of one's own on TCP, which answers each request and closes what is idle when it is told to.
type raw struct {
	ln    net.Listener
	mu    sync.Mutex
	conns []net.Conn
	first string          // what it says on a connection before it is asked
	await *sync.WaitGroup // requests by GET that are answered together, so that each needs a connection; nil for none
	all   sync.WaitGroup
}

func newRaw(t *testing.T, first string) *raw {
	t.Helper()
	ln := testkit.Listen(t)
	s := &raw{ln: ln, first: first}
	s.all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.all.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		s.closeAll()
		s.all.Wait()
	})
	return s
}

func (s *raw) serve(c net.Conn) {
	_, _ = io.WriteString(c, s.first)
	for in := bufio.NewReader(c); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		content, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		await := s.await
		s.mu.Unlock()
		if await != nil && r.Method == "GET" {
			await.Done()
			await.Wait()
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"+string(append(content, "ok"...)[:2]))
	}
}

func (s *raw) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// Nothing was sent on a connection that turns out to have ended while it lay idle: to take another is no retry, however many there
// are, and a body that can be read once only is still whole.
func TestConnectionsThatEndedIdleCostNoRetry(t *testing.T) {
	s := newRaw(t, "")
	c := &paf.Client{MaxRetries: -1, Limits: engine.Limits{IdleTimeout: time.Hour}}
	defer c.Close()
	url := "http://" + s.ln.Addr().String() + "/"
	for _, body := range []string{"", "xy"} {
		var all, await sync.WaitGroup
		await.Add(6)
		s.mu.Lock()
		s.await = &await
		s.mu.Unlock()
		for range 6 {
			all.Go(func() {
				if resp, err := c.Get(t.Context(), url); err != nil {
					t.Error(err)
				} else if content, err := io.ReadAll(resp.Body); string(content) != "ok" {
					t.Errorf("%q, %v", content, err)
				}
			})
		}
		all.Wait()
		s.closeAll()
		var content io.Reader
		if body != "" {
			content = io.MultiReader(strings.NewReader(body))
		}
		r, err := paf.NewRequest("POST", url, content)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatalf("with %q: %v", body, err)
		}
		if got, err := io.ReadAll(resp.Body); string(got) != (body + "ok")[:2] {
			t.Errorf("with %q: %q, %v", body, got, err)
		}
	}
}

// A server that speaks first is not asked again and again.
func TestServerThatSpeaksFirstIsAskedOnce(t *testing.T) {
	s := newRaw(t, "220 mail ready\r\n")
	c := &paf.Client{}
	defer c.Close()
	if resp, err := c.Get(t.Context(), "http://"+s.ln.Addr().String()+"/"); err == nil {
		t.Errorf("it was taken for a server of HTTP: %d", resp.Status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) != 1 {
		t.Errorf("%d connections", len(s.conns))
	}
}
