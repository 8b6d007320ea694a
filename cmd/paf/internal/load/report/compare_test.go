package report

import (
	"math"
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

// Of a hundred pairs of runs of the same thing, a test at 1 % should find a difference in about one for each figure. The seconds of these runs are
// independent, as those of real ones are not.
func TestComparisonSeldomTakesNoiseForADifference(t *testing.T) {
	wrong := map[string]int{}
	const pairs = 60
	runs := make([]*record.Run, 2*pairs)
	for i := range runs {
		runs[i] = sample{seed: 100 + uint64(i), seconds: 12, rate: 400, median: time.Millisecond}.record()
	}
	for i := 0; i < len(runs); i += 2 {
		for _, f := range Compare(Named{"a", runs[i]}, Named{"b", runs[i+1]}).Figures {
			if f.Differs() {
				wrong[f.Name]++
			}
		}
	}
	for name, n := range wrong {
		if n > 4 { // more are seen once in 3000 times
			t.Errorf("%s differs in %d of %d pairs", name, n, pairs)
		}
	}
}

// The p of the test for ten against ten, all of the one above all of the other, is 2 of the 184756 orders there are.
func TestChanceIsThatOfMannAndWhitney(t *testing.T) {
	fast := sample{seed: 1, seconds: 11, rate: 100, median: time.Millisecond}.record()
	slow := sample{seed: 2, seconds: 11, rate: 100, median: 10 * time.Millisecond}.record()
	for _, f := range Compare(Named{"a", fast}, Named{"b", slow}).Figures {
		if f.Name == "50 %" && (math.Abs(f.P-2/184756.0) > 1e-9 || f.Verdict() != "slower (p < 0.001)") {
			t.Errorf("%g, %s", f.P, f.Verdict())
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
