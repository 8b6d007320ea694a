package record

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// ticks is how many lines of a .hgrm file each halving of the distance to 100 % gets, as HdrHistogram's own tools do it.
const ticks = 5

// WriteHGRM writes the latencies as HdrHistogram's tools plot them: values in milliseconds by percentile.
func (r *Run) WriteHGRM(w io.Writer) error {
	all := hdrhistogram.New(lowest, highest, digits)
	r.Latency.counts.MergeInto(all)
	_, err := all.PercentilesPrint(w, ticks, 1e6)
	return err
}

// columns are those of a CSV file. Times are in milliseconds; in_flight is an average.
func columns() []string {
	return []string{"time", "second", "length_s", "answered", "failed", "bytes_in", "bytes_out", "in_flight", "mean_ms", "p50_ms", "p90_ms", "p99_ms", "max_ms"}
}

// WriteCSV writes a line for each second, after one with the names of the columns (RFC 4180). The first second and the last may be shorter
// than a second: length_s says how long they were.
func (r *Run) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write(columns())
	for s := range r.EverySecond() {
		if err := out.Write(r.line(&s)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (r *Run) line(s *Second) []string {
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	real := func(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }
	h := s.Latency
	return []string{
		time.Unix(s.Unix, 0).UTC().Format(time.RFC3339), whole(s.Unix - r.Start.Unix()), real(r.Span(s).Seconds()),
		whole(s.Answered), whole(s.Failed), whole(s.BytesIn), whole(s.BytesOut), real(r.InFlight(s)),
		real(h.Mean() / 1e6), real(millis(h.At(50))), real(millis(h.At(90))), real(millis(h.At(99))), real(millis(h.Max())),
	}
}

// How much silence is shown second by second.
const (
	maxGap     = 3600            // without a break: runs of two days may have been merged
	maxSilence = 7 * 24 * maxGap // in all: a file of two megabytes can have a year of such breaks
)

// EverySecond yields the seconds of the run in order, from its start to its end, with those in which nothing happened: their histograms are nil.
// Of more than an hour of silence none is yielded, nor of what would be more than a week of it in all.
func (r *Run) EverySecond() iter.Seq[Second] {
	return func(yield func(Second) bool) {
		next, left := r.Start.Unix(), int64(maxSilence)
		silence := func(until int64) bool {
			if until-next > min(maxGap, left) {
				return true
			}
			for ; next < until; next++ {
				left--
				if !yield(Second{Unix: next}) {
					return false
				}
			}
			return true
		}
		for _, s := range r.Seconds {
			if !silence(s.Unix) || !yield(s) {
				return
			}
			next = s.Unix + 1
		}
		silence(r.End().Add(time.Second - 1).Unix())
	}
}

// InFlight returns how many requests were in flight in a second, on average.
func (r *Run) InFlight(s *Second) float64 {
	if span := r.Span(s); span > 0 {
		return float64(s.Busy) / float64(span)
	}
	return 0
}
