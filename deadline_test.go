package paf_test

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// took fails unless something took about as long as it should have.
func took(t *testing.T, what string, start time.Time, want time.Duration) {
	t.Helper()
	if d := time.Since(start); d < want || d > want+time.Second {
		t.Errorf("%s took %v, not %v", what, d, want)
	}
}

// A handler that waits for content no longer than it wants goes on afterwards, and may answer.
func TestReadDeadlineEndsTheWaitForContent(t *testing.T) {
	var failed chan error
	server := func() *paf.Server {
		failed = make(chan error, 1)
		return handle(func(w *paf.ResponseWriter, r *paf.Request) {
			start := time.Now()
			r.SetReadDeadline(time.Now().Add(3 * time.Second))
			_, err := r.Body.Read(make([]byte, 100))
			took(t, "Read", start, 3*time.Second)
			failed <- err
			_, _ = io.WriteString(w, "too slow")
		})
	}
	eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
		body, never := io.Pipe()
		r := newRequest(t, "POST", "http://memory.test/", body)
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, resp); got != "too slow" {
			t.Errorf("answered %q", got)
		}
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read failed with %v", err)
		}
		_ = never.Close()
	})
}

// A handler that writes to a client which does not read waits no longer than it wants.
func TestWriteDeadlineEndsTheWaitForAClientThatDoesNotRead(t *testing.T) {
	var failed chan error
	server := func() *paf.Server {
		failed = make(chan error, 1)
		return handle(func(w *paf.ResponseWriter, r *paf.Request) {
			start := time.Now()
			w.SetWriteDeadline(time.Now().Add(3 * time.Second))
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					took(t, "Write", start, 3*time.Second)
					failed <- err
					return
				}
			}
		})
	}
	eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
		resp, err := c.Do(t.Context(), newRequest(t, "GET", "http://memory.test/", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		// On HTTP/1 a write that waits is cut together with the connection.
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, paf.ErrPeerGone) && c.Protocol == paf.HTTP2 {
			t.Errorf("Write failed with %v", err)
		}
	})
}

// Shutdown returns when the last handler has, however late that is, even if all connections have been cut, but keeps to its
// context; Serve has none to keep to.
func TestServeWaitsForHandlersThatDoNotListen(t *testing.T) {
	var returned chan time.Time
	server := func() *paf.Server {
		returned = make(chan time.Time, 3)
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			time.Sleep(5 * time.Second) // and does not look at the context
			returned <- time.Now()
		})
		return s
	}
	eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
		for range 3 {
			askAndForget(t, c, "GET", "/")
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || len(returned) != 0 {
			t.Errorf("Shutdown: %v", err)
		}
		if err := s.Shutdown(context.Background()); err != nil || len(returned) != 3 {
			t.Errorf("Shutdown without a bound returned when %d of 3 handlers had: %v", len(returned), err)
		}
	})
}

// So does ServeFlow: whoever serves a flow of their own may take everything down after it.
func TestServeFlowWaitsForHandlersThatDoNotListen(t *testing.T) {
	for name, request := range map[string]string{
		"HTTP/1.1": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x06\x01\x05\x00\x00\x00\x01\x82\x86\x84\x41\x01a" +
			"\x00\x00\x06\x01\x05\x00\x00\x00\x03\x82\x86\x84\x01\x01a", // whose handler runs on another goroutine
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var running atomic.Int32
				s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
					defer running.Add(-1)
					time.Sleep(time.Duration(running.Add(1)) * 5 * time.Second)
				})
				here, there := flow.Pipe(0)
				done := make(chan struct{})
				go func() {
					_ = s.ServeFlow(context.Background(), there)
					close(done)
				}()
				_, _ = io.WriteString(here, request)
				time.Sleep(time.Second)
				_ = here.Close()
				<-done
				if n := running.Load(); n > 0 {
					t.Errorf("ServeFlow returned before %d handlers", n)
				}
			})
		})
	}
}
