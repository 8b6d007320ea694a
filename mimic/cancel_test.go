package mimic_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/paf-go/paf/mimic"
)

// never is a function that must not run, since its context.Context has ended.
func never[T any](t *testing.T) func(context.Context) (T, error) {
	return func(context.Context) (v T, err error) {
		t.Error("went on after the end of the context")
		return v, nil
	}
}

func TestCancellationStopsTheWalk(t *testing.T) {
	errWhy := errors.New("the user left")
	var cancel context.CancelCauseFunc
	first := mimic.Register("first", 1, func(ctx context.Context, _ int) (*memory, error) {
		cancel(errWhy)
		<-ctx.Done()
		return nil, errClosed
	})
	second := mimic.Register("second", 2, func(ctx context.Context, _ int) (*memory, error) { return never[*memory](t)(ctx) })
	c := mimic.Add(mimic.Add(mimic.Context{}, first, 1), second, 2)
	es, _ := c.Unfold(t.Context())

	for claim, resolve := range map[string]func(context.Context) error{
		"Resolve":                   func(ctx context.Context) error { _, err := c.Resolve(ctx); return err },
		"Connect":                   func(ctx context.Context) error { _, err := mimic.Connect(ctx, es); return err },
		"Connect with nothing left": func(ctx context.Context) error { _, err := mimic.Connect(ctx, es[:1]); return err },
	} {
		t.Run(claim, func(t *testing.T) {
			ctx, end := context.WithCancelCause(t.Context())
			defer end(nil)
			cancel = end
			err := resolve(ctx)
			is(t, err, context.Canceled, errWhy, errClosed)
			isNot(t, err, mimic.ErrNotFound)
		})
	}
}

func TestCancellationStopsTheFunctions(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := mimic.Register("out", 1, remember[int])
	n := mimic.NewKey[int]("n")
	c := mimic.Fold1(mimic.Context{}, out, mimic.Req(n), func(ctx context.Context, _ int) (int, error) { return never[int](t)(ctx) })
	c = mimic.Fold0(c, n, func(context.Context) (int, error) { cancel(); return 1, nil })
	_, err := c.Resolve(ctx)
	is(t, err, context.Canceled)
	isNot(t, err, mimic.ErrNotFound)

	_, err = c.Resolve(ctx) // ended before it began
	is(t, err, context.Canceled)
	_, err = c.Unfold(ctx)
	is(t, err, context.Canceled)
	_, err = mimic.Context{}.Resolve(ctx)
	is(t, err, context.Canceled)
}

func TestEndpointsAreLoggedBeforeConnecting(t *testing.T) {
	var log strings.Builder
	level := new(slog.LevelVar)
	level.Set(slog.LevelDebug)
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
	tls := mimic.Register("tls", 10, func(context.Context, string) (*memory, error) {
		if !strings.Contains(log.String(), "resolving") {
			t.Error("not logged before connecting")
		}
		return nil, errClosed
	})
	tcp := mimic.Register("tcp", 20, remember[string])
	host := mimic.NewKey[string]("host")
	c := mimic.Fold1(mimic.Context{}, tcp, mimic.Req(host), func(_ context.Context, h string) (string, error) { return h, nil })
	c = mimic.Add(mimic.Add(mimic.Add(c, tls, "s3cret"), host, "s3cret"), mimic.Logger, logger)

	made(t, c)
	check := func(want ...string) {
		t.Helper()
		for _, w := range append(want, "component=mimic", "level=DEBUG") {
			if !strings.Contains(log.String(), w) {
				t.Errorf("log %q does not say %s", log.String(), w)
			}
		}
		if strings.Contains(log.String(), "s3cret") {
			t.Errorf("log %q shows a value", log.String())
		}
		log.Reset()
	}
	check(`msg=resolving`, `endpoints="tls, tcp(host)"`, `msg="endpoint failed"`, "connect tls: memory: closed")

	es, _ := c.Unfold(t.Context())
	if _, err := mimic.Connect(t.Context(), es); err != nil {
		t.Fatal(err)
	}
	check(`endpoints="tls, tcp"`)

	level.Set(slog.LevelInfo)
	plain := mimic.Add(mimic.Context{}, tcp, "x")
	made(t, mimic.Add(plain, mimic.Logger, logger))
	equal(t, "log above Debug", log.String(), "")
	made(t, mimic.Add(plain, mimic.Logger, nil)) // slog.Default()
}
