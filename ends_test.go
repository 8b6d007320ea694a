package paf_test

import (
	"context"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// An answer to HTTP/1.0 that has no length and is abandoned does not end as a whole one would.
func TestAnAbandonedAnswerToHTTP10DoesNotLookWhole(t *testing.T) {
	for path, whole := range map[string]bool{"/whole": true, "/abort": false} {
		addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
			_, _ = w.WriteString("the first half")
			_ = w.Flush()
			if r.Path == "/abort" {
				panic(paf.ErrAbort)
			}
		}))
		c := dial(t, addr)
		_, _ = io.WriteString(c, "GET "+path+" HTTP/1.0\r\n\r\n")
		if got, err := io.ReadAll(c); whole != (err == nil) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}

// A deadline centuries ahead has not passed.
func TestDeadlinesFarAwayHaveNotPassed(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		far := time.Now().AddDate(400, 0, 0)
		r.SetReadDeadline(far)
		w.SetWriteDeadline(far)
		if n, err := io.Copy(w, r.Body); n != 5 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	s.WriteTimeout, s.LingerTimeout, s.DrainTimeout = math.MaxInt64, math.MaxInt64, math.MaxInt64
	got := exchangeRaw(t, serve(t, s), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
	if !strings.HasSuffix(got, "\r\n\r\nhello") {
		t.Errorf("%q", got)
	}
}

// A slowCloser takes its time to close, as TLS does whose peer reads nothing.
type slowCloser struct{ *net.TCPConn }

func (c slowCloser) Close() error {
	time.Sleep(time.Second)
	return c.TCPConn.Close()
}

type slowClosers struct{ net.Listener }

func (l slowClosers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return slowCloser{c.(*net.TCPConn)}, nil
}

// Flows that take their time to close do so side by side, and Shutdown keeps to its context: with handlers, idle, and parked.
func TestSlowClosesDoNotWaitForEachOther(t *testing.T) {
	for _, state := range []string{"/busy", "/idle", "/parked"} {
		began := make(chan struct{}, 10)
		s := handle(func(_ *paf.ResponseWriter, r *paf.Request) {
			began <- struct{}{}
			if r.Path == "/busy" {
				<-r.Context().Done()
			}
		})
		s.ParkAfter = -1
		if state == "/parked" && canPark() {
			s.ParkAfter = time.Millisecond
		}
		ln := testkit.Listen(t)
		done := make(chan error, 1)
		go func() { done <- s.Serve(context.Background(), slowClosers{ln}) }()
		for range cap(began) {
			_, _ = io.WriteString(dial(t, ln.Addr().String()), "GET "+state+" HTTP/1.1\r\nHost: x\r\n\r\n")
			<-began
		}
		if state == "/parked" && canPark() {
			asleep(t)
		}
		start := time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Shutdown(ctx)
		if d := time.Since(start); d > 900*time.Millisecond {
			t.Errorf("%s: Shutdown whose context had ended took %v", state, d)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d > 4*time.Second {
			t.Errorf("%s: ten flows that take a second each to close took %v", state, d)
		}
	}
}

var closesSlowly = mimic.Register("closes slowly", mimic.NoPriority, func(_ context.Context, addr string) (flow.Flow, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return flow.Conn(slowCloser{c.(*net.TCPConn)}), nil
})

// So do those that are idle in a client's pool.
func TestSlowClosesInAPoolDoNotWaitForEachOther(t *testing.T) {
	for name, close := range map[string]func(*paf.Client){"Close": (*paf.Client).Close, "CloseIdle": (*paf.Client).CloseIdle} {
		var all, asked sync.WaitGroup
		asked.Add(10) // so that each needs a connection of its own
		addr := serve(t, handle(func(*paf.ResponseWriter, *paf.Request) {
			asked.Done()
			asked.Wait()
		}))
		c := &paf.Client{Context: mimic.Add(mimic.Context{}, closesSlowly, addr)}
		for range 10 {
			all.Go(func() {
				if _, err := fetch(t, c, "http://x/"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := c.Stats().Idle; n != 10 {
			t.Errorf("%d connections are idle", n)
		}
		start := time.Now()
		close(c)
		if d := time.Since(start); d > 4*time.Second || c.Stats().Conns > 0 {
			t.Errorf("%s: ten flows that take a second each to close took %v", name, d)
		}
		c.Close()
	}
}
