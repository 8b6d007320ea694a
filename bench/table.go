package main

import (
	"fmt"
	"slices"
	"strings"
)

// render makes a table of a work's results, the ratio to the work's floor in the last column.
func render(name string, w work, results map[string][]result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n**%s**: %s\n\n", name, w.title)
	b.WriteString("| server | CPU µs a request: median (min–max) | requests/s | × " + w.floor + " |\n| --- | --- | --- | --- |\n")
	floor := median(results[w.floor], func(r result) float64 { return r.micros })
	for _, c := range contestants {
		rs, took := results[c.name]
		if !took {
			continue
		}
		if i := slices.IndexFunc(rs, func(r result) bool { return r.err != nil }); i >= 0 {
			fmt.Fprintf(&b, "| %s | not measured: %s | | |\n", c.name, strings.ReplaceAll(rs[i].err.Error(), "\n", " "))
			continue
		}
		micros := func(r result) float64 { return r.micros }
		m := median(rs, micros)
		ratio := "-"
		if floor > 0 {
			ratio = fmt.Sprintf("%.2f", m/floor)
		}
		fmt.Fprintf(&b, "| %s | %.2f (%.2f–%.2f) | %.0f | %s |\n", c.name, m,
			least(rs, micros), -least(rs, func(r result) float64 { return -r.micros }),
			median(rs, func(r result) float64 { return r.rate }), ratio)
	}
	return b.String()
}

func median(rs []result, of func(result) float64) float64 {
	if len(rs) == 0 {
		return 0
	}
	var all []float64
	for _, r := range rs {
		all = append(all, of(r))
	}
	slices.Sort(all)
	mid := len(all) / 2
	if len(all)%2 == 0 {
		return (all[mid-1] + all[mid]) / 2
	}
	return all[mid]
}

func least(rs []result, of func(result) float64) float64 {
	lowest := of(rs[0])
	for _, r := range rs {
		lowest = min(lowest, of(r))
	}
	return lowest
}
