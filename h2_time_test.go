package paf_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/paftest"
)

// inMemory runs f in virtual time with a server and a client of HTTP/2 in memory.
func inMemory(t *testing.T, s *paf.Server, f func(t *testing.T, c *paf.Client, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		ln := paftest.Listen()
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Serve(ctx, ln) }()
		c := &paf.Client{Protocol: paf.HTTP2, Context: mimic.Add(mimic.Context{}, paftest.Memory, ln)}
		f(t, c, stop)
		c.Close()
		stop()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// A handler that blocks for ten seconds, outside of paf or within, delays no other stream of its connection by more than
// 10 ms: in virtual time, where only paf's own waiting takes any.
func TestABlockingHandlerDelaysNobody(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/sleeps":
			time.Sleep(10 * time.Second)
		case "/reads":
			_, _ = io.Copy(io.Discard, r.Body)
		case "/waits":
			<-r.Context().Done()
		}
		_, _ = io.WriteString(w, "done")
	})
	inMemory(t, s, func(t *testing.T, c *paf.Client, stop func()) {
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		hold, let := io.Pipe()
		for _, path := range []string{"/sleeps", "/sleeps", "/reads", "/waits", "/sleeps"} {
			wg.Go(func() {
				r := newRequest(t, "GET", "http://memory.test"+path, nil)
				if path == "/reads" {
					r = newRequest(t, "POST", "http://memory.test"+path, hold)
				}
				if resp, err := c.Do(ctx, r); err == nil {
					_ = readAll(t, resp)
				}
			})
			time.Sleep(time.Millisecond)
			for range 20 {
				start := time.Now()
				resp, err := c.Get(ctx, "http://memory.test/quick")
				if err != nil {
					t.Fatal(err)
				}
				if got := readAll(t, resp); got != "done" {
					t.Errorf("got %q", got)
				}
				if took := time.Since(start); took > 10*time.Millisecond {
					t.Errorf("beside %s a request took %v", path, took)
				}
			}
		}
		if n := c.Stats().Opened; n != 1 {
			t.Errorf("%d connections", n)
		}
		_ = let.Close()
		time.Sleep(11 * time.Second)
		cancel()
		wg.Wait()
	})
}

// A peer that gives no credit holds a handler up for StallTimeout, not for ever, and nobody else.
func TestAPeerThatTakesNothingIsCutOff(t *testing.T) {
	var failed chan error // made in the bubble
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/large" {
			_, err := io.Copy(w, io.LimitReader(endless{}, 64<<20))
			failed <- err
			return
		}
		_, _ = io.WriteString(w, "done")
	})
	inMemory(t, s, func(t *testing.T, c *paf.Client, stop func()) {
		failed = make(chan error, 1)
		start := time.Now()
		resp, err := c.Get(t.Context(), "http://memory.test/large")
		if err != nil {
			t.Fatal(err)
		}
		other, err := c.Get(t.Context(), "http://memory.test/small")
		if err != nil {
			t.Fatal(err)
		}
		_ = readAll(t, other)
		err = <-failed
		var fault *engine.Error
		if !errors.As(err, &fault) || !strings.Contains(string(fault.Rule), "StallTimeout") {
			t.Errorf("the handler got %v", err)
		}
		if took := time.Since(start); took < 59*time.Second || took > 62*time.Second {
			t.Errorf("after %v", took)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("a response that was cut off was taken for whole")
		}
		_ = resp.Body.Close()
	})
}

// A stop lets exchanges finish, refuses new ones, and takes no longer than they do.
func TestAStopLetsStreamsFinish(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = io.WriteString(w, "first ")
		_ = w.Flush()
		time.Sleep(3 * time.Second)
		_, _ = io.WriteString(w, "second")
	})
	inMemory(t, s, func(t *testing.T, c *paf.Client, stop func()) {
		start := time.Now()
		resp, err := c.Get(t.Context(), "http://memory.test/")
		if err != nil {
			t.Fatal(err)
		}
		stop()
		time.Sleep(time.Second)
		if _, err := c.Get(t.Context(), "http://memory.test/"); err == nil {
			t.Error("a server that stops took another request")
		}
		if got := readAll(t, resp); got != "first second" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(start); took > 3100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// What a client sends too slowly ends its stream with 408, and no other.
func TestContentThatDoesNotComeTimesOut(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("content that never ended was read to its end")
		}
	})
	s.Limits.ContentTimeout = 5 * time.Second
	inMemory(t, s, func(t *testing.T, c *paf.Client, stop func()) {
		hold, let := io.Pipe()
		go func() { _, _ = let.Write([]byte("some")) }()
		start := time.Now()
		resp, err := c.Do(t.Context(), newRequest(t, "POST", "http://memory.test/", hold))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Status != 408 {
			t.Errorf("answered %d", resp.Status)
		}
		if took := time.Since(start); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("after %v", took)
		}
		_ = resp.Body.Close()
		_ = let.Close()
	})
}
