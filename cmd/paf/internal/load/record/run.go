package record

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Run is what was measured in one run, or in several that were merged. Its fields are read, not changed.
type Run struct {
	Settings    Settings      `json:"settings"`
	Start       time.Time     `json:"start"`                 // when measuring began (after a warm-up), in UTC
	Length      time.Duration `json:"length_ns"`             // from then to the end, when nothing more was counted
	Interrupted bool          `json:"interrupted,omitempty"` // somebody ended it before its time
	Unfinished  int64         `json:"unfinished,omitempty"`  // requests that were in flight then: they are in no other figure but Second.Busy
	Processes   int           `json:"processes"`             // how many runs were merged into it: 1 for one
	Parts       []Part        `json:"parts,omitempty"`       // those runs, in order of time; none for one run
	Beginning

	name string // of the file it was read from

	Latency   *Histogram `json:"latency"`    // of answered requests, from when each was due (in a closed loop: was sent) to the end of the response
	Service   *Histogram `json:"service"`    // of answered requests, from sending
	FirstByte *Histogram `json:"first_byte"` // of answered requests, from sending to the first byte of the response
	Failed    *Histogram `json:"failed"`     // of failed requests, from when each was due to the failure
	Connect   *Histogram `json:"connect"`    // of connections, until the transport was there
	Handshake *Histogram `json:"handshake"`  // of TLS handshakes

	Resumed  int64               `json:"resumed,omitempty"` // of the TLS handshakes, those that resumed a session
	Statuses map[int]int64       `json:"statuses"`          // answered requests, by status code
	Refused  *Refused            `json:"refused,omitempty"` // the first response with a status of 400 or more that was seen; nil if there was none
	Failures map[string]*Failure `json:"failures"`          // failed requests, by kind
	BytesIn  int64               `json:"bytes_in"`          // received for requests that ended in the run, answered or not
	BytesOut int64               `json:"bytes_out"`         // sent for them
	Seconds  []Second            `json:"seconds"`           // each second of the wall clock from the first in which something was recorded to the last
}

// A Beginning is what of the start of a run was not as it should have been: the zero value if all was.
type Beginning struct {
	Unopened int           `json:"unopened,omitempty"` // connections that should have been open, and were not
	Late     time.Duration `json:"late_ns,omitempty"`  // how much later it began than it was asked to
}

// A Part is one of the runs that were merged into another.
type Part struct {
	Name     string        `json:"name,omitempty"` // of its file
	Start    time.Time     `json:"start"`          // as in Run
	Length   time.Duration `json:"length_ns"`      // as in Run
	Answered int64         `json:"answered"`
	Failed   int64         `json:"failed"`
	Sum      int64         `json:"sum_ns"` // of its latency
}

// End returns when measuring ended.
func (p *Part) End() time.Time { return p.Start.Add(p.Length) }

// Settings are what a run was asked for.
type Settings struct {
	Target      string            `json:"target"`               // the URL
	Method      string            `json:"method,omitempty"`     // the first that is used
	Protocol    string            `json:"protocol,omitempty"`   // as people say it: "HTTP/1.1", "HTTP/2"
	Connections int               `json:"connections"`          // how many at the same time
	Streams     int               `json:"streams,omitempty"`    // requests at the same time on each; 0 is 1
	Requests    int64             `json:"requests,omitempty"`   // how many were asked for; 0 when time was the limit
	Duration    time.Duration     `json:"duration_ns,omitzero"` // for how long; 0 when their number was the limit
	Rate        float64           `json:"rate,omitempty"`       // requests a second that were due, in an open loop; 0 for a closed one
	Arrivals    string            `json:"arrivals,omitempty"`   // of an open loop: "constant" or "poisson"
	Options     map[string]string `json:"options,omitempty"`    // everything else that was set, as it was given: "--think": "10ms"
}

// Unsent is the kind of failure of what was due and never sent.
const Unsent = "unsent"

// A Failure is one kind of failure.
type Failure struct {
	Count   int64     `json:"count"`
	First   time.Time `json:"first"`   // when the first of them happened, in UTC
	Example string    `json:"example"` // the text of that one's error
}

