package report

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// How large the histogram is, in lines and in columns of its bars.
const (
	textBars  = 16
	textWidth = 40
)

// Text writes a summary of a run for a terminal or a log: what failed, how many, how fast, the histogram and percentiles of the latency.
func Text(w io.Writer, r *record.Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", oneLine(r.Settings.Target), oneLine(load(&r.Settings)))
	if more := options(&r.Settings); more != "" {
		fmt.Fprintln(&b, oneLine(more))
	}
	for _, remark := range remarks(r) {
		fmt.Fprintln(&b, remark)
	}
	b.WriteByte('\n')
	textTotals(&b, r)
	if r.Latency.Count() > 0 {
		fmt.Fprint(&b, "\nResponse time histogram:\n")
		textBins(&b, bins(r.Latency, textBars), textWidth)
	}
	textPercentiles(&b, r)
	textStatuses(&b, r)
	textFailures(&b, r)
	_, err := io.WriteString(w, b.String())
	return err
}

// textTotals writes what can be said in a line each.
func textTotals(b *strings.Builder, r *record.Run) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	seconds := max(r.Length.Seconds(), 1e-9)
	what := thingOf(&r.Settings)
	fmt.Fprintf(t, "%s:\t%s %s%s, %s failed%s, in %s\n", what.title, count(r.Answered()), what.done, refused(r), count(r.FailedCount()), share(r.FailedShare()), short(r.Length))
	fmt.Fprintf(t, "Rate:\t%s %s/s\n", figure(r.Rate()), what.noun)
	fmt.Fprintf(t, "Bytes:\t%s in (%s/s), %s out (%s/s)\n",
		size(r.BytesIn), size(float64(r.BytesIn)/seconds), size(r.BytesOut), size(float64(r.BytesOut)/seconds))
	if text := resumed(r); text != "" {
		fmt.Fprintf(t, "Resumed:\t%s\n", text)
	}
	if h := r.Latency; h.Count() > 0 {
		fmt.Fprintf(t, "Total:\t%s\n", duration(h.Sum())) // of all response times
		fmt.Fprintf(t, "Slowest:\t%s\n", duration(h.Max()))
		fmt.Fprintf(t, "Fastest:\t%s\n", duration(h.Min()))
		fmt.Fprintf(t, "Average:\t%s\n", duration(h.Mean()))
	}
	t.Flush()
}

// share writes one in parentheses, unless it is nothing.
func share(s float64) string {
	if s == 0 {
		return ""
	}
	return " (" + percent(s) + ")"
}

// textBins writes a line for each bar, with its lower end, its count and itself.
func textBins(b *strings.Builder, all []bin, width int) {
	labels, counts := 0, 0
	for _, bin := range all {
		labels = max(labels, utf8.RuneCountInString(short(bin.From)))
		counts = max(counts, len(count(bin.Count)))
	}
	longest := most(all)
	for _, bin := range all {
		line := fmt.Sprintf("  %*s [%*s] %s", labels, short(bin.From), counts, count(bin.Count), bar(bin.Count, longest, width))
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
}

// bar draws n of most in at most some columns, to an eighth of one; what is not nothing is seen.
func bar(n, most int64, width int) string {
	if n <= 0 || most <= 0 {
		return ""
	}
	eighths := max(1, int(float64(n)/float64(most)*float64(width)*8+0.5))
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return text
}

// textPercentiles writes a line for each of the times that were measured.
func textPercentiles(b *strings.Builder, r *record.Run) {
	if len(times(r)) == 0 {
		return
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nPercentiles:\t")
	for _, p := range record.Percentiles() {
		fmt.Fprint(t, percentile(p), "\t")
	}
	fmt.Fprint(t, "max\tcount\t\n")
	for _, time := range times(r) {
		fmt.Fprint(t, "  ", time.Name, "\t")
		for _, p := range record.Percentiles() {
			fmt.Fprint(t, duration(time.H.At(p)), "\t")
		}
		fmt.Fprint(t, duration(time.H.Max()), "\t", count(time.H.Count()), "\t\n")
	}
	t.Flush()
}

func textStatuses(b *strings.Builder, r *record.Run) {
	if len(r.Statuses) == 0 {
		return
	}
	fmt.Fprint(b, "\nStatuses:\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		n := r.Statuses[status]
		fmt.Fprintf(t, "  %d\t%s\t%s\t  %s\n", status, count(n), percent(float64(n)/float64(r.Answered())), http.StatusText(status))
	}
	t.Flush()
}

func textFailures(b *strings.Builder, r *record.Run) {
	if len(r.Failures) == 0 {
		return
	}
	fmt.Fprintf(b, "\nGot %s:\n", plural(r.FailedCount(), "error"))
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, kind := range r.Kinds() {
		f := r.Failures[kind]
		fmt.Fprintf(t, "  %s\t%s\tfirst after %s: %s\n", count(f.Count), oneLine(kind), short(max(0, f.First.Sub(r.Start))), oneLine(f.Example))
	}
	t.Flush()
}
