package nethttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/paf-go/paf"
)

// handshakes is the log of a server without an ErrorLog: slog.Default, to which handshakes that fail are as much worth a line as they are to
// net/http.
type handshakes struct{}

// Enabled implements slog.Handler.
func (handshakes) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (handshakes) Handle(ctx context.Context, r slog.Record) error {
	log := slog.Default().Handler()
	if peer, err := handshakeOf(r); err != nil {
		line := slog.NewRecord(r.Time, slog.LevelWarn, fmt.Sprintf("http: TLS handshake error from %v: %v", peer, err), r.PC)
		line.AddAttrs(slog.String("component", "paf-nethttp"))
		r = line
	}
	if !log.Enabled(ctx, r.Level) {
		return nil
	}
	return log.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (handshakes) WithAttrs(attrs []slog.Attr) slog.Handler {
	return slog.Default().Handler().WithAttrs(attrs)
}

// WithGroup implements slog.Handler.
func (handshakes) WithGroup(name string) slog.Handler {
	return slog.Default().Handler().WithGroup(name)
}

// handshakeOf returns whose handshake has failed and why, if that is what a record tells.
func handshakeOf(r slog.Record) (peer any, why error) {
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
	if both, is := why.(interface{ Unwrap() []error }); is {
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
