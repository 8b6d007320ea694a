package report

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// A Named is a run with the name of its file.
type Named struct {
	Name string
	Run  *record.Run
}

// How the runs are compared.
const (
	// maxParts is into how many parts the shorter run is cut at most. Those of a long run last longer than what makes neighbouring seconds alike (a collection of
	// garbage, a neighbour on the machine).
	maxParts = 30
	// mostParts is how many parts of the longer run are taken: as many as say anything beside maxParts of the other one.
	mostParts = 4 * maxParts
	// minParts is how many parts are needed: two are trimmed, and the others have to say how much they vary.
	minParts = 7
	// significant is how rarely chance alone has to find a difference in any of the figures.
	significant = 0.01
)

// A Comparison says what differs between two runs.
type Comparison struct {
	A, B    Named
	Figures []Figure
	Method  string   // how noise was told from difference
	Notes   []string // what else a reader has to know
}

// A Figure is one number of both runs.
type Figure struct {
	Name    string
	A, B    float64 // of the whole runs
	P       float64 // how often chance alone makes the parts of the runs differ so much in any figure, from 0 to 1; -1 where it was not tested
	Untold  string  // why it was not tested
	parts   [2][]float64
	write   func(float64) string
	words   [2]string // for less and for more
	more    bool      // more is better
	reverse bool      // by most parts, the difference is the other way round
}

// Change returns by which part of A's figure B's is more, or less if it is negative; 0 where A has none.
func (f *Figure) Change() float64 {
	if f.A == 0 {
		return 0
	}
	return f.B/f.A - 1
}

// Compare compares two runs. Both are cut into parts of the same length, and for each figure the parts of one are held against those of the
// other: how often would chance alone make them differ so? That neighbouring parts are alike, and several figures asked, is reckoned with.
func Compare(a, b Named) *Comparison {
	c := &Comparison{A: a, B: b, Notes: differences(a.Run, b.Run)}
	seconds := [2][]record.Second{whole(a.Run), whole(b.Run)}
	length := max(1, (min(len(seconds[0]), len(seconds[1]))+maxParts-1)/maxParts)
	for _, f := range figures() {
		out := Figure{Name: f.name, A: f.of(partOf(a.Run)), B: f.of(partOf(b.Run)), write: f.write, words: f.words, more: f.more}
		if f.optional && out.A == 0 && out.B == 0 {
			continue
		}
		out.cut(f, seconds, length)
		c.Figures = append(c.Figures, out)
	}
	test(c.Figures)
	c.Method = c.method(length)
	return c
}

// cut makes the parts. They get longer until each has enough requests, while there are enough of them.
func (f *Figure) cut(from figureOf, seconds [2][]record.Second, length int) {
	f.Untold = fmt.Sprintf("it takes %d whole seconds", minParts)
	shorter := min(len(seconds[0]), len(seconds[1]))
	// In steps of 5 % that of a day takes no more tries than that of a minute.
	for ; shorter/length >= minParts; length += 1 + length/20 {
		if least(seconds, length) < from.least {
			f.Untold = fmt.Sprintf("it takes %d parts with %s", minParts, plural(from.least, "request"))
			continue
		}
		f.parts, f.Untold = [2][]float64{values(from, parts(seconds[0], length)), values(from, parts(seconds[1], length))}, ""
		return
	}
}

// test compares the parts of the figures. How alike neighbours are is known to each figure by few of them, and by chance one takes them for unlike: all go by the
// one that takes them for the most alike.
func test(figures []Figure) {
	var alike float64
	for _, f := range figures {
		if f.Untold == "" {
			alike = max(alike, correlation(f.parts))
		}
	}
	for i := range figures {
		f := &figures[i]
		if f.P = -1; f.Untold == "" {
			var more bool
			f.P, more = chance(f.parts[0], f.parts[1], alike)
			f.reverse = f.A != f.B && more != (f.A > f.B)
		}
	}
	correct(figures)
}

func values(f figureOf, parts []part) (all []float64) {
	for _, p := range parts {
		all = append(all, f.of(p))
	}
	return all
}

