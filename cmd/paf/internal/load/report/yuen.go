package report

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/stats"
)

// This file is the test of two samples.

// trim is which part of a sample is left out at either end: a second in which the machine did something else is in no mean.
const trim = 0.2

// mostAlike is the most that neighbours are taken to be correlated by. More cannot be told from parts as few as these.
const mostAlike = 0.9

// yuen compares two samples by their trimmed means (Yuen, The two-sample trimmed t for unequal population variances, Biometrika 61, 1974): p is how often chance
// alone makes those differ so much, and more that the mean of a is more. The test takes values for independent. Those that follow each other in a run are
// alike, and say less than as many others would: the variance of each mean is as many times larger as it is in a process that forgets (AR(1)) and whose
// neighbours are correlated so.
func yuen(a, b []float64, alike float64) (p float64, more bool) {
	x, y := trimmed(a), trimmed(b)
	more = x.mean > y.mean
	variance := x.variance + y.variance
	switch {
	case x.mean == y.mean:
		return 1, more
	case variance == 0:
		return 0, more
	}
	free := variance * variance / (x.variance*x.variance/(x.kept-1) + y.variance*y.variance/(y.kept-1))
	t := math.Abs(x.mean-y.mean) / math.Sqrt(variance*(1+alike)/(1-alike))
	return min(1, 2*(1-stats.TDist{V: free}.CDF(t))), more
}

// A trimmedSample is what yuen needs of a sample.
type trimmedSample struct {
	clipped        []float64 // those that are trimmed are as the last that are not, in the order of the sample
	kept           float64   // how many are not trimmed
	mean, variance float64   // the mean of those that are kept, and its variance
}

func trimmed(sample []float64) (t trimmedSample) {
	sorted := slices.Sorted(slices.Values(sample))
	n := len(sorted)
	cut := int(trim * float64(n))
	for _, v := range sample {
		t.clipped = append(t.clipped, min(max(v, sorted[cut]), sorted[n-1-cut]))
	}
	t.kept = float64(n - 2*cut)
	t.mean = stats.Mean(sorted[cut : n-cut])
	if sorted[cut] != sorted[n-1-cut] { // else rounding alone would make a variance
		t.variance = stats.Variance(t.clipped) * float64(n-1) / (t.kept * (t.kept - 1))
	}
	return t
}

// correlation returns by how much neighbours in two samples are correlated, from 0 to mostAlike. Of few values that are independent it would be below 0, and of others
// too small: that is made good.
func correlation(samples [2][]float64) float64 {
	var same, next, n float64
	for _, sample := range samples {
		values := trimmed(sample).clipped
		mean := stats.Mean(values)
		for i, v := range values {
			same += (v - mean) * (v - mean)
			if i > 0 {
				next += (v - mean) * (values[i-1] - mean)
			}
		}
		n += float64(len(values)) / 2
	}
	if same == 0 || n <= 3 {
		return 0
	}
	return min(mostAlike, max(0, (next/same*n+1)/(n-3)))
}
