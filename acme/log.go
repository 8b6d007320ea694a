package acme

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// quiet passes on at level Debug what acmez logs: what of it matters comes back as an error.
type quiet struct{ slog.Handler }

// Enabled reports whether anybody looks for faults.
func (q quiet) Enabled(ctx context.Context, _ slog.Level) bool {
	return q.Handler.Enabled(ctx, slog.LevelDebug)
}

// Handle passes a record on.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	quieter := slog.NewRecord(r.Time, slog.LevelDebug, "acme: acmez: "+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool { quieter.AddAttrs(a); return true })
	return q.Handler.Handle(ctx, quieter)
}

// WithAttrs is slog.Handler's.
func (q quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(as)} }

// WithGroup is slog.Handler's.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }

// newZap returns a logger for certmagic that writes to l: what certmagic takes for information at level Debug, the rest at its own.
func newZap(l *slog.Logger) *zap.Logger { return zap.New(&core{log: l}) }

// A core is where zap's loggers end.
type core struct{ log *slog.Logger }

func levelOf(l zapcore.Level) slog.Level {
	switch {
	case l >= zapcore.ErrorLevel:
		return slog.LevelError
	case l == zapcore.WarnLevel:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// Enabled reports whether a level is of interest.
func (c *core) Enabled(l zapcore.Level) bool { return c.log.Enabled(context.Background(), levelOf(l)) }

// With adds fields to all that follows.
func (c *core) With(fields []zapcore.Field) zapcore.Core { return &core{c.log.With(attrs(fields)...)} }

// Check says that c writes what is of interest.
func (c *core) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return to.AddCore(e, c)
	}
	return to
}

// Write writes one entry.
func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	message := "acme: certmagic: " + e.Message
	if e.LoggerName != "" {
		message = "acme: certmagic: " + strings.ReplaceAll(e.LoggerName, ".", ": ") + ": " + e.Message
	}
	c.log.Log(context.Background(), levelOf(e.Level), message, attrs(fields)...)
	return nil
}

// Sync has nothing to do.
func (c *core) Sync() error { return nil }

// attrs returns zap's fields as slog's, in the order of their names.
func attrs(fields []zapcore.Field) []any {
	m := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(m)
	}
	as := make([]any, 0, len(m.Fields))
	for name, value := range m.Fields {
		as = append(as, slog.Any(name, value))
	}
	slices.SortFunc(as, func(a, b any) int { return strings.Compare(a.(slog.Attr).Key, b.(slog.Attr).Key) })
	return as
}
