package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A column is a figure that works measure.
type column struct {
	title  string
	digits int // behind the point
}

// columns are all figures, by their keys in a sample.
var columns = map[string]column{
	"cpu":     {"CPU µs a request", 2},
	"served":  {"CPU µs a request of the server", 2},
	"cpugib":  {"CPU ms a GiB", 0},
	"rate":    {"requests/s", 0},
	"gibps":   {"GiB/s", 2},
	"p50":     {"p50 ms", 2},
	"p99":     {"p99 ms", 2},
	"p999":    {"p99.9 ms", 2},
	"peak":    {"peak RSS MiB", 0},
	"kib":     {"RSS KiB a connection", 2},
	"kibs":    {"RSS KiB a stream", 2},
	"ceiling": {"ceiling, requests/s", 0},
	"busy":    {"CPU %", 0},
	"factor":  {"2 cores / 1 core", 2},
	"rate1":   {"requests/s on 1", 0},
	"rate2":   {"requests/s on 2", 0},
}

// render makes a table of a work's results: behind its first figure come the ratios to the work's floor and to paf.
func render(w work, results map[string][]round) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n**%s**: %s\n\n", w.name, w.title)
	titles := []string{"", columns[w.columns[0]].title, "× " + w.floor, "× paf"}
	for _, key := range w.columns[1:] {
		titles = append(titles, columns[key].title)
	}
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(titles, " | "), strings.Repeat(" --- |", len(titles)))
	first := func(name string) float64 {
		if why(results[name]) != "" {
			return 0
		}
		return median(figures(results[name], w.columns[0]))
	}
	for _, c := range contestants {
		rounds := results[c.name]
		if len(rounds) == 0 {
			continue
		}
		row := []string{c.name}
		if reason := why(rounds); reason != "" {
			row = append(row, "not measured: "+reason)
			row = append(row, make([]string, len(titles)-len(row))...)
		} else {
			row = append(row, cell(rounds, w.columns[0]), ratio(first(c.name), first(w.floor)), ratio(first(c.name), first("paf")))
			for _, key := range w.columns[1:] {
				row = append(row, cell(rounds, key))
			}
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

// why tells why a contestant was not measured, "" if it was. One round that failed makes the median a guess.
func why(rounds []round) string {
	for i, r := range rounds {
		if r.err == nil {
			continue
		}
		text := strings.ReplaceAll(strings.Join(strings.Fields(r.err.Error()), " "), "|", "/")
		if runes := []rune(text); len(runes) > 300 {
			text = string(runes[:300]) + "…"
		}
		if len(rounds) > 1 {
			text += fmt.Sprintf(" (round %d of %d)", i+1, len(rounds))
		}
		return text
	}
	return ""
}

// cell is a figure: its median, with minimum and maximum where they tell more.
func cell(rounds []round, key string) string {
	all, digits := figures(rounds, key), columns[key].digits
	if len(all) < len(rounds) {
		return "-" // nobody told
	}
	low, high := fmt.Sprintf("%.*f", digits, slices.Min(all)), fmt.Sprintf("%.*f", digits, slices.Max(all))
	if low == high {
		return low
	}
	return fmt.Sprintf("%.*f (%s–%s)", digits, median(all), low, high)
}

// ratio is that of two medians, of which there may be none.
func ratio(a, b float64) string {
	if a <= 0 || b <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// figures returns one figure of all rounds that have it.
func figures(rounds []round, key string) (all []float64) {
	for _, r := range rounds {
		if f, ok := r.sample[key]; ok {
			all = append(all, f)
		}
	}
	return all
}

// median returns the median, 0 of nothing.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	mid := len(all) / 2
	if len(all)%2 == 0 {
		return (all[mid-1] + all[mid]) / 2
	}
	return all[mid]
}

var versionNumber = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// environment says what the figures were measured with.
func environment(args []string) string {
	command := strings.TrimSpace("go run ./bench " + strings.Join(args, " "))
	parts := []string{runtime.Version(), fmt.Sprintf("%d cores", runtime.NumCPU())}
	if !canPin() {
		parts = append(parts, "NOTHING PINNED (that takes two cores and taskset)")
	}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		parts = append(parts, "kernel "+strings.TrimSpace(string(kernel)))
	}
	for _, tool := range [][]string{{"wrk", "-v"}, {"h2load", "--version"}, {"nginx", "-v"}, {"h2o", "--version"}, {"nghttpd", "--version"}, {"haproxy", "-v"}} {
		path, err := find(tool[0])
		if err != nil {
			parts = append(parts, "no "+tool[0])
			continue
		}
		out, _ := exec.Command(path, tool[1:]...).CombinedOutput() // wrk -v says it with an error
		parts = append(parts, tool[0]+" "+versionNumber.FindString(string(out)))
	}
	return fmt.Sprintf("`%s` on %s: %s. Medians, with minimum–maximum.\n", command, time.Now().Format(time.DateOnly), strings.Join(parts, ", "))
}
