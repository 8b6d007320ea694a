package record

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// maxExample is how much of an error's text is kept, in bytes: a peer may have a hand in it.
const maxExample = 500

// A Recorder takes the measures of one run. Its methods may be called at the same time as each other and as those of its shards.
type Recorder struct {
	settings  Settings
	beginning Beginning
	start     time.Time
	offset    int64 // how long the second of the wall clock had lasted at the start

	mu                         sync.Mutex // taken after a shard's, never before
	shards                     []*Shard
	failed, connect, handshake *Histogram
	resumed                    int64
	refused                    *Refused
	failures                   map[string]*Failure
	seconds                    map[int64]*tally
}

// NewRecorder returns a recorder for a run whose measures count from start on: what ended before, in a warm-up, is not recorded.
func NewRecorder(settings Settings, start time.Time) *Recorder {
	start = start.Round(0).UTC() // without the monotonic clock, as it is read back
	return &Recorder{
		settings: settings, start: start, offset: int64(start.Nanosecond()),
		failed: NewHistogram(), connect: NewHistogram(), handshake: NewHistogram(),
		failures: map[string]*Failure{}, seconds: map[int64]*tally{},
	}
}

// Shard returns a new part of the recorder, for a group of connections: it takes a megabyte, so one for each of 10,000 connections is too
// much, and one for each processor or two is enough.
func (r *Recorder) Shard() *Shard {
	s := newShard(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shards = append(r.shards, s)
	return s
}

// Began records what was amiss with the start.
func (r *Recorder) Began(b Beginning) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.beginning = b
}

// Connected records that a connection was opened: how long the transport took, in nanoseconds, and the TLS handshake after it, or 0 where
// there was none. Connections count in a warm-up, too.
func (r *Recorder) Connected(dial, handshake int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connect.Add(dial)
	if handshake > 0 {
		r.handshake.Add(handshake)
	}
}

// Resumed records that the handshake of a connection has resumed a session, which Connected does not say.
func (r *Recorder) Resumed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resumed++
}

// MaxContent is how much of the content of a response is kept as an example, in bytes.
const MaxContent = 200

// Refused records a response with a status of 400 or more that was whole at a time, in nanoseconds since the start, and how its content began. The first of all is
// kept; it need not be told of the others.
func (r *Recorder) Refused(end int64, status int, content []byte) {
	if end < 0 || status < 400 || status > 999 {
		return
	}
	text := strings.ToValidUTF8(string(whole(content[:min(len(content), MaxContent)])), "\uFFFD")
	f := &Refused{status, r.start.Add(time.Duration(end)), text}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == nil || f.before(r.refused) {
		r.refused = f
	}
}

// whole returns text without a character at its end of which bytes are missing: whoever has cut it off is not whom it is from.
func whole(text []byte) []byte {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}

// Run returns what was recorded until now, in nanoseconds since the start: no end that was given to a shard is later. What is in flight still
// is left out, but for [Second.Busy].
func (r *Recorder) Run(now int64) *Run {
	run := newRun()
	run.Settings, run.Start, run.Length, run.Processes = r.settings, r.start, time.Duration(max(now, 0)), 1
	run.Settings.Options = maps.Clone(r.settings.Options)
	for _, s := range r.all() {
		s.addTo(run)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	run.Beginning = r.beginning
	run.Failed.Merge(r.failed)
	run.Connect.Merge(r.connect)
	run.Handshake.Merge(r.handshake)
	run.Resumed, run.Refused = r.resumed, r.refused.clone()
	for kind, f := range r.failures {
		clone := *f
		run.Failures[kind] = &clone
	}
	run.Seconds = r.every(max(now, 0))
	return run
}

// all returns the shards there are.
func (r *Recorder) all() []*Shard {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.shards)
}

// second returns the second of the wall clock at which it is ns nanoseconds after the start, and how much of that second is left.
func (r *Recorder) second(ns int64) (unix, left int64) {
	ns += r.offset
	return r.start.Unix() + ns/1e9, 1e9 - ns%1e9
}

// every returns the seconds in which something happened or was in flight, until now. r.mu is held.
func (r *Recorder) every(now int64) (seconds []Second) {
	final, left := r.second(now)
	var flying int64
	numbers := slices.Sorted(maps.Keys(r.seconds))
	for i, unix := range numbers {
		t := r.seconds[unix]
		s := Second{unix, t.latency.Count(), t.failed, t.bytesIn, t.bytesOut, flying*1e9 + t.area, t.latency.Clone()}
		flying += t.net
		if unix == final {
			s.Busy -= flying * left // what is still in flight is so until now only
		}
		seconds = appendBusy(seconds, s)
		next := final + 1
		if i+1 < len(numbers) {
			next = numbers[i+1]
		}
		for silent := unix + 1; silent < next && flying > 0; silent++ {
			busy := flying * 1e9
			if silent == final {
				busy -= flying * left
			}
			seconds = appendBusy(seconds, Second{Unix: silent, Busy: busy, Latency: newHistogram(digitsPerSecond)})
		}
	}
	return seconds
}

// appendBusy adds a second, unless nothing was in it.
func appendBusy(seconds []Second, s Second) []Second {
	s.Busy = max(s.Busy, 0)
	if s.silent() {
		return seconds
	}
	return append(seconds, s)
}

// fail records a failure.
func (r *Recorder) fail(latency, end int64, kind string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed.Add(latency)
	when := r.start.Add(time.Duration(end))
	f := r.failures[kind]
	if f == nil {
		f = &Failure{}
		r.failures[kind] = f
	}
	f.Count++
	if f.Count == 1 || when.Before(f.First) {
		f.First, f.Example = when, ""
		if err != nil {
			f.Example = shortened(err.Error())
		}
	}
}

// shortened cuts a text that is too long, between two characters.
func shortened(text string) string {
	if len(text) <= maxExample {
		return text
	}
	for i := range text {
		if i > maxExample {
			return text[:i] + "..."
		}
	}
	return text
}

// A tally is what a second has seen so far.
type tally struct {
	failed, bytesIn, bytesOut int64
	net                       int64 // by how much more requests are in flight at its end than at its beginning
	area                      int64 // how long those that were sent in it were in flight within it, less the same for those that ended in it
	latency                   *Histogram
}

// tally returns that of a second. r.mu is held.
func (r *Recorder) tally(unix int64) *tally {
	t := r.seconds[unix]
	if t == nil {
		t = &tally{latency: newHistogram(digitsPerSecond)}
		r.seconds[unix] = t
	}
	return t
}
