package report

import (
	"math"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// A bin is a bar of a histogram: the times from From to before To, in nanoseconds.
type bin struct {
	From, To float64
	Count    int64
}

// bins cuts a histogram into bars, some most of them: of the same width if the times lie close enough together, else each wider than the last.
// What is longer than nearly all is in the last one.
func bins(h *record.Histogram, most int) []bin {
	if h.Count() == 0 {
		return nil
	}
	all := fill(h, edges(h, most))
	for all[0].Count == 0 { // the fastest was rounded up
		all = all[1:]
	}
	return all
}

// edges returns where bars begin and end. The last is beyond the longest time.
func edges(h *record.Histogram, most int) []float64 {
	low, high := float64(h.Min()), float64(h.Max())
	typical, slow := float64(h.At(50)), float64(h.At(99.9))
	if slow <= 3*max(typical, 1) {
		return linear(low, min(high, slow), high, most)
	}
	return logarithmic(low, high, most)
}

// linear cuts from low to slow into bars of one width, and adds one for what is slower.
func linear(low, slow, high float64, most int) (all []float64) {
	width := niceStep((slow - low) / float64(max(1, most-2)))
	for e := math.Floor(low/width) * width; ; e += width {
		all = append(all, e)
		if e > slow {
			break
		}
	}
	if last := len(all) - 1; all[last] <= high {
		all = append(all, nextAfter(high))
	}
	return all
}

// logarithmic cuts from low to high into bars of as many to a decade as there is room for.
func logarithmic(low, high float64, most int) (all []float64) {
	low = max(low, 1)
	steps := [][]float64{{1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9}, {1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8}, {1, 1.5, 2, 3, 5, 7}, {1, 2, 5}, {1}}
	for _, step := range steps {
		all = all[:0]
		for decade := math.Pow(10, math.Floor(math.Log10(low))); len(all) == 0 || all[len(all)-1] <= high; decade *= 10 {
			for i, s := range step {
				end := decade * 10
				if i+1 < len(step) {
					end = decade * step[i+1]
				}
				if end > low && (len(all) == 0 || all[len(all)-1] <= high) {
					if len(all) == 0 {
						all = append(all, decade*s)
					}
					all = append(all, end)
				}
			}
		}
		if len(all)-1 <= most {
			break
		}
	}
	return all
}

// fill counts what falls between edges.
func fill(h *record.Histogram, edges []float64) []bin {
	all := make([]bin, len(edges)-1)
	for i := range all {
		all[i] = bin{From: edges[i], To: edges[i+1]}
	}
	i := 0
	for ns, n := range h.Buckets() {
		// The histogram knows a time to a thousandth or two thousandths, and gives the lower end.
		for v := float64(ns) * (1 + 1.0/3000); i < len(all)-1 && v >= all[i].To; {
			i++
		}
		all[i].Count += n
	}
	return all
}

// niceStep returns the least of 1, 2 and 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

func nextAfter(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }

// most returns the highest count of all bins.
func most(all []bin) (n int64) {
	for _, b := range all {
		n = max(n, b.Count)
	}
	return n
}
