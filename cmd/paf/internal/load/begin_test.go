package load

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// opensSlowly is the way to a server whose first connections are open after some time, and the others never.
func opensSlowly(t *testing.T, first int64, after time.Duration) mimic.Context {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s := &paf.Server{Handler: paf.HandlerFunc(func(*paf.ResponseWriter, *paf.Request) { time.Sleep(10 * time.Millisecond) })}
	var n atomic.Int64
	return mimic.Add(mimic.Context{}, toPeer, &peer{func(dial context.Context) (flow.Flow, error) {
		if n.Add(1) > first {
			<-dial.Done()
			return nil, context.Cause(dial)
		}
		time.Sleep(after)
		ours, theirs := flow.Pipe(64 << 10)
		go func() { _ = s.ServeFlow(ctx, theirs) }()
		return ours, nil
	}})
}

// TestARunDoesNotWaitForEverForItsConnections: it begins with those that are open in time, and says so.
func TestARunDoesNotWaitForEverForItsConnections(t *testing.T) {
	begin := func(t *testing.T, o Options, first int64, after time.Duration) (r *record.Run, took time.Duration, err error) {
		start := time.Now()
		o.URL, o.Way, o.Timeout, o.Number = "http://slow/", opensSlowly(t, first, after), 2*time.Second, 30
		r, err = o.run(t.Context(), newTimers())
		return r, time.Since(start), err
	}
	synctest.Test(t, func(t *testing.T) {
		o := Options{Connections: 10, StartAt: time.Now().Add(time.Second)}
		r, took, err := begin(t, o, 6, 0)
		if err != nil || r.Answered() != 30 || r.Unopened != 4 || took > 1100*time.Millisecond {
			t.Errorf("%v: %d answered in %v, %+v", err, r.Answered(), took, r.Beginning)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		o := Options{Connections: 10, StartAt: time.Now().Add(time.Second)}
		r, _, err := begin(t, o, 10, 1500*time.Millisecond)
		if err != nil || r.Answered() != 30 || r.Late != 500*time.Millisecond {
			t.Errorf("%v: %+v", err, r.Beginning)
		}
	})
	synctest.Test(t, func(t *testing.T) { // as many as take their time four times
		r, took, err := begin(t, Options{Connections: 4 * mostAtOnce}, 5, 0)
		if err != nil || took > 5*time.Second || r.Unopened != 507 {
			t.Errorf("%v: in %v, %+v", err, took, r.Beginning)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if r, took, err := begin(t, Options{Connections: 3 * mostAtOnce}, 0, 0); r != nil || KindOf(err) != Timeout || took > 3*time.Second {
			t.Errorf("none is open: %v, in %v", err, took)
		}
	})
}
