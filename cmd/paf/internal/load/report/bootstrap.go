package report

import (
	"math"
	"math/rand/v2"
	"slices"
)

// This file is the test of two samples.

// trim is which part of a sample is left out at either end: a second in which the machine did something else is in no mean.
const trim = 0.2

// mostAlike is the most that neighbours are taken to be correlated by. More cannot be told from parts as few as these.
const mostAlike = 0.9

// How often samples are drawn again. Once seenOften of them are as far apart, how rare that is is known, and it is not rare (Besag and Clifford, Sequential Monte
// Carlo p-values, Biometrika 78, 1991).
const (
	mostDraws = 10_000
	seenOften = 50
)

// chance tells by a bootstrap how often samples of one and the same thing would be as far apart as a and b, and whether a is more. How far apart two are is told by their trimmed
// means, beside how much those vary (Yuen, The two-sample trimmed t for unequal population variances, Biometrika 61, 1974). Values that follow each other in a run are alike,
// and say less than as many others would: the samples that are drawn are as much so. That is a sieve bootstrap, of processes that forget (AR(1)) and whose
// neighbours are correlated by alike (Bühlmann, Sieve bootstrap for time series, Bernoulli 3, 1997). The same samples have the same p each time.
func chance(a, b []float64, alike float64) (p float64, more bool) {
	x, y := newDrawing(a, alike), newDrawing(b, alike)
	seen := apart(x.of(a), y.of(b))
	if more = seen > 0; seen == 0 {
		return 1, more
	}
	random := rand.New(rand.NewPCG(uint64(len(a)), uint64(len(b))))
	beyond := 0
	for n := 1; n <= mostDraws; n++ {
		if math.Abs(apart(x.draw(random), y.draw(random))) < math.Abs(seen) {
			continue
		}
		if beyond++; beyond == seenOften {
			return seenOften / float64(n), more
		}
	}
	return float64(beyond+1) / (mostDraws + 1), more
}

// apart returns how far apart two samples are, in standard deviations of the difference of their means: above zero if that of x is more.
func apart(x, y trimmed) float64 {
	switch variance := x.variance + y.variance; {
	case x.mean == y.mean:
		return 0
	case variance == 0:
		return math.Inf(int(math.Copysign(1, x.mean-y.mean)))
	default:
		return (x.mean - y.mean) / math.Sqrt(variance)
	}
}

// A trimmed is what matters of a sample: its trimmed mean, and the variance of that, if its values did not depend on each other.
type trimmed struct{ mean, variance float64 }

// A drawing makes samples that are like one, but whose mean is 0.
type drawing struct {
	news   []float64 // by how much each value is another one than its neighbour lets expect
	alike  float64
	sample []float64 // the latest
	sorted []float64 // of it
}

// settling is how many values a process is given to forget where it began.
const settling = 20

func newDrawing(sample []float64, alike float64) *drawing {
	d := &drawing{alike: alike, sample: make([]float64, len(sample)), sorted: make([]float64, len(sample))}
	for i := 1; i < len(sample); i++ {
		d.news = append(d.news, sample[i]-alike*sample[i-1])
	}
	mean := d.of(d.news).mean
	for i := range d.news {
		d.news[i] -= mean
	}
	return d
}

// sort returns a sample in order, and how many are trimmed at either end.
func (d *drawing) sort(sample []float64) (sorted []float64, cut int) {
	d.sorted = append(d.sorted[:0], sample...)
	slices.Sort(d.sorted)
	return d.sorted, int(trim * float64(len(sample)))
}

// draw makes a sample, and tells what matters of it.
func (d *drawing) draw(random *rand.Rand) trimmed {
	v := 0.0
	for i := -settling; i < len(d.sample); i++ {
		v = d.alike*v + d.news[random.IntN(len(d.news))]
		if i >= 0 {
			d.sample[i] = v
		}
	}
	return d.of(d.sample)
}

// of tells what matters of a sample. For the variance those that are trimmed are as the last that are not.
func (d *drawing) of(sample []float64) (t trimmed) {
	sorted, cut := d.sort(sample)
	n := len(sorted)
	low, high, kept := sorted[cut], sorted[n-1-cut], float64(n-2*cut)
	for _, v := range sorted[cut : n-cut] {
		t.mean += v / kept
	}
	if low == high { // else rounding alone would make a variance
		t.mean = low
		return t
	}
	mean, squares := t.mean*kept/float64(n)+float64(cut)*(low+high)/float64(n), 0.0
	for _, v := range sorted {
		v = min(max(v, low), high) - mean
		squares += v * v
	}
	t.variance = squares / (kept * (kept - 1))
	return t
}

// correlation returns by how much neighbours in two samples are correlated, from 0 to mostAlike. Of few values that are independent it would be below 0, and of others
// too small: that is made good.
func correlation(samples [2][]float64) float64 {
	var same, next, n float64
	for _, sample := range samples {
		values := clipped(sample)
		mean := 0.0
		for _, v := range values {
			mean += v / float64(len(values))
		}
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

// clipped returns a sample in which those that are trimmed are as the last that are not.
func clipped(sample []float64) []float64 {
	sorted := slices.Sorted(slices.Values(sample))
	cut := int(trim * float64(len(sorted)))
	all := make([]float64, len(sample))
	for i, v := range sample {
		all[i] = min(max(v, sorted[cut]), sorted[len(sorted)-1-cut])
	}
	return all
}
