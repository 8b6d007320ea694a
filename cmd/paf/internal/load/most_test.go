package load

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// TestMoreThanCanBeIsRefused, before any of it is made.
func TestMoreThanCanBeIsRefused(t *testing.T) {
	for says, o := range map[string]Options{
		"-c 2147483647 is too much: it takes 1000000 at most":                       {Connections: math.MaxInt32},
		"-m 2147483647 is too much: it takes 100000 at most":                        {Streams: math.MaxInt32},
		"--pipeline 2147483647 is too much: it takes 100000 at most":                {Pipeline: math.MaxInt32},
		"-c 1001 with 10000 requests at the same time on each is too":               {Connections: 1001, Streams: 10_000, NoFiles: true},
		"-c 1000000 with 11 requests at the same time on each is too much: 1000000": {Connections: 1_000_000, Pipeline: 11, NoFiles: true},
	} {
		o.URL, o.Number = "http://127.0.0.1:1/", 1
		r, err := Run(t.Context(), o)
		if r != nil || err == nil || exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, not %q", err, says)
		}
	}
	o := Options{Connections: 20_000}
	if err := o.excess(20_000); err == nil || !strings.Contains(err.Error(), "-c 20000 needs more open files than this process may have (20000)") {
		t.Errorf("as many connections as files: %v", err)
	}
	if err := o.excess(21_000); err != nil {
		t.Errorf("fewer connections than files: %v", err)
	}
	o.NoFiles = true
	if err := o.excess(20_000); err != nil {
		t.Errorf("connections without files: %v", err)
	}
	if files := fileLimit(); files < 64 {
		t.Errorf("this process may have %d files open", files)
	}
}

// TestARunThatIsInterruptedMakesNoMoreConnections: with many of them that takes its time.
func TestARunThatIsInterruptedMakesNoMoreConnections(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStop)
	o := Options{URL: "http://127.0.0.1:1/", Connections: mostConnections, NoFiles: true}
	start := time.Now()
	if r, err := Run(ctx, o); r != nil || err != errStop {
		t.Errorf("%v, %v", r, err)
	}
	run, err := newRun(&o)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.openAll(ctx, ctx, nil); err != errStop || len(run.conns) != 0 {
		t.Errorf("%v, with %d places made", err, len(run.conns))
	}
	t.Logf("in %v", time.Since(start))
}