// A part is some seconds of a run, or all of it.
type part struct {
	length  time.Duration
	latency *record.Histogram
	failed  int64
}

// partOf returns a run as a part.
func partOf(r *record.Run) part { return part{r.Length, r.Latency, r.FailedCount()} }

// whole returns the seconds that lie within the run as a whole.
func whole(r *record.Run) (all []record.Second) {
	for s := range r.EverySecond() {
		if r.Span(&s) == time.Second {
			all = append(all, s)
		}
	}
	return all
}

// chunks yields the parts that as many seconds each make. What is left over is in none.
func chunks(whole []record.Second, seconds int) iter.Seq[[]record.Second] {
	return slices.Chunk(whole[:len(whole)-len(whole)%seconds], seconds)
}

// parts puts some seconds each together. Of a run that is much longer than the other one it takes as many parts as there may be, from all over it.
func parts(whole []record.Second, seconds int) (all []part) {
	every := (len(whole)/seconds + mostParts - 1) / mostParts
	i := 0
	for of := range chunks(whole, seconds) {
		if i%every == 0 {
			all = append(all, together(of))
		}
		i++
	}
	return all
}

// together makes a part of seconds.
func together(seconds []record.Second) part {
	p := part{length: time.Duration(len(seconds)) * time.Second}
	for _, s := range seconds {
		p.failed += s.Failed
		switch {
		case p.latency == nil && s.Latency != nil:
			p.latency = s.Latency.Clone()
		case s.Latency != nil:
			p.latency.Merge(s.Latency)
		}
	}
	return p
}

// least returns how many requests the part with the fewest of them has, of both runs.
func least(seconds [2][]record.Second, length int) int64 {
	least := int64(math.MaxInt64)
	for _, whole := range seconds {
		for of := range chunks(whole, length) {
			var n int64
			for _, s := range of {
				n += s.Answered
			}
			least = min(least, n)
		}
	}
	return least
}

// failedShare is the name of the figure that is no time, and better if it is less.
const failedShare = "Failed"

// A figureOf makes a figure of a part.
type figureOf struct {
	name     string
	of       func(part) float64
	write    func(float64) string
	words    [2]string
	least    int64 // how many requests a part has to have
	more     bool  // more is better
	optional bool  // it is left out if both runs have 0
}

// figures are those that are compared.
func figures() []figureOf {
	times := [2]string{"faster", "slower"}
	all := []figureOf{
		{name: "Requests/s", write: digits, words: [2]string{"fewer", "more"}, more: true, of: func(p part) float64 {
			return float64(p.latency.Count()) / max(p.length.Seconds(), 1e-9)
		}},
		{name: failedShare, write: percent, words: [2]string{"fewer", "more"}, optional: true, of: func(p part) float64 {
			return float64(p.failed) / max(1, float64(p.failed+p.latency.Count()))
		}},
		{name: "Average", write: duration[float64], words: times, least: 1, of: func(p part) float64 { return p.latency.Mean() }},
	}
	for _, p := range record.Percentiles() {
		all = append(all, figureOf{
			name: percentile(p), write: duration[float64], words: times, least: int64(1000/(100-p) + 0.5), // ten lie beyond it
			of: func(of part) float64 { return float64(of.latency.At(p)) },
		})
	}
	return all
}

// differences says how the runs were not alike to begin with.
func differences(a, b *record.Run) (all []string) {
	note := func(what, x, y string) {
		if x != y {
			all = append(all, fmt.Sprintf("The runs differ in %s: a has %s, b has %s.", what, or(oneLine(x)), or(oneLine(y))))
		}
	}
	note("their target", a.Settings.Target, b.Settings.Target)
	note("their load", load(&a.Settings), load(&b.Settings))
	names := maps.Clone(a.Settings.Options)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, b.Settings.Options)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		note(oneLine(name), a.Settings.Options[name], b.Settings.Options[name])
	}
	for i, r := range []*record.Run{a, b} {
		for _, remark := range remarks(r) {
			all = append(all, fmt.Sprintf("Run %c: %s", "ab"[i], remark))
		}
	}
	return all
}

// or says that there is nothing.
func or(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
