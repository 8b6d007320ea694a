package issue

import (
	"context"
	"log/slog"
	"strings"
)

// Warnings returns a logger that passes on warnings and worse, in the words of the command line: what goes well is told in steps.
func Warnings(l *slog.Logger) *slog.Logger { return slog.New(warnings{l.Handler()}) }

type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

// Handle implements slog.Handler. What users can do about an error is in it.
func (w warnings) Handle(ctx context.Context, r slog.Record) error {
	own := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if err, is := a.Value.Any().(error); is {
			a.Value = slog.StringValue(strings.ReplaceAll(told{err}.Error(), "\n", " "))
		}
		own.AddAttrs(a)
		return true
	})
	return w.Handler.Handle(ctx, own)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(as []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(as)} }

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
