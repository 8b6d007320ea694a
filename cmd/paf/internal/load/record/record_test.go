package record

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 250e6, time.UTC)

func written(t testing.TB, r *Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSecondsAreThoseOfTheWallClock(t *testing.T) {
	r := NewRecorder(Settings{}, began) // a quarter into its second
	s := r.Shard()
	s.InFlight(0, 2)
	s.Done(0, 0, 1, 749_999_999, 200, 1, 1)
	s.Done(0, 0, 1, 750_000_000, 200, 1, 1)
	s.InFlight(750_000_000, -1)
	s.InFlight(4_000_000_000, -1)
	s.Failed(0, 4_000_000_000, "time-out", nil)
	run := r.Run(5e9)
	var got []string
	for sec := range run.EverySecond() {
		got = append(got, fmt.Sprint(sec.Unix-began.Unix(), sec.Answered, sec.Failed, time.Duration(sec.Busy), run.Span(&sec)))
	}
	want := []string{"0 1 0 1.5s 750ms", "1 1 0 1s 1s", "2 0 0 1s 1s", "3 0 0 1s 1s", "4 0 1 250ms 1s", "5 0 0 0s 250ms"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// Somebody is late by seconds: what they tell is put where it belongs.
func TestALateReportIsNotLost(t *testing.T) {
	r := NewRecorder(Settings{}, began)
	s := r.Shard()
	for _, end := range []int64{9e9, 1e9, 5e9, 1e9, 9e9} {
		s.Done(0, 0, 1, end, 200, 10, 1)
		s.Failed(0, end, "reset", nil)
		s.InFlight(end, 1)
	}
	s.InFlight(9.5e9, -5)
	r.Snapshot(9e9)
	var got []string
	run := r.Run(10e9)
	for _, sec := range run.Seconds {
		got = append(got, fmt.Sprint(sec.Unix-began.Unix(), sec.Answered, sec.Failed, sec.BytesIn, time.Duration(sec.Busy)))
	}
	want := []string{"1 2 2 20 1.5s", "2 0 0 0 2s", "3 0 0 0 2s", "4 0 0 0 2s", "5 1 1 10 2.75s", "6 0 0 0 3s", "7 0 0 0 3s", "8 0 0 0 3s", "9 2 2 20 3.25s"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestWhatEndsInTheWarmUpIsNotRecorded(t *testing.T) {
	r := NewRecorder(Settings{}, began)
	s := r.Shard()
	s.InFlight(-3e9, 3)
	s.Done(-3e9, -3e9, -2e9, -1, 200, 1, 1)
	s.Failed(-3e9, -1, "reset", nil)
	s.Done(-3e9, -3e9, -2e9, 1e9, 200, 1, 1)
	s.InFlight(1e9, -3)
	run := r.Run(1e9)
	if run.Answered() != 1 || run.FailedCount() != 0 || run.Latency.Max() != 4e9 || run.Seconds[0].Busy != 3*750e6 {
		t.Errorf("%d, %d, %d, %+v", run.Answered(), run.FailedCount(), run.Latency.Max(), run.Seconds)
	}
}

func TestFiguresAreRightToThreeDigits(t *testing.T) {
	r := NewRecorder(Settings{}, began)
	s := r.Shard()
	for i := range int64(100_000) {
		s.Done(0, 0, 0, (i+1)*1000, 200, 0, 0) // 1 us to 100 ms, as many of each
	}
	h := r.Run(1e9).Latency
	for _, p := range Percentiles() {
		if got, want := float64(h.At(p)), p*1e6; math.Abs(got-want) > want/1000+1000 {
			t.Errorf("p%g is %f, not %f", p, got, want)
		}
	}
	if h.Min() != 1000 || h.Max() != 100e6 || h.Mean() != 50_000_500 || h.Sum() != 5_000_050_000_000 {
		t.Errorf("%d to %d, %f, %d", h.Min(), h.Max(), h.Mean(), h.Sum())
	}
	if d := 100e6 / math.Sqrt(12); math.Abs(h.Deviation()-d) > d/1000 {
		t.Errorf("deviation %f, not %f", h.Deviation(), d)
	}
}

func TestTimesOutOfRangeCount(t *testing.T) {
	r := NewRecorder(Settings{}, began)
	s := r.Shard()
	s.Done(0, 0, 0, 7200e9, 200, 0, 0)
	s.Done(10, 10, 10, 5, 200, 0, 0) // a clock went backwards
	h := r.Run(7200e9).Latency
	if h.Count() != 2 || h.Max() != 7200e9 || h.Min() != 0 || h.At(50) != 0 {
		t.Errorf("%d: %d, %d to %d", h.Count(), h.Min(), h.At(50), h.Max())
	}
	if top := h.At(99); top < 3600e9 || top > 3604e9 {
		t.Errorf("p99 is %d", top)
	}
}

func TestTheFirstFailureOfAKindIsTheExample(t *testing.T) {
	r := NewRecorder(Settings{}, began)
	a, b := r.Shard(), r.Shard()
	a.Failed(0, 5e9, "reset", errors.New("second"))
	b.Failed(0, 4e9, "reset", errors.New(strings.Repeat("ä", 400)))
	b.Failed(0, 6e9, "time-out", nil)
	a.Failed(0, 6e9, "reset", errors.New("third"))
	run := r.Run(9e9)
	f := run.Failures["reset"]
	if f.Count != 3 || f.Example != strings.Repeat("ä", 251)+"..." || !f.First.Equal(began.Add(4*time.Second)) {
		t.Errorf("%+v", f)
	}
	if got := run.Kinds(); !slices.Equal(got, []string{"reset", "time-out"}) || run.Failures["time-out"].Example != "" {
		t.Errorf("%q %+v", got, run.Failures["time-out"])
	}
}

func TestARequestAllocatesNothing(t *testing.T) {
	r := NewRecorder(Settings{}, began)
	s := r.Shard()
	cause := errors.New("a cause")
	s.Failed(0, 3, "reset", cause)
	allocated := testing.AllocsPerRun(1000, func() {
		s.InFlight(1, 1)
		s.Done(1, 2, 3, 4, 200, 5, 6)
		s.InFlight(3, -1)
		s.Failed(0, 3, "reset", cause)
	})
	if allocated != 0 {
		t.Errorf("%f allocations", allocated)
	}
}

func TestManyRecordAtOnce(t *testing.T) {
	const each, goroutines = 2000, 16
	r := NewRecorder(Settings{}, began)
	var group sync.WaitGroup
	shards := []*Shard{r.Shard(), r.Shard(), r.Shard()}
	for g := range goroutines {
		s := shards[g%len(shards)]
		group.Go(func() {
			for i := range int64(each) {
				at := i * 5e6 // ten seconds, at which all are at once, or late
				s.InFlight(at, 1)
				r.Connected(at, at)
				if i%10 == 0 {
					s.Failed(at, at+1e6, "reset", nil)
				} else {
					s.Done(at, at, at+1, at+1e6, 200, 3, 2)
				}
				s.InFlight(at+1e6, -1)
			}
		})
	}
	var last int64
	for i := range int64(10) {
		snap := r.Snapshot(i * 1e9)
		if snap.Answered < last {
			t.Errorf("%d, after %d", snap.Answered, last)
		}
		last = snap.Answered
	}
	group.Wait()
	run := r.Run(11e9)
	if _, err := Read(strings.NewReader(written(t, run))); err != nil {
		t.Fatal(err) // where the sums are compared
	}
	var busy int64
	for _, s := range run.Seconds {
		busy += s.Busy
	}
	if run.Answered() != goroutines*each*9/10 || run.FailedCount() != goroutines*each/10 || busy != goroutines*each*1e6 || run.BytesIn != 3*run.Answered() {
		t.Errorf("%d, %d, busy %d, %d bytes", run.Answered(), run.FailedCount(), busy, run.BytesIn)
	}
	snap := r.Snapshot(10e9)
	if snap.InFlight != 0 || snap.Answered != run.Answered() || snap.Failed != run.FailedCount() || snap.Connections != each*goroutines || snap.Kinds["reset"] != snap.Failed {
		t.Errorf("%+v", snap)
	}
	if n := len(snap.Rates); n != 9 || snap.Rates[4] != run.Seconds[5].Answered || snap.Last.Answered != snap.Rates[8] || snap.Rate != float64(snap.Rates[8]) {
		t.Errorf("%d: %v, %+v", n, snap.Rates, snap.Last)
	}
}

// TestTheRateOfAPartOfASecondIsThatOfASecond: at the beginning, whenever in a second of the wall clock that was.
func TestTheRateOfAPartOfASecondIsThatOfASecond(t *testing.T) {
	for _, into := range []time.Duration{0, 250 * time.Millisecond, 750 * time.Millisecond, 999 * time.Millisecond} {
		r := NewRecorder(Settings{}, began.Truncate(time.Second).Add(into))
		s := r.Shard()
		if got := r.Snapshot(0).Rate; got != 0 {
			t.Errorf("%v into a second it begins with %f a second", into, got)
		}
		for at := int64(1e6); at <= 4e9; at += 1e6 { // 1,000 a second
			s.Done(at, at, at, at, 200, 0, 0)
			if at%25e7 != 0 {
				continue
			}
			snap := r.Snapshot(at)
			if math.Abs(snap.Rate-1000) > 1 {
				t.Errorf("%v into a second, after %v: %f a second", into, snap.Elapsed, snap.Rate)
			}
			for _, n := range snap.Rates {
				if n < 999 || n > 1001 {
					t.Errorf("%v into a second, after %v: %v", into, snap.Elapsed, snap.Rates)
				}
			}
		}
	}
}

func TestExportsHoldTheFigures(t *testing.T) {
	r := NewRecorder(Settings{}, began)
	s := r.Shard()
	for i := range int64(1000) {
		s.InFlight(i*10e6, 1)
		s.Done(i*10e6, i*10e6, i*10e6, i*10e6+2e6, 200, 10, 20)
		s.InFlight(i*10e6+2e6, -1)
	}
	run := r.Run(10e9)
	var out strings.Builder
	if err := run.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(lines) != 12 {
		t.Fatalf("%v: %s", err, out.String())
	}
	if got := strings.Join(lines[3], ","); got != "2026-03-04T05:06:09Z,2,1,100,0,1000,2000,0.2,2,2,2,2,2" {
		t.Errorf("%s\n%s", lines[0], got)
	}
	out.Reset()
	if err := run.WriteHGRM(&out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "\n       2.001     0.000000         1000") || !strings.Contains(text, "Total count    =         1000]") {
		t.Error(text)
	}
}

// A file of a year in which something happens once in an hour and a second is small; all its seconds are not.
func TestSilenceIsBounded(t *testing.T) {
	const often, apart = 8760, maxGap + 1
	run := newRun()
	run.Start, run.Length, run.Processes = began, often*apart*time.Second, 1
	for i := range int64(often) {
		run.Seconds = append(run.Seconds, Second{Unix: began.Unix() + i*apart, Busy: 1, Latency: newHistogram(digitsPerSecond)})
	}
	if err := run.check(); err != nil {
		t.Fatal(err)
	}
	seen, busy, last := 0, 0, int64(0)
	for s := range run.EverySecond() {
		if s.Unix <= last {
			t.Fatalf("%d after %d", s.Unix, last)
		}
		last, seen, busy = s.Unix, seen+1, busy+int(s.Busy)
	}
	if want := often + maxSilence; seen > want || seen < want-maxGap || busy != often {
		t.Errorf("%d seconds, %d of them busy; not %d", seen, busy, want)
	}
}

// The library's own form is that of HdrHistogram's tools.
func TestHistogramsAreEncodedAsTheLibraryDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, digits := range []int{digits, digitsPerSecond} {
		h := newHistogram(digits)
		for n := range 300 {
			if want, err := h.counts.Encode(); err != nil || h.encode() != string(want) {
				t.Fatalf("%d times of %d digits: %v, %s, not %s", n, digits, err, h.encode(), want)
			}
			h.Add(random.Int64N(highest) >> random.IntN(42))
			if n%10 == 0 {
				h.counts.RecordValues(random.Int64N(highest)>>random.IntN(42), random.Int64N(1<<45))
			}
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	r := NewRecorder(Settings{}, began)
	s := r.Shard()
	for at := int64(0); at < 3600e9; at += 10e6 {
		s.Done(at, at, at, at+50_000+at*7919%3_000_000, 200, 1000, 100)
	}
	run := r.Run(3600e9)
	for b.Loop() {
		if err := run.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	s := NewRecorder(Settings{}, began).Shard()
	b.ReportAllocs()
	at := int64(0)
	for b.Loop() {
		at += 5000
		s.Done(at, at+100, at+50_000, at+60_000+at%1_000_000, 200, 1000, 100)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	r := NewRecorder(Settings{}, began)
	for range 4 {
		s := r.Shard()
		for i := range int64(1_000_000) {
			s.Done(i*5000, i*5000, i*5000+50_000, i*5000+60_000+i*7919%10_000_000, 200, 1000, 100)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Snapshot(5e9)
	}
}

func BenchmarkHoldUp(b *testing.B) {
	s := NewRecorder(Settings{}, began).Shard()
	for i := range int64(1_000_000) {
		s.Done(i*5000, i*5000, i*5000+50_000, i*5000+60_000+i*7919%10_000_000, 200, 1000, 100)
	}
	for b.Loop() {
		s.copy(&Snapshot{}, began.Unix())
	}
}
