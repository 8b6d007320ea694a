package record

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Merge returns what one run would have recorded that did what these did, all at their time: nothing is lost, and the order does not matter.
// The seconds are those of the wall clock, so the machines' clocks have to agree, as NTP makes them. The settings that count something are added
// up (connections, requests, the rate); others stay if they are the same in all, else all of them are named. It fails without a run, and if the sum is
// none that [Read] takes: one of more than a year, or of more than 2^53 of anything.
func Merge(runs ...*Run) (*Run, error) {
	if len(runs) == 0 {
		return nil, errors.New("there is no run to merge")
	}
	merged := newRun()
	merged.Start = runs[0].Start
	var end time.Time
	for _, r := range runs {
		if r.Start.Before(merged.Start) {
			merged.Start = r.Start
		}
		if r.End().After(end) {
			end = r.End()
		}
	}
	merged.Length = end.Sub(merged.Start)
	seconds := map[int64]int{}
	for i, r := range runs {
		if i == 0 {
			merged.Settings = r.Settings.clone()
		} else {
			merged.Settings.add(&r.Settings)
		}
		merged.add(r)
		merged.addSeconds(r.Seconds, seconds)
	}
	slices.SortFunc(merged.Seconds, func(a, b Second) int { return cmp.Compare(a.Unix, b.Unix) })
	if err := merged.check(); err != nil {
		return nil, fmt.Errorf("the runs cannot be one: %w", err)
	}
	return merged, nil
}

// add adds all that has no place in time.
func (r *Run) add(other *Run) {
	theirs := other.histograms()
	for i, h := range r.histograms() {
		(*h.of).Merge(*theirs[i].of)
	}
	for status, n := range other.Statuses {
		r.Statuses[status] = plus(r.Statuses[status], n)
	}
	for kind, f := range other.Failures {
		r.addFailure(kind, *f)
	}
	r.BytesIn = plus(r.BytesIn, other.BytesIn)
	r.BytesOut = plus(r.BytesOut, other.BytesOut)
	r.Processes = sum(r.Processes, other.Processes)
	r.Interrupted = r.Interrupted || other.Interrupted
	r.Unopened = sum(r.Unopened, other.Unopened)
	r.Unfinished = plus(r.Unfinished, other.Unfinished)
	r.Resumed = plus(r.Resumed, other.Resumed)
	if other.Refused != nil && (r.Refused == nil || other.Refused.before(r.Refused)) {
		r.Refused = other.Refused.clone()
	}
	r.Late = max(r.Late, other.Late)
}

// addFailure adds failures of a kind; the first of all stays the example.
func (r *Run) addFailure(kind string, f Failure) {
	have := r.Failures[kind]
	if have == nil {
		r.Failures[kind] = &f
		return
	}
	have.Count = plus(have.Count, f.Count)
	if f.First.Before(have.First) || f.First.Equal(have.First) && f.Example < have.Example {
		have.First, have.Example = f.First, f.Example
	}
}

// addSeconds adds seconds; at says where in r.Seconds which one is.
func (r *Run) addSeconds(seconds []Second, at map[int64]int) {
	for _, s := range seconds {
		i, ok := at[s.Unix]
		if !ok {
			at[s.Unix] = len(r.Seconds)
			s.Latency = s.Latency.Clone()
			r.Seconds = append(r.Seconds, s)
			continue
		}
		have := &r.Seconds[i]
		have.Answered = plus(have.Answered, s.Answered)
		have.Failed = plus(have.Failed, s.Failed)
		have.BytesIn = plus(have.BytesIn, s.BytesIn)
		have.BytesOut = plus(have.BytesOut, s.BytesOut)
		have.Busy = plus(have.Busy, s.Busy)
		have.Latency.Merge(s.Latency)
	}
}

// clone returns settings that share no map with s.
func (s Settings) clone() Settings {
	options := map[string]string{}
	for name, value := range s.Options {
		options[name] = value
	}
	if len(options) == 0 {
		options = nil
	}
	s.Options = options
	return s
}

// add makes of s the settings of a run that was asked for both.
func (s *Settings) add(other *Settings) {
	s.Connections = sum(s.Connections, other.Connections)
	s.Requests = plus(s.Requests, other.Requests)
	s.Rate += other.Rate
	s.Streams = max(s.Streams, other.Streams)
	s.Duration = max(s.Duration, other.Duration)
	s.Target = both(s.Target, other.Target)
	s.Method = both(s.Method, other.Method)
	s.Protocol = both(s.Protocol, other.Protocol)
	s.Arrivals = both(s.Arrivals, other.Arrivals)
	for name, value := range other.Options {
		if s.Options == nil {
			s.Options = map[string]string{}
		}
		if have, ok := s.Options[name]; ok {
			value = both(have, value)
		}
		s.Options[name] = value
	}
}

// between is what stands between the values of a setting that is not the same in all runs.
const between = " | "

// both returns the values that are in either, each once and in order, whatever the order of merging.
func both(a, b string) string {
	if a == "" || a == b {
		return b
	}
	if b == "" {
		return a
	}
	all := append(strings.Split(a, between), strings.Split(b, between)...)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), between)
}
