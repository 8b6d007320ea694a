package conformance

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

// descriptors returns the number of this process's open descriptors.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("SKIPPED: no /proc: descriptors were not counted: %v", err)
	}
	return len(all)
}

// settles waits until goroutines and descriptors are no more than before.
func settles(t *testing.T, goroutines, fds int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		g, f := runtime.NumGoroutine(), descriptors(t)
		if g <= goroutines && f <= fds {
			return
		}
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before; %d descriptors, %d before\n%s", g, goroutines, f, fds, buf[:runtime.Stack(buf, true)])
		}
	}
}

func work(w *paf.ResponseWriter, r *paf.Request) {
	switch r.Path {
	case "/slow":
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Millisecond):
		}
	case "/big":
		buf := make([]byte, 64<<10)
		for range 64 {
			if _, err := w.Write(buf); err != nil {
				return
			}
		}
	default:
		_, _ = io.Copy(w, r.Body)
	}
}

// TestServerLeavesNothingBehind lets peers break off in every phase of a connection, and stops
// the server while some are in each: nothing may be left when Serve has returned.
func TestServerLeavesNothingBehind(t *testing.T) {
	phases := []string{
		"",
		"GET /slow HT",
		"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n",
		"rubbish\r\n\r\n",
	}
	goroutines, fds := runtime.NumGoroutine(), descriptors(t)
	for round := range 4 {
		s := &paf.Server{Handler: paf.HandlerFunc(work), Log: slog.New(slog.DiscardHandler), GracePeriod: 100 * time.Millisecond, LingerTimeout: 100 * time.Millisecond}
		ln := testkit.Listen(t)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Serve(ctx, ln) }()
		var open []net.Conn
		for i := range 200 {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(c, phases[i%len(phases)])
			switch i / len(phases) % 4 {
			case 0:
				_ = c.(*net.TCPConn).SetLinger(0) // close by reset
				c.Close()
			case 1:
				c.Close()
			case 2:
				_ = c.(*net.TCPConn).CloseWrite()
				open = append(open, c)
			default:
				open = append(open, c)
			}
		}
		if round%2 == 0 {
			time.Sleep(20 * time.Millisecond)
		}
		stop()
		if !ended(t, "Serve", done) {
			return
		}
		if stats := s.Stats(); stats.Conns != 0 || stats.Active != 0 {
			t.Errorf("something is left: %+v", stats)
		}
		for _, c := range open {
			c.Close()
		}
	}
	settles(t, goroutines, fds)
}

// TestClientLeavesNothingBehind cancels and closes in every phase of an exchange.
func TestClientLeavesNothingBehind(t *testing.T) {
	goroutines, fds := runtime.NumGoroutine(), descriptors(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/reset" {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(w, io.LimitReader(r.Body, 1000))
		w.(http.Flusher).Flush()
		time.Sleep(time.Millisecond)
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
	}))
	c := &paf.Client{}
	for i := range 200 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i*20)*time.Microsecond)
		path := "/"
		if i%5 == 0 {
			path = "/reset"
		}
		r, err := paf.NewRequest("POST", s.URL+path, strings.NewReader(strings.Repeat("y", i*100)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(ctx, r)
		if err == nil {
			if i%3 != 0 {
				_, _ = io.CopyN(io.Discard, resp.Body, int64(i*500))
			}
			resp.Body.Close()
		}
		cancel()
	}
	c.Close()
	if stats := c.Stats(); stats.Conns != 0 || stats.Active != 0 {
		t.Errorf("something is left: %+v", stats)
	}
	s.CloseClientConnections()
	s.Close()
	settles(t, goroutines, fds)
}
