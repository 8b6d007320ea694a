package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// A page is what the template shows.
type page struct {
	Style      template.CSS
	Title      string
	Head       []header
	Remarks    []string
	Tiles      []tile
	Comparison *Comparison
	Curve      *chart
	Bins       *chart
	Over       []*chart
	Times      []table
	Statuses   []statusRow
	Failures   []failureRow
	Facts      []fact
	Spans      []spanRow
}

// A header names a run.
type header struct {
	Class, Name, Target, Load, When string
}

// A tile is a figure that is read from afar. Value is what the figure is exactly, for programs.
type tile struct {
	Name, Text, Note string
	Value            string
	Bad              bool
}

// A cell is a figure in a table.
type cell struct{ Value, Text string }

// A table shows the percentiles of a run.
type table struct {
	Caption string
	Columns []string
	Rows    []tableRow
}

type tableRow struct {
	Name, What string
	Cells      []cell
}

type statusRow struct {
	Code        int
	Text        string
	Count       cell
	Share       string
	Bad         bool
	InWhichFile string
}

type failureRow struct {
	Kind, Example, First string
	Count                cell
	InWhichFile          string
}

type fact struct{ Name, Text string }

type spanRow struct {
	At                                                         string
	Rate, Answered, Failed, InFlight, P50, P90, P99, P999, Max string
}

// Page writes a run as one file of HTML that needs nothing else, and no script.
func Page(w io.Writer, r *record.Run) error {
	p := &page{Style: template.CSS(pageCSS), Title: "Load on " + r.Settings.Target, Head: []header{headerOf("", "", r)}, Remarks: remarks(r)}
	p.Tiles = tilesOf(r)
	if r.Answered() > 0 {
		p.Curve = curveChart(curveAbout(r), curvesOf(r))
		p.Bins = binsChart(about("Half of the requests took no longer than %s, 99 of 100 no longer than %s.", r.Latency), []series{{"s0", "Latency", r.Latency}})
	}
	spans := timeline(r)
	p.Over = overTimeOf(r, spans)
	p.Times = []table{tableOf("", r)}
	p.addOutcomes("", r)
	p.Facts = factsOf(r)
	p.Spans = spanRows(spans)
	return write(w, p)
}

// ComparisonPage writes two runs over each other as such a file.
func ComparisonPage(w io.Writer, c *Comparison) error {
	a, b := c.A.Run, c.B.Run
	p := &page{Style: template.CSS(pageCSS), Title: "Two loads compared", Comparison: c, Remarks: c.Notes}
	var curves []series
	var tracks []track
	var runs []timedRun
	length := max(a.Length, b.Length)
	for i, n := range []Named{c.A, c.B} {
		class, name := []string{"s0", "s1"}[i], []string{"a", "b"}[i]
		p.Head = append(p.Head, headerOf(class, name+": "+n.Name, n.Run))
		if n.Run.Answered() > 0 {
			curves = append(curves, series{class, name, n.Run.Latency})
		}
		spans := timeline(n.Run)
		runs = append(runs, timedRun{class, name, spans})
		tracks = append(tracks, track{class, name + ", 50 %", spans, at(50)}, track{class + " dashed", name + ", 99 %", spans, at(99)})
		p.Times = append(p.Times, tableOf(name+": ", n.Run))
		p.addOutcomes(name, n.Run)
	}
	if len(curves) > 0 {
		p.Curve = curveChart("How long the fastest to the slowest of 100, 1,000 and more requests took in each run.", curves)
		p.Bins = binsChart("Which part of its requests took how long in each run.", curves)
	}
	if length > 0 {
		p.Over = []*chart{
			overTime(&chart{ID: "rate", Title: "Requests a second", About: "How many requests each run had answered, second by second."}, length, runs, (*span).Rate),
			latencyOverTime(&chart{ID: "latency", Title: "Latency over time", About: "The time that half of the requests, and 99 of 100, took no longer than."}, length, tracks),
		}
	}
	return write(w, p)
}

