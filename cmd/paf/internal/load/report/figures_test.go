package report

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

func TestFiguresAreWrittenWithThreeDigits(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0 ns", 1: "1.00 ns", 999: "999 ns", 999.6: "1.00 µs", 1000: "1.00 µs", 45_120: "45.1 µs", 999_600: "1.00 ms", 1_234_000: "1.23 ms", 99_960_000: "100 ms",
		1e9: "1.00 s", 61e9: "61.0 s", 123_456e9: "123,456 s", -2e6: "-2.00 ms",
	} {
		if got := duration(ns); got != want {
			t.Errorf("%f ns is %q, not %q", ns, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.5: "0.5", 0.00012345: "0.000123", 1: "1", 1.5: "1.5", 12.04: "12", 100: "100", 99.96: "100", 1234567.8: "1,234,568"} {
		if got := figure(v); got != want {
			t.Errorf("%f is %q, not %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0 %", 1: "100 %", 0.001: "0.1 %", 0.000001: "<0.001 %", 0.99999: "100 %"} {
		if got := percent(v); got != want {
			t.Errorf("%f is %q, not %q", v, got, want)
		}
	}
}

// broken is what a page has in it when something was computed that is no number.
var broken = regexp.MustCompile(`NaN|Inf|ZgotmplZ|[0-9]e[+-]?[0-9]|%!|="-[0-9]`)

// Whatever a run holds, each time is in one bar, bars are in order, and no figure of the page is none.
func FuzzRunsAreShown(f *testing.F) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 3, 300} {
		script := make([]byte, 12*n)
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		f.Add(script, uint32(n*1000), uint16(n))
	}
	f.Fuzz(func(t *testing.T, script []byte, length uint32, rate uint16) {
		now := int64(length) * 1e6 // up to 50 days
		r := record.NewRecorder(record.Settings{Target: "http://localhost/", Rate: float64(rate)}, began)
		s := r.Shard()
		for ; len(script) >= 12; script = script[12:] {
			end := int64(binary.LittleEndian.Uint32(script)) * 1e3 // up to 71 minutes
			took := int64(binary.LittleEndian.Uint64(script[4:]) >> (script[3] & 63) & math.MaxInt64)
			now = max(now, end)
			s.InFlight(end/2, 1)
			if script[5]&15 == 0 {
				s.Failed(end-took, end, "reset", nil)
			} else {
				s.Done(end-took, end-took, end-took/2, end, 100+int(script[6]), int64(script[7]), 1)
			}
			s.InFlight(end, -1)
		}
		run := r.Run(now)
		show(t, run)
	})
}

// show shows a run in all ways, and checks what has to hold for all.
func show(t *testing.T, run *record.Run) {
	t.Helper()
	for _, most := range []int{10, 16, 50} {
		var n int64
		last := -1.0
		for _, b := range bins(run.Latency, most) {
			if n += b.Count; b.From < last || b.To <= b.From {
				t.Errorf("a bar from %f to %f after %f", b.From, b.To, last)
			}
			last = b.To
		}
		if n != run.Answered() {
			t.Errorf("%d of %d times are in bars", n, run.Answered())
		}
		if n := len(bins(run.Latency, most)); n > max(most+2, 20) { // one for each decade there is
			t.Errorf("%d bars, not %d", n, most)
		}
	}
	var answered, failed int64
	spans := timeline(run)
	for i, s := range spans {
		answered, failed = answered+s.Answered, failed+s.Failed
		if s.To <= s.From || i > 0 && s.From != spans[i-1].To {
			t.Errorf("a span from %s to %s after another", s.From, s.To)
		}
	}
	if run.Length > 0 && (answered != run.Answered() || failed != run.FailedCount() || spans[0].From != 0 || spans[len(spans)-1].To != run.Length) {
		t.Errorf("the spans have %d and %d of %d and %d, from %s to %s of %s", answered, failed, run.Answered(), run.FailedCount(), spans[0].From, spans[len(spans)-1].To, run.Length)
	}
	var page, comparison, text strings.Builder
	compared := Compare(Named{"a", run}, Named{"b", brief()})
	for _, err := range []error{Page(&page, run), ComparisonPage(&comparison, compared), Text(&text, run), compared.Text(&text)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, html := range []string{page.String(), comparison.String()} {
		_, body, _ := strings.Cut(html, "<body>")
		if at := broken.FindStringIndex(body); at != nil {
			t.Errorf("the page has %q", body[max(0, at[0]-100):min(len(body), at[1]+30)])
		}
	}
	if at := broken.FindStringIndex(text.String()); at != nil {
		t.Errorf("the text has %q", text.String()[max(0, at[0]-30):min(text.Len(), at[1]+30)])
	}
}

func TestTimelineIsOfWholeSeconds(t *testing.T) {
	spans := timeline(rough())
	if n := len(spans); n != 61 || spans[0].From != 0 || spans[0].To != 750*time.Millisecond || spans[n-1].To != time.Minute || spans[n-1].From != 59750*time.Millisecond {
		t.Errorf("%d spans: %v", n, spans)
	}
}
