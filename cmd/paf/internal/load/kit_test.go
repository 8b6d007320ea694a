package load

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// A memory is a server in memory.
type memory struct {
	ctx    context.Context
	server *paf.Server
}

var inMemory = mimic.Register("memory", 0, func(_ context.Context, m *memory) (flow.Flow, error) {
	ours, theirs := flow.Pipe(64 << 10)
	go func() { _ = m.server.ServeFlow(m.ctx, theirs) }()
	return ours, nil
})

// serveInMemory serves h in memory, in virtual time if that is where it is called, and returns the way to it.
func serveInMemory(t *testing.T, h paf.Handler) mimic.Context {
	return serveInMemoryBy(t, &paf.Server{Handler: h})
}

func serveInMemoryBy(t *testing.T, s *paf.Server) mimic.Context {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s.Log = slog.New(slog.DiscardHandler)
	return mimic.Add(mimic.Context{}, inMemory, &memory{ctx, s})
}

// measure runs the options in the time of the runtime's timers, which may be virtual.
func measure(t *testing.T, o Options) *record.Run {
	t.Helper()
	r, err := o.run(t.Context(), newTimers())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// kinds returns how many failed, by kind.
func kinds(r *record.Run) map[string]int64 {
	n := map[string]int64{}
	for kind, f := range r.Failures {
		n[kind] = f.Count
	}
	return n
}

var errStop = errors.New("stopped by the test")

// near reports whether two times differ by less than a share.
func near(a, b time.Duration, share float64) bool {
	d := float64(a - b)
	return d <= share*float64(b) && -d <= share*float64(b)
}
