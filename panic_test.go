package paf_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/mimic"
)

// A panic after the head, be it ErrAbort or any other, cuts the response off: nobody may take it for whole.
func TestAnyPanicAfterTheHeadCutsTheResponseOff(t *testing.T) {
	for _, v := range []any{paf.ErrAbort, "a bug", io.EOF} {
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			_, _ = io.WriteString(w, "half")
			_ = w.Flush()
			panic(v)
		})
		s.Log = slog.New(slog.DiscardHandler)
		addr := serve(t, s)
		resp, err := http.Get("http://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil || string(body) != "half" {
			t.Errorf("%v: %q, %v", v, body, err)
		}
	}
}

// An ErrorHandler that panics costs its connection and nothing more.
func TestErrorHandlerThatPanicsIsSurvived(t *testing.T) {
	s := handle(hello)
	s.Log = slog.New(slog.DiscardHandler)
	s.ErrorHandler = func(*paf.ResponseWriter, *paf.Request, error) { panic("in the error handler") }
	addr := serve(t, s)
	if got := exchangeRaw(t, addr, "no request\r\n\r\n"); got != "" {
		t.Errorf("got %q", got)
	}
	if got := exchangeRaw(t, addr, "GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.Contains(got, "hello /after") {
		t.Errorf("got %q", got)
	}
}

// A client that ends its sending side cancels the handler's context, and does not with KeepHalfClosed; it gets its
// response in either case.
func TestAHalfClosedConnectionCancelsTheContextUnlessItIsKept(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			word := "cancelled"
			select {
			case <-r.Context().Done():
			case <-time.After(map[bool]time.Duration{false: 10 * time.Second, true: 300 * time.Millisecond}[keep]):
				word = "kept"
			}
			_, _ = io.WriteString(w, word)
		})
		s.KeepHalfClosed = keep
		c := dial(t, serve(t, s))
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		if want := map[bool]string{false: "cancelled", true: "kept"}[keep]; err != nil || !strings.HasSuffix(string(got), want) {
			t.Errorf("KeepHalfClosed %t: %q, %v", keep, got, err)
		}
	}
}

// An Interim that panics costs its exchange: its place is there for others.
func TestInterimThatPanicsCostsItsExchange(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
			w.WriteHeader(103)
			hello(w, r)
		}))
		c := &paf.Client{Protocol: protocol, MaxConns: 1, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
		for range 3 {
			func() {
				defer func() {
					if v := recover(); v != "a bug" {
						t.Errorf("%v: recovered %v", protocol, v)
					}
				}()
				r := newRequest(t, "GET", "http://x/", nil)
				r.Options = &paf.SendOptions{Interim: func(int, *paf.Fields) error { panic("a bug") }}
				resp, err := c.Do(context.Background(), r)
				t.Errorf("%v: %v, %v", protocol, resp, err)
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if resp, err := c.Get(ctx, "http://x/after"); err != nil {
				t.Errorf("%v: %v", protocol, err)
			} else if got := readAll(t, resp); got != "hello /after" {
				t.Errorf("%v: %q", protocol, got)
			}
			cancel()
		}
		if stats := c.Stats(); stats.Active != 0 {
			t.Errorf("%v: something is left: %+v", protocol, stats)
		}
		c.Close()
	}
}

// A Connected that panics costs nothing: the connection is there for others.
func TestConnectedThatPanicsCostsNothing(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		addr := serve(t, handle(hello))
		c := &paf.Client{Protocol: protocol, MaxConns: 1, Limits: engine.Limits{Streams: 1}, Context: mimic.Add(mimic.Context{}, paf.TCP, addr)}
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			func() {
				defer func() { _ = recover() }()
				r := newRequest(t, "GET", "http://x/", nil)
				r.Options = &paf.SendOptions{Connected: func(paf.Connection, *paf.Request) { panic("a bug") }}
				resp, err := c.Do(ctx, r)
				t.Errorf("%v: %v, %v", protocol, resp, err)
			}()
			if resp, err := c.Get(ctx, "http://x/after"); err != nil {
				t.Errorf("%v: %v", protocol, err)
			} else if got := readAll(t, resp); got != "hello /after" {
				t.Errorf("%v: %q", protocol, got)
			}
			cancel()
		}
		if stats := c.Stats(); stats.Opened != 1 {
			t.Errorf("%v: %+v", protocol, stats)
		}
		c.Close()
	}
}
