package paf_test

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/paftest"
)

func exit() { runtime.Goexit() }

// exiting is a handler that ends its goroutine, as t.Fatal does, where the path says.
func exiting(w *paf.ResponseWriter, r *paf.Request) {
	switch r.Path {
	case "/before":
		exit()
	case "/held":
		_, _ = w.WriteString("half")
		exit()
	case "/after":
		_, _ = w.WriteString("half")
		_ = w.Flush()
		exit()
	case "/panic":
		defer exit()
		panic("a bug")
	}
	hello(w, r)
}

// A handler that ends its goroutine takes its connection with it, at once: nobody takes what it has written for a whole
// response, and what follows on the connection gets none. Others go on.
func TestGoexitInAHandlerEndsItsConnectionAndNoOther(t *testing.T) {
	for path, want := range map[string]string{"/before": "", "/held": "", "/panic": "", "/after": "\r\n4\r\nhalf\r\n"} {
		virtually(t, handle(exiting), func(t *testing.T, s *paftest.Server) {
			other, p := newPeer(t, s), newPeer(t, s)
			start := time.Now()
			_ = other.send("POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
			_ = p.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" + last)
			got, err := io.ReadAll(p.in)
			if err != nil || !strings.HasSuffix(string(got), want) || want == "" && len(got) > 0 || time.Since(start) > 0 {
				t.Errorf("%s: got %q, %v after %v", path, got, err, time.Since(start))
			}
			_ = other.send("hello" + last)
			if got := other.answer() + ", " + other.answer(); got != "200 hello /first, 200 hello /last close" {
				t.Errorf("%s: the other connection got %s", path, got)
			}
			synctest.Wait() // a connection is closed before it leaves its group
			if stats := s.Stats(); stats.Active != 0 || stats.Conns > 1 {
				t.Errorf("%s: something is left: %+v", path, stats)
			}
		})
	}
}

// What a handler has begun beside itself is told that it is over.
func TestGoexitInAHandlerCancelsItsContext(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		var told error
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			ctx := r.Context()
			go func() {
				<-ctx.Done()
				told = context.Cause(ctx)
			}()
			time.Sleep(time.Second)
			exit()
		})
		virtually(t, s, func(t *testing.T, s *paftest.Server) {
			s.Client.Protocol = protocol
			if resp, err := s.Client.Get(t.Context(), "http://x.test/"); err == nil {
				t.Errorf("%v: got %v", protocol, resp)
			}
			synctest.Wait()
			if told == nil {
				t.Errorf("%v: it was not told", protocol)
			}
		})
	}
}

// So it is when there is no room to read ahead, and nobody reads.
func TestGoexitBehindContentThatNobodyReadsCancelsTheContext(t *testing.T) {
	told := make(chan error, 1)
	addr := serve(t, handle(func(_ *paf.ResponseWriter, r *paf.Request) {
		ctx := r.Context()
		go func() {
			<-ctx.Done()
			told <- context.Cause(ctx)
		}()
		time.Sleep(100 * time.Millisecond) // what there is room for is read ahead
		exit()
	}))
	_, _ = io.WriteString(dial(t, addr), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 8<<10))
	select {
	case <-told:
	case <-time.After(5 * time.Second):
		t.Error("it was not told")
	}
}

// On HTTP/2 it costs its stream, and not the connection.
func TestGoexitInAHandlerCostsOneStream(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/slow" {
			time.Sleep(time.Second)
		}
		exiting(w, r)
	})
	s.Log = slog.New(slog.DiscardHandler)
	inMemory(t, s, func(t *testing.T, c *paf.Client, stop func()) {
		exits := func(t *testing.T) {
			for _, path := range []string{"/before", "/held", "/after", "/panic"} {
				resp, err := c.Get(t.Context(), "http://x.test"+path)
				if err != nil {
					continue
				}
				if body, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("%s: %d %q was taken for whole", path, resp.Status, body)
				}
				resp.Body.Close()
			}
		}
		start := time.Now()
		exits(t)
		if d := time.Since(start); d > 0 {
			t.Errorf("it took %v until another read", d)
		}
		slow := make(chan string)
		go func() {
			resp, err := c.Get(t.Context(), "http://x.test/slow")
			if err != nil {
				slow <- err.Error()
				return
			}
			slow <- readAll(t, resp)
		}()
		synctest.Wait()
		for range 100 {
			exits(t)
		}
		if got := <-slow; got != "hello /slow" {
			t.Errorf("beside it: %q", got)
		}
		if stats := s.Stats(); stats.Opened != 1 || stats.Active != 0 {
			t.Errorf("stats %+v", stats)
		}
	})
}

// A connection of HTTP/2 that outlives a goroutine which has served it is counted until its end, though it is parked meanwhile: it counts
// for MaxConns, and Serve waits for it.
func TestAConnectionThatGoexitLeavesIsCountedOnce(t *testing.T) {
	s := handle(exiting)
	s.MaxConns = 1
	addr, stop := parking(t, s, nil)
	c := &paf.Client{Protocol: paf.HTTP2, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
	defer c.Close()
	for range 3 {
		if _, err := fetch(t, c, "http://x/before"); err == nil {
			t.Error("there was an answer")
		}
		if got, err := fetch(t, c, "http://x/"); err != nil || got != "hello /" {
			t.Errorf("%q, %v", got, err)
		}
		asleep(t)
	}
	second := dial(t, addr)
	_ = second.SetDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = io.WriteString(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if n, err := second.Read(make([]byte, 100)); err == nil {
		t.Errorf("%d bytes of an answer on a second connection: %+v", n, s.Stats())
	}
	c.Close()
	_ = second.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := second.Read(make([]byte, 100)); err != nil {
		t.Errorf("the second connection was not accepted after the first: %v", err)
	}
	stop()
	if stats := s.Stats(); stats.Conns != 0 || stats.Opened != 2 {
		t.Errorf("%+v", stats)
	}
}
