package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/rivo/uniseg"
)

// Live shows how a run goes on: on a terminal as a view that is drawn anew each time, elsewhere as a line each time. Its methods are called one
// after the other.
type Live struct {
	w     io.Writer
	size  func() (columns, lines int) // of the terminal; nil where there is none
	drawn int                         // lines that the view has on the terminal
}

// NewLive returns one that writes to w. If w is a terminal, size says how large it is at the moment; else it is nil.
func NewLive(w io.Writer, size func() (columns, lines int)) *Live { return &Live{w: w, size: size} }

// Every returns how often to call Show.
func (l *Live) Every() time.Duration {
	if l.size == nil {
		return 5 * time.Second
	}
	return 250 * time.Millisecond
}

// Show shows a snapshot.
func (l *Live) Show(s *record.Snapshot) error {
	if l.size == nil {
		_, err := fmt.Fprintln(l.w, line(s))
		return err
	}
	columns, rows := l.size()
	width := max(20, columns-1) // a full line would wrap on some
	lines := view(s, width)
	lines = lines[:min(len(lines), max(1, rows-1))] // what has scrolled away cannot be drawn over
	var b strings.Builder
	b.WriteString(l.home())
	for _, line := range lines {
		b.WriteString(cut(line, width))
		b.WriteString("\x1b[K\n") // without what the line held before
	}
	b.WriteString("\x1b[J") // nor the lines below
	l.drawn = len(lines)
	_, err := io.WriteString(l.w, b.String())
	return err
}

// Close takes the view off the terminal. Lines stay.
func (l *Live) Close() error {
	if l.drawn == 0 {
		return nil
	}
	_, err := io.WriteString(l.w, l.home()+"\x1b[J")
	l.drawn = 0
	return err
}

// home is what moves the cursor to where the view begins.
func (l *Live) home() string {
	if l.drawn == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dF", l.drawn)
}

// line says in one what matters.
func line(s *record.Snapshot) string {
	what := thingOf(&s.Settings)
	text := fmt.Sprintf("%s: %s %s, %s in flight, %s failed, %s/s", short(s.Elapsed.Round(100*time.Millisecond)), count(s.Answered), what.done, count(s.InFlight),
		count(s.Failed), rate(s))
	if h := s.Last.Latency; h.Count() > 0 {
		text += fmt.Sprintf(", p50 %s, p99 %s, max %s", duration(h.At(50)), duration(h.At(99)), duration(h.Max()))
	}
	return text
}

// rate writes how many are answered in a second.
func rate(s *record.Snapshot) string { return count(int64(math.Round(s.Rate))) }

// How large the parts of the view are.
const (
	liveBars   = 10
	gaugeWidth = 30
)

// view returns the lines of the view, the most important first.
func view(s *record.Snapshot, width int) []string {
	what := thingOf(&s.Settings)
	lines := []string{
		oneLine(s.Settings.Target),
		oneLine(load(&s.Settings)),
		elapsed(s),
		"",
		fmt.Sprintf("%s %s/s  %s", rate(s), what.noun, spark(s.Rates, max(1, width-30))),
		fmt.Sprintf("%s %s, %s in flight, %s, %s in, %s out", count(s.Answered), what.done, count(s.InFlight), plural(s.Connections, "connection"),
			size(s.BytesIn), size(s.BytesOut)),
		count(s.Failed) + " failed" + kinds(s),
	}
	for _, row := range []struct {
		name string
		h    *record.Histogram
	}{{"last second", s.Last.Latency}, {"so far", s.Latency}} {
		if row.h.Count() == 0 {
			continue
		}
		text := fmt.Sprintf("%-11s", row.name)
		for _, p := range []float64{50, 90, 99, 99.9} {
			text += fmt.Sprintf("  p%g %7s", p, duration(row.h.At(p)))
		}
		lines = append(lines, text+fmt.Sprintf("  max %7s", duration(row.h.Max())))
	}
	if s.Latency.Count() == 0 {
		return lines
	}
	var b strings.Builder
	textBins(&b, bins(s.Latency, liveBars), max(1, min(textWidth, width-40)))
	return append(append(lines, ""), strings.Split(strings.TrimRight(b.String(), "\n"), "\n")...)
}

// elapsed says how far the run is.
func elapsed(s *record.Snapshot) string {
	text := short(s.Elapsed.Round(100 * time.Millisecond))
	var part float64
	switch asked := s.Settings; {
	case asked.Duration > 0:
		text += " of " + short(asked.Duration)
		part = float64(s.Elapsed) / float64(asked.Duration)
	case asked.Requests > 0:
		text += fmt.Sprintf(", %s of %s", count(s.Answered+s.Failed), plural(asked.Requests, "request"))
		part = float64(s.Answered+s.Failed) / float64(asked.Requests)
	default:
		return text
	}
	full := int(min(1, part) * gaugeWidth)
	return fmt.Sprintf("%s%s %s", strings.Repeat("━", full), strings.Repeat("─", gaugeWidth-full), text)
}

// kinds says what failed, the most frequent first.
func kinds(s *record.Snapshot) string {
	if len(s.Kinds) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(s.Kinds), func(a, b string) int {
		if d := s.Kinds[b] - s.Kinds[a]; d != 0 {
			return int(min(1, max(-1, d)))
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names {
		parts = append(parts, oneLine(name)+" "+count(s.Kinds[name]))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// spark draws the last of some numbers, a column each.
func spark(numbers []int64, width int) string {
	numbers = numbers[max(0, len(numbers)-width):]
	if len(numbers) == 0 {
		return ""
	}
	top := max(1, slices.Max(numbers))
	var b strings.Builder
	for _, n := range numbers {
		b.WriteRune([]rune("▁▂▃▄▅▆▇█")[min(7, n*8/top)])
	}
	return b.String()
}

// cut cuts a line to some columns.
func cut(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var b strings.Builder
	for state := -1; text != ""; {
		var cluster string
		var columns int
		cluster, text, columns, state = uniseg.FirstGraphemeClusterInString(text, state)
		if width -= columns; width < 1 {
			break
		}
		b.WriteString(cluster)
	}
	return b.String() + "…"
}
