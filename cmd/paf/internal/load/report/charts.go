package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// A series is a histogram that is drawn as a line, with what it is called.
type series struct {
	class, name string
	h           *record.Histogram
}

// curveChart draws times by percentile.
func curveChart(about string, all []series) *chart {
	c := &chart{ID: "curve", Title: "Latency by percentile", About: about, XName: "percent of the requests that took no longer"}
	lo, hi, most := math.Inf(1), 1.0, int64(1)
	for _, s := range all {
		lo, hi, most = min(lo, float64(max(1, s.h.Min()))), max(hi, float64(s.h.Max())), max(most, s.h.Count())
	}
	y := forTimes(lo, hi)
	decades := max(2, min(6, math.Ceil(math.Log10(float64(most))*2)/2))
	c.X, c.Y = nines(decades), y.ticks(shortTime)
	for _, s := range all {
		c.Lines = append(c.Lines, stroke{Class: s.class, D: path(curve(s.h, y, decades))})
		c.Legend = append(c.Legend, key{s.class, s.name})
	}
	return c
}

// curve returns the points of a histogram by percentile.
func curve(h *record.Histogram, y axis, decades float64) []point {
	points := []point{{0, y.at(float64(h.Min()))}}
	var seen int64
	for ns, n := range h.Buckets() {
		seen += n
		left := 1 - float64(seen)/float64(h.Count())
		x := 1.0
		if seen < h.Count() {
			x = min(1, -math.Log10(left)/decades)
		}
		points = append(points, point{x, y.at(float64(ns))})
	}
	points[len(points)-1].y = y.at(float64(h.Max()))
	return points
}

// binsChart draws a histogram of one or two runs. Those of two have the same bars, and shares for heights, since they may have unlike numbers.
func binsChart(about string, all []series) *chart {
	c := &chart{ID: "bins", Title: "Latency histogram", About: about, XName: "latency"}
	both := all[0].h.Clone()
	for _, s := range all[1:] {
		both.Merge(s.h)
	}
	cut := edges(both, 50)
	highest := 0.0
	var heights [][]float64
	for _, s := range all {
		heights = append(heights, nil)
		for _, b := range fill(s.h, cut) {
			share := float64(b.Count) / float64(max(1, s.h.Count()))
			heights[len(heights)-1] = append(heights[len(heights)-1], share)
			highest = max(highest, share)
		}
		if len(all) > 1 {
			c.Legend = append(c.Legend, key{s.class, s.name})
		}
	}
	y := fromZero(highest, 6)
	c.Y = y.ticks(func(v float64) string { return figure(v*100) + " %" })
	n := float64(len(cut) - 1)
	for i := range cut[1:] {
		from, to := float64(i)/n, float64(i+1)/n
		tip := fmt.Sprintf("%s to %s:", short(cut[i]), short(cut[i+1]))
		for k, s := range all {
			share := heights[k][i]
			gap := (to - from) * 0.08
			width := (to - from - 2*gap) / float64(len(all))
			left := from + gap + float64(k)*width
			c.Bars = append(c.Bars, standing(s.class, left, left+width, y.at(share)))
			tip += fmt.Sprintf("\n%s (%s requests)%s", percent(share), count(int64(math.Round(share*float64(s.h.Count())))), ofRun(s, len(all)))
		}
		c.Columns = append(c.Columns, column(from, to, tip))
	}
	c.X = edgeTicks(cut)
	return c
}

// edgeTicks names some edges: of bars that get wider the round ones, of others each second, third or so.
func edgeTicks(cut []float64) (all []tick) {
	const most = 9
	n := float64(len(cut) - 1)
	name := func(chosen func(int) bool) {
		all = nil
		for i := 0; float64(i) < 0.96*n; i++ { // one at the very end would touch the one before
			if chosen(i) {
				all = append(all, tickAt(float64(i)/n, shortTime(cut[i]), len(all)%2 == 1))
			}
		}
	}
	round := func(mantissas string) func(int) bool {
		return func(i int) bool { return strings.Contains(mantissas, strconv.FormatFloat(cut[i], 'e', 2, 64)[:4]) }
	}
	for _, mantissas := range []string{"1.00 2.00 5.00", "1.00"} {
		if name(round(mantissas)); wider(cut) && len(all) >= 3 && len(all) <= most {
			return all
		}
	}
	each := int(math.Ceil(n / (most - 1)))
	name(func(i int) bool { return i%each == 0 })
	return all
}

