package report

import (
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// maxSpans is into how many spans the time of a run is cut at most: more columns are not told apart on a screen.
const maxSpans = 150

// A span is some seconds of a run, cut where the run begins and ends.
type span struct {
	From, To         time.Duration // since the start
	Answered, Failed int64
	Latency          *record.Histogram // nil if nothing was answered
	busy             float64           // nanoseconds that requests were in flight, all together
}

// Rate returns how many requests were answered in a second.
func (s *span) Rate() float64 { return float64(s.Answered) / (s.To - s.From).Seconds() }

// Failing returns how many requests failed in a second.
func (s *span) Failing() float64 { return float64(s.Failed) / (s.To - s.From).Seconds() }

// InFlight returns how many requests were in flight, on average.
func (s *span) InFlight() float64 { return s.busy / float64(s.To-s.From) }

// timeline cuts a run into spans of as many whole seconds of the wall clock each. One at either end that lasts too short for its figures to mean
// something is added to the next.
func timeline(r *record.Run) []span {
	first := r.Start.Unix()
	total := r.End().Add(time.Second-1).Unix() - first
	seconds := (total + maxSpans - 1) / maxSpans
	if r.Length <= 0 {
		return nil
	}
	all := make([]span, (total+seconds-1)/seconds)
	for i := range all {
		from := time.Unix(first+int64(i)*seconds, 0).Sub(r.Start)
		all[i].From, all[i].To = max(0, from), min(r.Length, from+time.Duration(seconds)*time.Second)
	}
	for _, s := range r.Seconds {
		all[max(0, min(int64(len(all)-1), (s.Unix-first)/seconds))].add(&s)
	}
	return withoutStubs(all, time.Duration(seconds)*time.Second)
}

// withoutStubs adds a first or last span that is much shorter than the others to its neighbour.
func withoutStubs(all []span, usual time.Duration) []span {
	stub := func(s *span) bool { return len(all) > 1 && s.To-s.From < usual/4 }
	if stub(&all[0]) {
		all[1].join(&all[0])
		all = all[1:]
	}
	if last := len(all) - 1; stub(&all[last]) {
		all[last-1].join(&all[last])
		all = all[:last]
	}
	return all
}

// add adds what a second has seen.
func (s *span) add(second *record.Second) {
	s.Answered += second.Answered
	s.Failed += second.Failed
	s.busy += float64(second.Busy)
	s.addLatency(second.Latency)
}

// join adds a neighbour.
func (s *span) join(other *span) {
	s.From, s.To = min(s.From, other.From), max(s.To, other.To)
	s.Answered += other.Answered
	s.Failed += other.Failed
	s.busy += other.busy
	s.addLatency(other.Latency)
}

func (s *span) addLatency(h *record.Histogram) {
	switch {
	case h.Count() == 0:
	case s.Latency == nil:
		s.Latency = h.Clone()
	default:
		s.Latency.Merge(h)
	}
}
