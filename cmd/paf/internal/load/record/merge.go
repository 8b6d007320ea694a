package record

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Merge returns what one run would have recorded that did what these did, all at their time: nothing is lost, and the order does not matter.
// The seconds are those of the wall clock, so the machines' clocks have to agree, as NTP makes them. The settings that count something are added
// up (connections, requests, the rate); others stay if they are the same in all, else all of them are named. It fails without a run, if one is there twice,
// if some are of an open loop and others of a closed one, and if the sum is none that [Read] takes: one of more than a year, or of more than 2^53 of
// anything.
func Merge(runs ...*Run) (*Run, error) {
	if len(runs) == 0 {
		return nil, errors.New("there is no run to merge")
	}
	var parts []Part
	for _, r := range runs {
		if (r.Settings.Rate > 0) != (runs[0].Settings.Rate > 0) {
			open, closed := r, runs[0]
			if closed.Settings.Rate > 0 {
				open, closed = closed, open
			}
			return nil, fmt.Errorf("%s is of an open loop (--rate) and %s of a closed one: their latencies are not of the same thing", open.part(), closed.part())
		}
		for _, name := range []string{"--connect-only", "--websocket"} {
			_, is := r.Settings.Options[name]
			if _, first := runs[0].Settings.Options[name]; is != first {
				return nil, fmt.Errorf("only one of %s and %s is of %s: they are not of the same thing", runs[0].part(), r.part(), name)
			}
		}
		parts = append(parts, r.parts()...)
	}
	slices.SortStableFunc(parts, Part.compare)
	for i := range parts[1:] {
		if parts[i].compare(parts[i+1]) == 0 {
			return nil, fmt.Errorf("%s and %s are the same run, which counts once", parts[i], parts[i+1])
		}
	}
	return merge(runs)
}

// part returns the run as a part of another.
func (r *Run) part() Part {
	return Part{r.name, r.Start, r.Length, r.Answered(), r.FailedCount(), r.Latency.Sum()}
}

// parts returns the runs it is made of.
func (r *Run) parts() []Part {
	if len(r.Parts) > 0 {
		return r.Parts
	}
	return []Part{r.part()}
}

// compare puts parts in order. Those in which nothing differs are the same run, by whatever names: times are nanoseconds.
func (p Part) compare(other Part) int {
	return cmp.Or(p.Start.Compare(other.Start), cmp.Compare(p.Length, other.Length), cmp.Compare(p.Answered, other.Answered), cmp.Compare(p.Failed, other.Failed),
		cmp.Compare(p.Sum, other.Sum))
}

// String says which run it is.
func (p Part) String() string {
	if p.Name != "" {
		return strconv.Quote(p.Name)
	}
	return "the run that began at " + p.Start.Format(time.RFC3339Nano)
}

// merge is Merge of runs that can be merged.
func merge(runs []*Run) (*Run, error) {
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
		merged.Parts = append(merged.Parts, r.parts()...)
		merged.addSeconds(r.Seconds, seconds)
	}
	if len(runs) == 1 {
		merged.Parts = runs[0].Parts
	}
	slices.SortStableFunc(merged.Parts, func(a, b Part) int { return cmp.Or(a.compare(b), cmp.Compare(a.Name, b.Name)) })
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
	s.addOptions(other.Options)
}

// addOptions adds what else was set. What only some had is said to be unset in the others.
func (s *Settings) addOptions(other map[string]string) {
	names := slices.AppendSeq(slices.Collect(maps.Keys(s.Options)), maps.Keys(other))
	for _, name := range names {
		have, ok := s.Options[name]
		if !ok {
			have = unset
		}
		value, ok := other[name]
		if !ok {
			value = unset
		}
		if s.Options == nil {
			s.Options = map[string]string{}
		}
		s.Options[name] = either(have, value)
	}
}

// unset stands for the value of an option in the runs that had it not.
const unset = "not set"

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
	return either(a, b)
}

// either is both, where nothing is a value too: that of an option which takes none.
func either(a, b string) string {
	if a == b {
		return a
	}
	all := append(strings.Split(a, between), strings.Split(b, between)...)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), between)
}
