package nethttp

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/paf-go/paf"
)

// A serverLog is the log of an http.Server: what its ErrorLog is when there is something to log, as with net/http, or slog.Default. Handshakes
// that fail are as much worth a line as they are to net/http.
type serverLog struct{ server *http.Server }

// under returns what logs all the rest.
func (l serverLog) under() slog.Handler {
	if l.server.ErrorLog == nil {
		return slog.Default().Handler()
	}
	return slog.NewTextHandler(lines{l.server.ErrorLog}, &slog.HandlerOptions{Level: slog.LevelWarn})
}

// Enabled implements slog.Handler.
func (serverLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l serverLog) Handle(ctx context.Context, r slog.Record) error {
	if peer, failed := handshakeOf(r); failed != nil {
		text := fmt.Sprintf("http: TLS handshake error from %v: %v", peer, failed)
		if l.server.ErrorLog != nil {
			l.server.ErrorLog.Print(text)
			return nil
		}
		r = slog.NewRecord(r.Time, slog.LevelWarn, text, r.PC)
		r.AddAttrs(slog.String("component", "paf-nethttp"))
	}
	under := l.under()
	if !under.Enabled(ctx, r.Level) {
		return nil
	}
	return under.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l serverLog) WithAttrs(attrs []slog.Attr) slog.Handler { return l.under().WithAttrs(attrs) }

// WithGroup implements slog.Handler.
func (l serverLog) WithGroup(name string) slog.Handler { return l.under().WithGroup(name) }

// lines are what is written to a log.Logger line by line: whoever wrote to its Writer would do so beside it.
type lines struct{ *log.Logger }

func (l lines) Write(line []byte) (int, error) { return len(line), l.Output(0, string(line)) }

// handshakeOf returns whose handshake has failed and why, if that is what a record tells.
func handshakeOf(r slog.Record) (peer any, why error) {
	if r.Level != slog.LevelDebug { // of a peer of ours, to whom somebody has sent a request on
		return nil, nil
	}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "error":
			why, _ = a.Value.Any().(error)
		case "peer":
			peer = a.Value.Any()
		}
		return true
	})
	if !errors.Is(why, paf.ErrHandshake) {
		return nil, nil
	}
	if both, is := why.(interface{ Unwrap() []error }); is && len(both.Unwrap()) > 1 {
		why = both.Unwrap()[1] // without paf's word for it
	}
	return peer, why
}

// logPanic logs the panic of a handler: in net/http's words, and to paf's log as paf does.
func (e *exchange) logPanic(v any) {
	version := "http"
	if e.http2() {
		version = "http2"
	}
	text := fmt.Sprintf("%s: panic serving %v: %v", version, e.conn.remote, v)
	if log := e.handler.server.ErrorLog; log != nil {
		log.Printf("%s\n%s", text, debug.Stack())
		return
	}
	e.handler.log.Load().Error(text, "component", "paf-nethttp", "method", e.request.Method, "path", e.head.from.Path, "stack", string(debug.Stack()))
}
