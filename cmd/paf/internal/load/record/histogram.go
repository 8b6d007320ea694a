package record

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What a histogram of a run can hold, in nanoseconds. The lowest is a nanosecond, not the microsecond that anybody cares for, since three digits
// are counted from there: with 1 us for the lowest, 50 us would be known to 1 % only.
const (
	lowest  = 1
	highest = int64(3600e9)
	digits  = 3
	// digitsPerSecond is the precision of the histograms of each second: some hundred bytes each in the file, where three digits take thousands.
	digitsPerSecond = 2
)

// Percentiles are those that a Run's file and all that is made of it name.
func Percentiles() []float64 { return []float64{50, 75, 90, 95, 99, 99.9, 99.99} }

// A Histogram is a distribution of times, in nanoseconds. The sum, the shortest and the longest are exact; all else is known to the digits
// that the histogram has, three for a run and two for a second. A time longer than an hour counts as an hour, but for Max and Sum.
// Methods that only read may be called at the same time. The zero value is not usable; a nil *Histogram is an empty one that only reads.
type Histogram struct {
	counts        *hdrhistogram.PackedHistogram
	sum, min, max int64
}

func newHistogram(digits int) *Histogram {
	return &Histogram{counts: hdrhistogram.NewPacked(lowest, highest, digits), min: math.MaxInt64}
}

// NewHistogram returns an empty histogram of three significant digits.
func NewHistogram() *Histogram { return newHistogram(digits) }

// Add counts a time, in nanoseconds. One below zero, which a clock that was set can show, counts as zero.
func (h *Histogram) Add(ns int64) {
	ns = max(ns, 0)
	h.counts.RecordValues(min(ns, highest), 1) // fails beyond the range alone
	h.sum, h.min, h.max = plus(h.sum, ns), min(h.min, ns), max(h.max, ns)
}

// Merge adds all that other holds. Both have to be of the same precision, else it panics: it would not be exact.
func (h *Histogram) Merge(other *Histogram) {
	if other.Count() == 0 {
		return
	}
	if h.counts.SignificantFigures() != other.counts.SignificantFigures() {
		panic("record: histograms of unlike precision cannot be merged")
	}
	h.counts.Merge(other.counts)
	h.sum, h.min, h.max = plus(h.sum, other.sum), min(h.min, other.min), max(h.max, other.max)
}

// Clone returns a copy that shares nothing with h.
func (h *Histogram) Clone() *Histogram {
	clone := *h
	clone.counts = h.counts.Clone()
	return &clone
}

// Count returns how many times are in it.
func (h *Histogram) Count() int64 {
	if h == nil {
		return 0
	}
	return h.counts.TotalCount()
}

// Sum returns the sum of all times, in nanoseconds; at most 2^63-1.
func (h *Histogram) Sum() int64 {
	if h == nil {
		return 0
	}
	return h.sum
}

// Min returns the shortest time, in nanoseconds; 0 when there is none.
func (h *Histogram) Min() int64 {
	if h.Count() == 0 {
		return 0
	}
	return h.min
}

// Max returns the longest time, in nanoseconds; 0 when there is none.
func (h *Histogram) Max() int64 {
	if h == nil {
		return 0
	}
	return h.max
}

// Mean returns the average, in nanoseconds; 0 when there is none.
func (h *Histogram) Mean() float64 {
	if h.Count() == 0 {
		return 0
	}
	return float64(h.sum) / float64(h.Count())
}

// Deviation returns the standard deviation, in nanoseconds.
func (h *Histogram) Deviation() float64 {
	if h.Count() == 0 {
		return 0
	}
	return h.counts.StdDev()
}

// At returns the time, in nanoseconds, that p percent of all are not longer than; 0 when there is none.
func (h *Histogram) At(p float64) int64 {
	if h.Count() == 0 {
		return 0
	}
	// The bucket's upper end may lie beyond what was ever seen.
	return max(h.min, min(h.max, h.counts.ValueAtPercentile(p)))
}

// Buckets yields the buckets that are not empty, from the shortest time to the longest: the least time that falls into it, and how many did.
func (h *Histogram) Buckets() iter.Seq2[int64, int64] {
	return func(yield func(int64, int64) bool) {
		if h.Count() > 0 {
			h.counts.ForEachBucket(yield)
		}
	}
}

// A histogramJSON is a histogram in a file: all of it in HDR, and beside it what people and jq want to read.
type histogramJSON struct {
	Count int64              `json:"count"`
	Sum   int64              `json:"sum_ns"`
	Min   int64              `json:"min_ns"`
	Max   int64              `json:"max_ns"`
	MS    map[string]float64 `json:"ms"`
	HDR   string             `json:"hdr"`
}

// MarshalJSON writes the histogram in HdrHistogram's V2 compressed form, in base64, with its percentiles in milliseconds beside it.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	ms := map[string]float64{"min": millis(h.Min()), "mean": h.Mean() / 1e6, "max": millis(h.Max())}
	for _, p := range Percentiles() {
		ms[fmt.Sprintf("p%g", p)] = millis(h.At(p))
	}
	return json.Marshal(histogramJSON{h.Count(), h.Sum(), h.Min(), h.Max(), ms, h.encode()})
}

// UnmarshalJSON reads what MarshalJSON has written. The percentiles beside the histogram are not read: they follow from it.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var in histogramJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	counts, err := hdrhistogram.DecodePacked([]byte(in.HDR))
	if err != nil {
		return fmt.Errorf("\"hdr\" is not a histogram in HdrHistogram's V2 compressed form: %w", err)
	}
	*h = Histogram{counts, in.Sum, in.Min, in.Max}
	if in.Count == 0 {
		h.min = math.MaxInt64
	}
	return h.check(in.Count)
}

// check looks for what would make figures wrong that are derived from it.
func (h *Histogram) check(count int64) error {
	figures := h.counts.SignificantFigures()
	switch {
	case h.counts.LowestTrackableValue() != lowest, h.counts.HighestTrackableValue() != highest, figures != digits && figures != digitsPerSecond:
		return fmt.Errorf("\"hdr\" holds %d to %d with %d digits, not %d to %d with %d or %d",
			h.counts.LowestTrackableValue(), h.counts.HighestTrackableValue(), figures, lowest, highest, digitsPerSecond, digits)
	case count != h.counts.TotalCount():
		return fmt.Errorf("\"count\" is %d, but %d times are in \"hdr\"", count, h.counts.TotalCount())
	case count > maxCount:
		return fmt.Errorf("\"count\" is %d, more than %d", count, maxCount)
	case count > 0 && (h.min < 0 || h.max < h.min || h.sum < h.max):
		return fmt.Errorf("the times do not add up: the shortest %d ns, the longest %d ns, all together %d ns", h.min, h.max, h.sum)
	case count == 0 && (h.sum != 0 || h.max != 0):
		return fmt.Errorf("no time is in \"hdr\", but \"max_ns\" is %d and \"sum_ns\" %d", h.max, h.sum)
	}
	return nil
}

func millis(ns int64) float64 { return float64(ns) / 1e6 }

// plus adds what is not negative, up to the largest number there is: in whatever order, the sum is the same.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// sum is plus for what is counted in an int.
func sum(a, b int) int { return int(min(plus(int64(a), int64(b)), math.MaxInt)) }