// wider reports whether the second bar is wider than the first.
func wider(cut []float64) bool {
	return len(cut) > 3 && cut[2]-cut[1] > (cut[1]-cut[0])*1.01
}

func ofRun(s series, runs int) string {
	if runs < 2 {
		return ""
	}
	return " in " + s.name
}

// A timed run is one whose time was cut into spans.
type timedRun struct {
	class, name string
	spans       []span
}

// edgesOf returns where spans begin and end, as parts of a length.
func edgesOf(spans []span, length time.Duration) (all []float64) {
	for _, s := range spans {
		all = append(all, float64(s.From)/float64(length))
	}
	if len(spans) > 0 {
		all = append(all, float64(spans[len(spans)-1].To)/float64(length))
	}
	return all
}

// overTime draws a figure of each span as columns.
func overTime(c *chart, length time.Duration, runs []timedRun, of func(*span) float64) *chart {
	highest := 0.0
	for _, r := range runs {
		for _, s := range r.spans {
			highest = max(highest, of(&s))
		}
	}
	most := 6
	if c.Low {
		most = 3
	}
	y := fromZero(highest, most)
	c.X, c.Y, c.XName = clock(length), y.ticks(figure), "time since the start"
	for _, r := range runs {
		var heights []float64
		for _, s := range r.spans {
			heights = append(heights, y.at(of(&s)))
		}
		line := stroke{Class: r.class + " plain"}
		line.D, line.Area = steps(edgesOf(r.spans, length), heights)
		if len(runs) > 1 {
			line.Class, line.Area = r.class, ""
			c.Legend = append(c.Legend, key{r.class, r.name})
		}
		c.Lines = append(c.Lines, line)
	}
	if len(runs) == 1 {
		c.Columns = tips(runs[0].spans, length)
	}
	return c
}

// tips says what each span has seen.
func tips(spans []span, length time.Duration) (all []box) {
	for _, s := range spans {
		tip := fmt.Sprintf("%s to %s:\n%s requests/s\n%s failed\n%s in flight", short(s.From), short(s.To), figure(s.Rate()), count(s.Failed), figure(s.InFlight()))
		if s.Latency != nil {
			tip += fmt.Sprintf("\np50 %s\np99 %s\nslowest %s", duration(s.Latency.At(50)), duration(s.Latency.At(99)), duration(s.Latency.Max()))
		}
		all = append(all, column(float64(s.From)/float64(length), float64(s.To)/float64(length), tip))
	}
	return all
}

// A track is a quantile of a run over time.
type track struct {
	class, name string
	spans       []span
	of          func(*record.Histogram) int64
}

// latencyOverTime draws quantiles of each span. A line breaks where nothing was answered.
func latencyOverTime(c *chart, length time.Duration, tracks []track) *chart {
	lo, hi := math.Inf(1), 1.0
	for _, t := range tracks {
		for _, s := range t.spans {
			if s.Latency != nil {
				v := float64(max(1, t.of(s.Latency)))
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	y := forTimes(min(lo, hi), hi)
	c.X, c.Y, c.XName = clock(length), y.ticks(shortTime), "time since the start"
	for _, t := range tracks {
		var points []point
		for _, s := range t.spans {
			v := math.NaN()
			if s.Latency != nil {
				v = y.at(float64(t.of(s.Latency)))
			}
			points = append(points, point{float64(s.From) / float64(length), v}, point{float64(s.To) / float64(length), v})
		}
		c.Lines = append(c.Lines, stroke{Class: t.class, D: path(points)})
		c.Legend = append(c.Legend, key{t.class, t.name})
	}
	return c
}
