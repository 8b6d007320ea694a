package record

import (
	"maps"
	"time"
)

// Recent is how many seconds a snapshot looks back.
const Recent = 60

// A Snapshot is what is known while a run goes on.
type Snapshot struct {
	Settings    Settings
	Elapsed     time.Duration    // since the start
	Answered    int64            // requests with a response so far
	Failed      int64            // requests without one so far
	InFlight    int64            // requests that wait for their response now
	Connections int64            // connections that were opened so far
	BytesIn     int64            // so far
	BytesOut    int64            // so far
	Kinds       map[string]int64 // failures so far, by kind
	Latency     *Histogram       // of all so far, as Run.Latency
	Last        Second           // the last second that is over; its histogram is empty, not nil, before there is one. Busy is not set
	Rate        float64          // requests answered a second, in Last; as long as none has been whole, since the start
	Rates       []int64          // requests answered in each of the whole seconds that are over, the last at the end: at most Recent of them
}

// Snapshot returns what was recorded until now, in nanoseconds since the start. It takes some milliseconds, and holds up each shard for some
// microseconds of them: it is made for a few calls a second.
func (r *Recorder) Snapshot(now int64) *Snapshot {
	now = max(now, 0)
	current, _ := r.second(now)
	snap := &Snapshot{Settings: r.settings, Elapsed: time.Duration(now), Latency: NewHistogram(), Kinds: map[string]int64{}}
	snap.Settings.Options = maps.Clone(r.settings.Options)
	for _, s := range r.all() {
		s.show(snap, current)
	}
	snap.Answered = snap.Latency.Count()
	r.mu.Lock()
	defer r.mu.Unlock()
	snap.Connections = r.connect.Count()
	for kind, f := range r.failures {
		snap.Kinds[kind] = f.Count
	}
	snap.Last = Second{Unix: current - 1, Latency: newHistogram(digitsPerSecond)}
	if t := r.seconds[current-1]; t != nil {
		snap.Last = Second{current - 1, t.latency.Count(), t.failed, t.bytesIn, t.bytesOut, 0, t.latency.Clone()}
	}
	whole := r.start.Unix() // the first whole second
	if r.offset > 0 {
		whole++
	}
	switch {
	case current > whole:
		snap.Rate = float64(snap.Last.Answered)
	case now > 0:
		snap.Rate = float64(snap.Answered) / snap.Elapsed.Seconds()
	}
	for unix := max(current-Recent, whole); unix < current; unix++ {
		var n int64
		if t := r.seconds[unix]; t != nil {
			n = t.latency.Count()
		}
		snap.Rates = append(snap.Rates, n)
	}
	return snap
}

// show adds what the shard holds to a snapshot, and gives the seconds before the current one to the recorder.
func (s *Shard) show(snap *Snapshot, current int64) {
	latency := s.copy(snap, current)
	latency.addTo(snap.Latency) // which takes so long that requests would seem to be slow that wait for the shard meanwhile
}

// copy is show, but for the latencies, of which it returns a copy.
func (s *Shard) copy(snap *Snapshot, current int64) dense {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap.Failed += s.failed
	snap.InFlight += s.inFlight
	snap.BytesIn += s.bytesIn
	snap.BytesOut += s.bytesOut
	for i := range s.slots {
		if s.slots[i].unix < current {
			s.empty(&s.slots[i])
		}
	}
	latency := s.latency
	latency.counts = latency.counts.Clone()
	return latency
}
