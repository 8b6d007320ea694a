package mimic

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"strings"
)

// Logger is the key of the logger that Resolve and Connect tell what they do, at level
// Debug: which endpoints they are going to try, and which of them failed. Without one
// it is slog.Default(). Values of endpoints are not logged, for they may hold
// secrets.
var Logger = NewKey[*slog.Logger]("logger")

// A logger is a *slog.Logger with the component that is talking.
type logger struct{ *slog.Logger }

func newLogger(l *slog.Logger) logger {
	if l == nil {
		l = slog.Default()
	}
	return logger{l}
}

func (c Context) logger() logger {
	l, _ := Get(c, Logger)
	return newLogger(l)
}

// loggerOf returns the first logger among es, as Unfold lists them.
func loggerOf(es []Endpoint) logger {
	for _, e := range es {
		if l, ok := Logger.Of(e); ok {
			return newLogger(l)
		}
	}
	return newLogger(nil)
}

// resolving tells which endpoints may be tried, in order.
func (l logger) resolving(ctx context.Context, endpoints iter.Seq[string]) {
	if l.Enabled(ctx, slog.LevelDebug) {
		names := strings.Join(slices.Collect(endpoints), ", ")
		l.debug(ctx, "resolving", slog.String("endpoints", names))
	}
}

// connectable iterates over what endpoints of protocols are called: by a function
// "name(needs)", by a plain value "name".
func connectable(cs []candidate) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, c := range cs {
			if c.key.open == nil || !yield(c.String()) {
				return
			}
		}
	}
}

// namesOf iterates over the names of es.
func namesOf(es []Endpoint) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range es {
			if !yield(e.Name()) {
				return
			}
		}
	}
}

// failure tells that an endpoint is passed over.
func (l logger) failure(ctx context.Context, err error) {
	l.debug(ctx, "endpoint failed", slog.Any("error", err))
}

func (l logger) debug(ctx context.Context, msg string, a slog.Attr) {
	l.LogAttrs(ctx, slog.LevelDebug, msg, slog.String("component", "mimic"), a)
}
