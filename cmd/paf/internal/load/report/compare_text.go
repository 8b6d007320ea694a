package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Text writes the comparison for a terminal or a log.
func (c *Comparison) Text(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i, run := range []Named{c.A, c.B} {
		r := run.Run
		fmt.Fprintf(t, "%c:\t%s\t%s\t%s, %s\n", "ab"[i], oneLine(run.Name), r.Start.UTC().Format(time.DateTime), oneLine(r.Settings.Target), oneLine(load(&r.Settings)))
	}
	t.Flush()
	for _, note := range c.Notes {
		fmt.Fprintln(&b, note)
	}
	b.WriteByte('\n')
	t = tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\ta\tb\tchange\t\n")
	for _, f := range c.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t  %s\n", f.Name, f.write(f.A), f.write(f.B), f.Signed(), f.Verdict())
	}
	t.Flush()
	fmt.Fprintf(&b, "\n%s\n", strings.ReplaceAll(c.Method, ". ", ".\n"))
	_, err := io.WriteString(w, b.String())
	return err
}

// Signed writes the change: "+4.2 %". Below zero it has the sign of subtraction, which is as wide as the other.
func (f *Figure) Signed() string {
	change := f.Change() * 100
	text := strconv.FormatFloat(math.Abs(change), 'f', 1, 64)
	switch {
	case f.A == 0 && f.B != 0:
		return "new"
	case text == "0.0":
		return "0 %"
	case math.Abs(change) >= 99.95:
		text = figure(math.Abs(change))
	}
	if change < 0 {
		return "−" + text + " %"
	}
	return "+" + text + " %"
}

// TextA is A as people read it.
func (f *Figure) TextA() string { return f.write(f.A) }

// TextB is B as people read it.
func (f *Figure) TextB() string { return f.write(f.B) }

// Class says whether B is better than A: "better", "worse", or "" where that cannot be told.
func (f *Figure) Class() string {
	switch {
	case !f.Differs():
		return ""
	case (f.B > f.A) == f.more:
		return "better"
	}
	return "worse"
}
