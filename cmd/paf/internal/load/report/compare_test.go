package report

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

func TestComparisonTellsNoiseFromDifference(t *testing.T) {
	for name, runs := range map[string][2]*record.Run{
		"noise": {plain(), again()}, "slower": {plain(), slower()}, "short": {plain(), brief()}, "unlike": {plain(), rough()}, "lost": {plain(), lost()},
		"real": {stored(t, "before"), stored(t, "after")},
	} {
		c := Compare(Named{"before.json", runs[0]}, Named{"after.json", runs[1]})
		var b strings.Builder
		if err := c.Text(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, "compare-"+name+".txt", b.String())
		for _, f := range c.Figures {
			if differs := name == "slower" && f.Name != "99.9 %" && f.Name != "99.99 %"; f.Differs() != differs && name != "unlike" && name != "lost" && name != "real" {
				t.Errorf("%s: %s: %s", name, f.Name, f.Verdict())
			}
		}
	}
}

// claims returns in how many of some pairs of runs at least one figure is said to differ, and in how many some time is longer in b by more than 5 %, beyond noise.
func claims(pairs int, a, b sample) (differ, slower int) {
	for i := range uint64(pairs) {
		a.seed, b.seed = 1000+2*i, 1001+2*i
		c := Compare(Named{"a", a.record()}, Named{"b", b.record()})
		if slices.ContainsFunc(c.Figures, func(f Figure) bool { return f.Differs() }) {
			differ++
		}
		if worse, _ := c.Slower(0.05); len(worse) > 0 {
			slower++
		}
	}
	return differ, slower
}

// Of a hundred pairs of runs of the same thing, one should have a difference in any of its figures. That holds if seconds are independent of each other. Those of
// a machine are not: neighbours had a correlation of 0.1 to 0.5 in the runs of testdata and in others that were made for this. Here it is up to 0.7,
// and seconds differ by 5 %.
func TestComparisonSeldomTakesNoiseForADifference(t *testing.T) {
	const pairs = 40
	for _, c := range []struct {
		seconds    int
		alike      float64
		most       int // of the pairs
		mostSlower int
	}{
		{11, 0.3, 2, 1}, {11, 0.5, 2, 1}, {31, 0.5, 2, 1}, {31, 0.7, 3, 2},
	} {
		run := sample{seconds: c.seconds, rate: 420, median: time.Millisecond, uneven: 0.05, alike: c.alike}
		differ, slower := claims(pairs, run, run)
		t.Logf("%d s, neighbours correlated by %g: of %d pairs of like runs %d are said to differ, %d to be slower by 5 %%", c.seconds, c.alike, pairs, differ, slower)
		if differ > c.most || slower > c.mostSlower {
			t.Errorf("that is more than %d, or %d", c.most, c.mostSlower)
		}
	}
}

// A difference that is there is found, though seconds are uneven and alike.
func TestComparisonFindsADifference(t *testing.T) {
	const pairs = 20
	for _, c := range []struct {
		seconds     int
		slower      float64
		least       int // of the pairs
		mostSlower  int
		leastSlower int
	}{
		{11, 1.2, 16, pairs, 16}, {31, 1.1, 19, pairs, 19}, {31, 1.02, 0, 1, 0},
	} {
		run := sample{seconds: c.seconds, rate: 420, median: time.Millisecond, uneven: 0.03, alike: 0.3}
		other := run
		other.slower = c.slower
		differ, slower := claims(pairs, run, other)
		t.Logf("%d s, %g times as long: of %d pairs %d are said to differ, %d to be slower by 5 %%", c.seconds, c.slower, pairs, differ, slower)
		if differ < c.least || slower > c.mostSlower || slower < c.leastSlower {
			t.Errorf("it should be %d at least, and %d to %d", c.least, c.leastSlower, c.mostSlower)
		}
	}
}

// Of 0.01 in four questions, that is 0.04, and none is less than one that is rarer by itself.
func TestSeveralFiguresAreReckonedWith(t *testing.T) {
	figures := []Figure{{P: 0.04}, {P: -1}, {P: 0.01}, {P: 0.5}, {P: 0.015}, {P: 0.9}}
	correct(figures)
	for i, want := range []float64{0.12, -1, 0.05, 1, 0.06, 1} {
		if math.Abs(figures[i].P-want) > 1e-12 {
			t.Errorf("%d: %g, not %g", i, figures[i].P, want)
		}
	}
}

// Parts that are too small get longer in few steps, however long the runs are: all of half a day at a request a second would take hours.
func TestLongRunsOfFewRequestsAreCompared(t *testing.T) {
	long := sample{seed: 1, seconds: 40_000, rate: 1, median: time.Millisecond}.record()
	for _, f := range Compare(Named{"a", long}, Named{"b", long}).Figures {
		if told := f.Name != "99.9 %" && f.Name != "99.99 %"; told != (f.P >= 0) {
			t.Errorf("%s: %s", f.Name, f.Verdict())
		}
	}
}

// However much longer one run is than the other, no more parts are made of it than there may be: else a file of few bytes would take hours.
func TestALongRunIsCutIntoNoMoreParts(t *testing.T) {
	short, long := sample{seed: 1, seconds: 12, rate: 100, median: time.Millisecond}.record(), sample{seed: 2, seconds: 3600, rate: 100, median: time.Millisecond}.record()
	for _, f := range Compare(Named{"a", short}, Named{"b", long}).Figures {
		if a, b := len(f.parts[0]), len(f.parts[1]); f.P >= 0 && (a < minParts || a > maxParts || b < minParts || b > mostParts) {
			t.Errorf("%s: %d and %d parts", f.Name, a, b)
		}
	}
}
