package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxyproto"
)

// A refusals is the handler of a server's log: it passes on what goes wrong, and of what is told for whoever looks for faults the connections that are
// refused before their first request. Anybody who can connect can cause those, so of them there are at most some in a while.
type refusals struct {
	slog.Handler
	bound *bound
}

// withRefusals returns a log that passes on to log, and what tells in the end how many refusals were left out.
func withRefusals(log *slog.Logger) (all *slog.Logger, finish func()) {
	b := &bound{log: log}
	return slog.New(&refusals{log.Handler(), b}), b.tell
}

// Enabled implements slog.Handler: the server tells of refusals at the level of Debug.
func (*refusals) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelDebug }

// Handle implements slog.Handler.
func (r *refusals) Handle(ctx context.Context, record slog.Record) error {
	if r.Handler.Enabled(ctx, record.Level) {
		return r.Handler.Handle(ctx, record)
	}
	var peer net.Addr
	var why error
	record.Attrs(func(a slog.Attr) bool {
		switch v := a.Value.Any().(type) {
		case net.Addr:
			peer = v
		case error:
			why = v
		}
		return true
	})
	if errors.Is(why, paf.ErrHandshake) && !errors.Is(why, context.Canceled) { // which is the end of all
		r.bound.refused(peer, why)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (r *refusals) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &refusals{r.Handler.WithAttrs(attrs), r.bound}
}

// WithGroup implements slog.Handler.
func (r *refusals) WithGroup(name string) slog.Handler {
	return &refusals{r.Handler.WithGroup(name), r.bound}
}

// At most so many refusals have a line of their own in so long; the others are counted.
const (
	refusalsTold = 5
	refusalsIn   = time.Second
)

// A bound is a log of refusals.
type bound struct {
	log *slog.Logger

	mu      sync.Mutex
	running bool // a while has begun
	told    int  // in it
	omitted int
}

// refused tells of one, or counts it.
func (b *bound) refused(peer net.Addr, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.running {
		b.running = true
		time.AfterFunc(refusalsIn, b.tell)
	}
	if b.told == refusalsTold {
		b.omitted++
		return
	}
	b.told++
	if of := new(proxyproto.Error); errors.As(why, &of) {
		peer, why = of.Peer, of.Err // else it is named twice
	}
	b.log.Warn("a connection was refused", "peer", Peer(peer), "reason", reason(why))
}

// tell ends a while.
func (b *bound) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.omitted > 0 {
		b.log.Warn("more connections were refused", "number", b.omitted)
	}
	b.running, b.told, b.omitted = false, 0, 0
}

// reason returns what is told of an error: that it is one of a handshake goes without saying.
func reason(err error) string {
	if all, is := err.(interface{ Unwrap() []error }); is {
		for _, of := range all.Unwrap() {
			if of != paf.ErrHandshake {
				return of.Error()
			}
		}
	}
	return err.Error()
}