// A Refused is a response with a status of 400 or more, as an example.
type Refused struct {
	Status  int       `json:"status"`
	When    time.Time `json:"when"`    // when it was whole, in UTC
	Content string    `json:"content"` // how its content begins
}

// before reports whether r is the example, and not other: the first is.
func (r *Refused) before(other *Refused) bool {
	return cmp.Or(r.When.Compare(other.When), cmp.Compare(r.Status, other.Status), strings.Compare(r.Content, other.Content)) < 0
}

// clone returns a copy, of nil too.
func (r *Refused) clone() *Refused {
	if r == nil {
		return nil
	}
	c := *r
	return &c
}

// A Second is what one second of the wall clock has seen.
type Second struct {
	Unix     int64      `json:"unix"`      // which second, since 1970-01-01T00:00:00Z
	Answered int64      `json:"answered"`  // requests whose response ended in it
	Failed   int64      `json:"failed"`    // requests that failed in it
	BytesIn  int64      `json:"bytes_in"`  // of both
	BytesOut int64      `json:"bytes_out"` // of both
	Busy     int64      `json:"busy_ns"`   // how long all requests together were in flight within it: divided by its length, how many were, on average
	Latency  *Histogram `json:"latency"`   // of the answered ones, with two significant digits
}

// silent reports whether nothing was in the second.
func (s *Second) silent() bool {
	return s.Answered == 0 && s.Failed == 0 && s.BytesIn == 0 && s.BytesOut == 0 && s.Busy == 0
}

// Answered returns how many requests had a response, whatever its status.
func (r *Run) Answered() int64 { return r.Latency.Count() }

// FailedCount returns how many requests had none.
func (r *Run) FailedCount() int64 { return r.Failed.Count() }

// StatusCount returns how many responses had a status from first to last, both included.
func (r *Run) StatusCount(first, last int) (n int64) {
	for status, count := range r.Statuses {
		if first <= status && status <= last {
			n += count
		}
	}
	return n
}

// Rate returns how many requests were answered in a second, on average.
func (r *Run) Rate() float64 {
	if r.Length <= 0 {
		return 0
	}
	return float64(r.Answered()) / r.Length.Seconds()
}

// FailedShare returns which part of the requests failed, from 0 to 1.
func (r *Run) FailedShare() float64 {
	if r.FailedCount() == 0 {
		return 0
	}
	return float64(r.FailedCount()) / float64(r.FailedCount()+r.Answered())
}

// End returns when measuring ended.
func (r *Run) End() time.Time { return r.Start.Add(r.Length) }

// Together returns for how long all the runs that were merged into it were measuring at the same time. Below zero it is how long before the beginning of
// the last one the first had ended.
func (r *Run) Together() time.Duration {
	begin, end := r.Start, r.End()
	for _, p := range r.Parts {
		if p.Start.After(begin) {
			begin = p.Start
		}
		if p.End().Before(end) {
			end = p.End()
		}
	}
	return end.Sub(begin)
}

// Span returns which part of a second lies within the run: all of it, but for the first and the last.
func (r *Run) Span(s *Second) time.Duration {
	begin, end := time.Unix(s.Unix, 0), time.Unix(s.Unix+1, 0)
	if begin.Before(r.Start) {
		begin = r.Start
	}
	if end.After(r.End()) {
		end = r.End()
	}
	return max(0, end.Sub(begin))
}

// Kinds returns the kinds of failure, the most frequent first.
func (r *Run) Kinds() []string {
	kinds := slices.Sorted(maps.Keys(r.Failures))
	slices.SortStableFunc(kinds, func(a, b string) int { return int(min(1, max(-1, r.Failures[b].Count-r.Failures[a].Count))) })
	return kinds
}

// newRun returns a run in which nothing was recorded.
func newRun() *Run {
	return &Run{
		Latency: NewHistogram(), Service: NewHistogram(), FirstByte: NewHistogram(), Failed: NewHistogram(), Connect: NewHistogram(),
		Handshake: NewHistogram(), Statuses: map[int]int64{}, Failures: map[string]*Failure{},
	}
}
