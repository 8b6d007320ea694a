package script

import (
	"fmt"
	"strings"
)

// A Way is a manner of running a case: how its input is cut and how its output leaves.
type Way struct {
	Name       string
	Step       int // bytes of input shown at a time; 0: all that has come
	Cut        int // where in the input one cut is made; 0: nowhere
	Drain      int // bytes of output that leave after each step; 0: all
	SegmentMin int // of the output
}

// piece returns how much of n bytes, which begin at at in the case's input, comes at once.
func (w Way) piece(at, n int) int {
	switch {
	case w.Step > 0:
		return min(n, w.Step)
	case at < w.Cut && w.Cut < at+n:
		return w.Cut - at
	}
	return n
}

// Whole shows the input as it stands in the script. Its outcomes are those written there.
var Whole = Way{Name: "whole"}

// Ways returns every way to run a case: byte by byte; cut in two at each place, but for long
// input only near its ends; with output that leaves slowly; and with content beside the
// output. All must have the outcomes of Whole.
func (c *Case) Ways() []Way {
	ways := []Way{
		{Name: "by 1", Step: 1},
		{Name: "by 7", Step: 7},
		{Name: "short writes", Drain: 3},
		{Name: "short writes, by 1", Drain: 1, Step: 1},
		{Name: "content beside the output", SegmentMin: 1},
	}
	n := len(c.Input())
	near := 600
	if n > 8<<10 {
		near = 100
	}
	for cut := 1; cut < n; cut++ {
		if cut > near && cut < n-near {
			cut = n - near
		}
		ways = append(ways, Way{Name: fmt.Sprintf("cut at %d", cut), Cut: cut})
	}
	return ways
}

// Differ compares a result with that of Whole, as far as the way lets them be equal; it
// returns "" if they are.
func (c *Case) Differ(w Way, whole, got Result) string {
	for i := range whole.Steps {
		a, b := comparable(whole.Steps[i], w), comparable(got.Steps[i], w)
		if a != b {
			return fmt.Sprintf("%s: after line %d:\n%s\nbut whole:\n%s", w.Name, c.Steps[i].Line, b, a)
		}
	}
	if string(whole.Wire) != string(got.Wire) {
		return fmt.Sprintf("%s: output\n%q\nbut whole\n%q", w.Name, got.Wire, whole.Wire)
	}
	return ""
}

func comparable(lines []string, w Way) string {
	var b strings.Builder
	for _, l := range lines {
		if w.Drain > 0 && l[0] == '<' {
			continue // it leaves later
		}
		b.WriteString(strings.Replace(l, expect, "", 1) + "\n")
	}
	return b.String()
}