// write fills the template.
func write(w io.Writer, p *page) error {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

func headerOf(class, name string, r *record.Run) header {
	when := fmt.Sprintf("%s UTC, took %s", r.Start.UTC().Format(time.DateTime), short(r.Length))
	return header{class, name, r.Settings.Target, load(&r.Settings), when}
}

func exact(n int64) string { return strconv.FormatInt(n, 10) }

func timeCell(ns int64) cell { return cell{exact(ns), duration(ns)} }

// tilesOf are the figures that matter most.
func tilesOf(r *record.Run) []tile {
	seconds := max(r.Length.Seconds(), 1e-9)
	what := thingOf(&r.Settings)
	all := []tile{
		{Name: what.title + " a second", Text: figure(r.Rate()), Note: size(float64(r.BytesIn)/seconds) + "/s in", Value: fmt.Sprint(r.Rate())},
		{Name: strings.ToUpper(what.done[:1]) + what.done[1:], Text: count(r.Answered()), Note: answeredNote(r), Value: exact(r.Answered())},
		{Name: "Failed", Text: count(r.FailedCount()), Note: percent(r.FailedShare()), Value: exact(r.FailedCount()), Bad: r.FailedCount() > 0},
	}
	if r.Answered() == 0 {
		return all
	}
	for _, p := range []float64{50, 99, 99.9} {
		all = append(all, tile{Name: "Latency, " + percentile(p), Text: duration(r.Latency.At(p)), Note: note(p), Value: exact(r.Latency.At(p))})
	}
	return append(all, tile{Name: "Slowest", Text: duration(r.Latency.Max()), Note: "fastest " + duration(r.Latency.Min()), Value: exact(r.Latency.Max())})
}

// answeredNote says how many of the responses say no, if any does.
func answeredNote(r *record.Run) string {
	if n := r.StatusCount(400, 999); n > 0 {
		return count(n) + " with status ≥\u00a0400"
	}
	return "in " + short(r.Length)
}

func note(p float64) string {
	switch p {
	case 50:
		return "half were slower"
	case 99:
		return "1 in 100 was slower"
	}
	return "1 in 1,000 was"
}

// curvesOf are the distributions that are worth a line: in an open loop the service time shows how much of the latency was waiting.
func curvesOf(r *record.Run) []series {
	all := []series{{"s0", "Latency", r.Latency}}
	if r.Settings.Rate > 0 {
		all = append(all, series{"s1", "Service time", r.Service})
	}
	return append(all, series{"s2", "First byte", r.FirstByte})
}

func curveAbout(r *record.Run) string {
	if r.Settings.Rate > 0 {
		return "Latency counts from when a request was due, service time and the first byte from when it was sent: what lies between is waiting."
	}
	return "In a closed loop a connection waits for its response before it sends again: what would have been sent while the server stalled is not in it."
}

func about(text string, h *record.Histogram) string {
	return fmt.Sprintf(text, duration(h.At(50)), duration(h.At(99)))
}

// at returns the function that reads a percentile.
func at(p float64) func(*record.Histogram) int64 {
	return func(h *record.Histogram) int64 { return h.At(p) }
}

// overTimeOf are the charts of a run over time.
func overTimeOf(r *record.Run, spans []span) []*chart {
	if r.Length <= 0 {
		return nil
	}
	run := func(class string) []timedRun { return []timedRun{{class, "", spans}} }
	all := []*chart{
		overTime(&chart{ID: "rate", Title: thingOf(&r.Settings).title + " a second", About: fmt.Sprintf("%s on average.", figure(r.Rate()))}, r.Length, run("s0"), (*span).Rate),
	}
	if r.FailedCount() > 0 {
		text := fmt.Sprintf("%s of all requests failed.", percent(r.FailedShare()))
		all = append(all, overTime(&chart{ID: "failures", Title: "Failures a second", About: text, Low: true}, r.Length, run("bad"), (*span).Failing))
	}
	if r.Answered() > 0 {
		tracks := []track{{"s3 thin", "slowest", spans, (*record.Histogram).Max}, {"s1", "99 %", spans, at(99)}, {"s0", "50 %", spans, at(50)}}
		text := "The time that half of the requests, and 99 of 100, took no longer than, and the slowest."
		c := latencyOverTime(&chart{ID: "latency", Title: "Latency over time", About: text}, r.Length, tracks)
		c.Columns = tips(spans, r.Length)
		all = append(all, c)
	}
	text := "How many requests waited for their response, on average."
	return append(all, overTime(&chart{ID: "flying", Title: "In flight", About: text, Low: true}, r.Length, run("s2"), (*span).InFlight))
}

// tableOf shows the percentiles of all times of a run.
func tableOf(prefix string, r *record.Run) table {
	t := table{Caption: prefix + "Times", Columns: []string{"fastest", "average"}}
	for _, p := range record.Percentiles() {
		t.Columns = append(t.Columns, percentile(p))
	}
	t.Columns = append(t.Columns, "slowest", "count")
	for _, time := range times(r) {
		h := time.H
		row := tableRow{time.Name, time.What, []cell{timeCell(h.Min()), {fmt.Sprint(h.Mean()), duration(h.Mean())}}}
		for _, p := range record.Percentiles() {
			row.Cells = append(row.Cells, timeCell(h.At(p)))
		}
		row.Cells = append(row.Cells, timeCell(h.Max()), cell{exact(h.Count()), count(h.Count())})
		t.Rows = append(t.Rows, row)
	}
	return t
}

// addOutcomes adds what became of the requests of a run.
func (p *page) addOutcomes(name string, r *record.Run) {
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		n := r.Statuses[status]
		p.Statuses = append(p.Statuses, statusRow{status, http.StatusText(status), cell{exact(n), count(n)}, percent(float64(n) / float64(r.Answered())), status >= 400, name})
	}
	for _, kind := range r.Kinds() {
		f := r.Failures[kind]
		first := short(max(0, f.First.Sub(r.Start)))
		p.Failures = append(p.Failures, failureRow{oneLine(kind), oneLine(f.Example), first, cell{exact(f.Count), count(f.Count)}, name})
	}
}

// factsOf are the rest.
func factsOf(r *record.Run) []fact {
	all := []fact{
		{"Target", r.Settings.Target},
		{"Load", load(&r.Settings)},
		{"Began", r.Start.UTC().Format(time.RFC3339Nano)},
		{"Took", short(r.Length)},
		{"Received", size(r.BytesIn)},
		{"Sent", size(r.BytesOut)},
		{"All latencies together", duration(r.Latency.Sum())},
		{"Standard deviation", duration(r.Latency.Deviation())},
	}
	if text := resumed(r); text != "" {
		all = append(all, fact{"Resumed", text})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Settings.Options)) {
		all = append(all, fact{name, r.Settings.Options[name]})
	}
	return all
}

func spanRows(spans []span) (all []spanRow) {
	for _, s := range spans {
		h := s.Latency
		all = append(all, spanRow{short(s.From), figure(s.Rate()), count(s.Answered), count(s.Failed), figure(s.InFlight()),
			duration(h.At(50)), duration(h.At(90)), duration(h.At(99)), duration(h.At(99.9)), duration(h.Max())})
	}
	return all
}
