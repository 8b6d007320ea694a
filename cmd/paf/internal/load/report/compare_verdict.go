package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// This file is what the figures of a comparison mean.

// correct makes of the p of each figure that was tested one for all of them (Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979): ten
// questions that are each answered wrongly once in a hundred times have a wrong answer among them once in ten.
func correct(figures []Figure) {
	var tested []*Figure
	for i := range figures {
		if figures[i].P >= 0 {
			tested = append(tested, &figures[i])
		}
	}
	slices.SortStableFunc(tested, func(a, b *Figure) int { return cmp.Compare(a.P, b.P) })
	least := 0.0
	for i, f := range tested {
		least = max(least, min(1, f.P*float64(len(tested)-i)))
		f.P = least
	}
}

// method says how noise was told from difference.
func (c *Comparison) method(length int) string {
	tested := 0
	for i := range c.Figures {
		if c.Figures[i].P >= 0 {
			tested++
		}
	}
	if tested == 0 {
		return "The runs are too short to tell noise from difference."
	}
	return fmt.Sprintf("A bootstrap of the trimmed means of parts of the runs, of %s or of more where that has too few requests; that neighbouring parts are alike is "+
		"reckoned with. p is how often chance alone would find such a difference in any of the figures that were tested, of which there are %d (Holm's correction); below %g it "+
		"is taken for one. It holds the seconds of two runs against each other: two runs of one program differ, too, so take several before you decide.",
		short(time.Duration(length)*time.Second), tested, significant)
}

// Verdict says whether B's figure is another one than A's, or by noise only.
func (f *Figure) Verdict() string {
	switch {
	case f.P < 0:
		return "not tested: " + f.Untold
	case f.P >= significant:
		return fmt.Sprintf("noise (%s)", f.chance())
	case f.reverse:
		return fmt.Sprintf("unclear: most parts of the runs differ the other way (%s)", f.chance())
	case f.B < f.A:
		return fmt.Sprintf("%s (%s)", f.words[0], f.chance())
	}
	return fmt.Sprintf("%s (%s)", f.words[1], f.chance())
}

// Differs reports whether B's figure is another one than A's, and not by noise.
func (f *Figure) Differs() bool { return f.P >= 0 && f.P < significant && !f.reverse }

func (f *Figure) chance() string {
	if f.P < 0.001 {
		return "p < 0.001"
	}
	return fmt.Sprintf("p = %.2g", f.P)
}

// Bound has the comparison say what Slower looks for.
func (c *Comparison) Bound(by float64) {
	c.Method += fmt.Sprintf(" --max-slower %.6g%% is broken where a time, or the share of failures, of b is more than that above the one of a, and the "+
		"difference is no noise; requests a second and what was not tested break nothing.", by*100)
}

// Slower returns the times, and the share of failures, that are in b by more than a share (0.05 is 5 %) above those of a, and not by noise. told is false if
// neither that nor its opposite can be said, since no time was tested.
func (c *Comparison) Slower(by float64) (slower []Figure, told bool) {
	for _, f := range c.Figures {
		if f.more { // is better
			continue
		}
		told = told || f.P >= 0 && f.Name != failedShare
		if f.Differs() && f.B > f.A*(1+by) {
			slower = append(slower, f)
		}
	}
	return slower, told || len(slower) > 0
}
