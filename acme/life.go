package acme

import (
	"context"
	"errors"
	"sync"
)

// A life is how long a Manager lasts: what it does for others, some of which certmagic has begun on goroutines of its own, ends with it.
type life struct {
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	closed bool
	tasks  sync.WaitGroup
}

func newLife() *life {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &life{ctx: ctx, cancel: cancel}
}

// begin returns a context that ends with ctx and with the life, and what to call when the task is done; ErrClosed after the end.
func (l *life) begin(ctx context.Context) (context.Context, func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, ErrClosed
	}
	l.tasks.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.ctx, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil); l.tasks.Done() }, nil
}

// end cancels what has begun, and waits for it; false if that has been done before.
func (l *life) end() bool {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.mu.Unlock()
	l.cancel(ErrClosed)
	l.tasks.Wait()
	return first
}

// failures collects why each CA has failed: certmagic returns the last CA's error alone.
type failures struct {
	mu  sync.Mutex
	all []error
}

type failuresKey struct{}

func withFailures(ctx context.Context) (context.Context, *failures) {
	f := &failures{}
	return context.WithValue(ctx, failuresKey{}, f), f
}

func failuresOf(ctx context.Context) *failures {
	f, _ := ctx.Value(failuresKey{}).(*failures)
	return f
}

func (f *failures) add(err error) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, err)
}

// or returns all failures, or err if there were none.
func (f *failures) or(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil || len(f.all) == 0 {
		return err
	}
	return errors.Join(f.all...)
}
