package paf_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
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
