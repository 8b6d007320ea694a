package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
)

// duration writes nanoseconds with three digits: "45.1 µs", "1.20 ms", "123 s".
func duration[T int64 | float64 | time.Duration](ns T) string {
	v, unit := inUnit(float64(ns))
	return digits(v) + " " + unit
}

// Duration writes a time as the reports do, with three digits: "45.1 µs".
func Duration(d time.Duration) string { return duration(d) }

// short writes nanoseconds without zeros at the end: "45.1 µs", "1.2 ms", "10 s".
func short[T int64 | float64 | time.Duration](ns T) string {
	v, unit := inUnit(float64(ns))
	return figure(v) + " " + unit
}

// shortTime is short for an axis, where nothing has no unit.
func shortTime(ns float64) string {
	if ns == 0 {
		return "0"
	}
	return short(ns)
}

// inUnit returns nanoseconds in the unit that people would say them in.
func inUnit(ns float64) (float64, string) {
	switch a := math.Abs(ns) / 0.9995; { // what is rounded up to a whole one is one
	case a >= 1e9:
		return ns / 1e9, "s"
	case a >= 1e6:
		return ns / 1e6, "ms"
	case a >= 1e3:
		return ns / 1e3, "µs"
	}
	return ns, "ns"
}

// digits writes a number with three digits, or with all before its point.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case a >= 999.5:
		return humanize.Comma(int64(math.Round(v)))
	case a >= 99.95 || a == 0:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// figure is digits without zeros at the end.
func figure(v float64) string {
	text := digits(v)
	if strings.Contains(text, ".") && !strings.Contains(text, "e") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// count writes a whole number: "1,234,567".
func count(n int64) string { return humanize.Comma(n) }

// size writes bytes: "1.2 GiB".
func size[T int64 | float64](n T) string { return humanize.IBytes(uint64(max(0, n))) }

// percent writes a share from 0 to 1: "0.1 %".
func percent(share float64) string {
	if share > 0 && share < 0.00001 {
		return "<0.001 %"
	}
	return figure(share*100) + " %"
}

// percentile names one: "99.9 %".
func percentile(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) + " %" }

// refused says how many responses had a status that says no, after a comma: "" if none had.
func refused(r *record.Run) string {
	n := r.StatusCount(400, 999)
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s with a status of 400 or more", count(n))
}

// plural writes a number with its noun: "1 connection", "2 connections".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// were begins what is said of some: "1 was", "2 were".
func were(n int64) string {
	if n == 1 {
		return "1 was"
	}
	return count(n) + " were"
}

// oneLine makes what a peer or a command line has a hand in fit to stand in a line of a terminal.
func oneLine(text string) string { return terminal.Visible(strings.Join(strings.Fields(text), " ")) }

// load says in words what a run was asked for: "HTTP/1.1, 100 connections, closed loop, for 10 s".
func load(s *record.Settings) string {
	var parts []string
	if s.Method != "" && s.Method != "GET" {
		parts = append(parts, s.Method)
	}
	if s.Protocol != "" {
		parts = append(parts, s.Protocol)
	}
	parts = append(parts, plural(int64(s.Connections), "connection"))
	if s.Streams > 1 {
		parts = append(parts, atOnce(s)+" on each")
	}
	loop := "closed loop"
	if s.Rate > 0 {
		loop = "open loop at " + figure(s.Rate) + "/s"
		if s.Arrivals != "" {
			loop += " (" + s.Arrivals + " arrivals)"
		}
	}
	parts = append(parts, loop)
	if s.Requests > 0 {
		parts = append(parts, plural(s.Requests, thingOf(s).one()))
	}
	if s.Duration > 0 {
		parts = append(parts, "for "+short(s.Duration))
	}
	return strings.Join(parts, ", ")
}

// atOnce says how many requests there are on a connection at the same time: "32 streams", "16 requests at a time".
func atOnce(s *record.Settings) string {
	if s.Protocol == "HTTP/1.1" {
		return plural(int64(s.Streams), "request") + " at a time"
	}
	return plural(int64(s.Streams), "stream")
}

// options says what else was set, as a command line has it: "--insecure --think 10ms --warmup 2s".
func options(s *record.Settings) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.Options)) {
		text := name
		if value := s.Options[name]; value != "true" { // which stands for an option without a value
			text += " " + value
		}
		parts = append(parts, strings.TrimSpace(text))
	}
	return strings.Join(parts, " ")
}

// remarks are what a reader of the figures has to know.
func remarks(r *record.Run) (all []string) {
	if r.Interrupted {
		all = append(all, "The run was interrupted: this is what was measured until then."+cutOff(r))
	}
	all = append(all, merged(r)...)
	if r.Unopened > 0 {
		all = append(all, fmt.Sprintf("Of %s %s not open at the start.", plural(int64(r.Settings.Connections), "connection"), were(int64(r.Unopened))))
	}
	if r.Late > 0 {
		all = append(all, fmt.Sprintf("It began %s later than --start-at says.", short(r.Late)))
	}
	if n := r.StatusCount(301, 303) + r.StatusCount(307, 308); n > 0 && n == r.Answered() {
		all = append(all, "All that was answered was a redirect, and none is followed: load the URL that they lead to.")
	}
	for _, text := range []string{overload(r), example(r)} {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// A timed is one of the histograms of a run, with its name.
type timed struct {
	Name string
	What string // it begins and ends
	H    *record.Histogram
}

// times are the histograms of a run that hold something.
func times(r *record.Run) (all []timed) {
	from := "from sending to the end of the response"
	if r.Settings.Rate > 0 {
		from = "from when it was due to the end of the response"
	}
	for _, t := range []timed{
		{"Latency", from, r.Latency},
		{"Service", "from sending to the end of the response", r.Service},
		{"First byte", "from sending to the first byte of the response", r.FirstByte},
		{"Failed", "from when it was due to the failure", r.Failed},
		{"Connecting", "until the transport was there", r.Connect},
		{"TLS handshake", "after connecting", r.Handshake},
	} {
		closed := t.H == r.Service && r.Settings.Rate == 0 // where it is the latency
		if t.H.Count() > 0 && !closed {
			all = append(all, t)
		}
	}
	return all
}
