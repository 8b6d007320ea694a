package paf_test

import (
	"context"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
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

// A slowCloser takes its time to close.
type slowCloser struct{ net.Conn }

func (c slowCloser) Close() error {
	time.Sleep(time.Second)
	return c.Conn.Close()
}

type slowClosers struct{ net.Listener }

func (l slowClosers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return slowCloser{c}, nil
}

// Flows that take their time to close do so side by side.
func TestSlowClosesDoNotWaitForEachOther(t *testing.T) {
	began := make(chan struct{}, 10)
	s := handle(func(_ *paf.ResponseWriter, r *paf.Request) {
		began <- struct{}{}
		<-r.Context().Done()
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), slowClosers{ln}) }()
	for range cap(began) {
		_, _ = io.WriteString(dial(t, ln.Addr().String()), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		<-began
	}
	start := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Shutdown(ctx)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if d := time.Since(start); d > 4*time.Second {
		t.Errorf("ten flows that take a second each to close took %v", d)
	}
}
