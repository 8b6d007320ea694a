package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// loaded is what a tool has measured in one run: requests a second, and percentiles of the latency in milliseconds.
type loaded struct{ rate, p50, p90, p99 float64 }

// paced serves both versions in clear, and takes from 4 to 10 times the unit for a request, as many for each tenth of it: what a tool is to find is the same on a fast
// and a slow machine, as far as the unit is long beside what a busy one makes everything wait. Nothing takes twice as long as the mean, from which on wrk adds to what it
// has measured.
func paced(t *testing.T, unit time.Duration) string {
	ln := testkit.Listen(t)
	var n atomic.Int64
	s := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(4*unit + time.Duration(n.Add(1)*37%61)*unit/10)
		w.Header().Set("Content-Length", "0")
	})}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	return "http://" + ln.Addr().String() + "/"
}

// A figure is one that tools are compared by.
type figure struct {
	name string
	of   func(loaded) float64
}

var (
	rate        = []figure{{"rate", func(l loaded) float64 { return l.rate }}}
	percentiles = []figure{
		{"p50", func(l loaded) float64 { return l.p50 }},
		{"p90", func(l loaded) float64 { return l.p90 }},
		{"p99", func(l loaded) float64 { return l.p99 }},
	}
)

// TestLoadAgreesWithWrkAndH2load within 5 %.
func TestLoadAgreesWithWrkAndH2load(t *testing.T) {
	quick, slow := paced(t, time.Millisecond), paced(t, 25*time.Millisecond)
	t.Run("wrk", func(t *testing.T) {
		testkit.Need(t, "wrk")
		agree(t, rate, func() loaded { return byPaf(t, "-c", "20", "-d", "1", quick) }, func() loaded { return byWrk(t, "20", "1", quick) })
		agree(t, percentiles, func() loaded { return byPaf(t, "-c", "100", "-d", "2", slow) }, func() loaded { return byWrk(t, "100", "2", slow) })
	})
	t.Run("h2load", func(t *testing.T) {
		testkit.Need(t, "h2load")
		const h2 = "--http2-prior-knowledge"
		agree(t, rate, func() loaded { return byPaf(t, h2, "-c", "4", "-m", "5", "-d", "1", quick) }, func() loaded { return byH2load(t, "4", "5", "1", quick) })
		agree(t, percentiles, func() loaded { return byPaf(t, h2, "-c", "10", "-m", "10", "-d", "2", slow) }, func() loaded { return byH2load(t, "10", "10", "2", slow) })
	})
}

// agree compares the medians of several runs of two tools, which take turns. On a busy machine it takes more of them.
func agree(t *testing.T, figures []figure, a, b func() loaded) {
	t.Helper()
	var ours, theirs []loaded
	var differs []string
	for len(ours) < 20 {
		for range 3 {
			ours, theirs = append(ours, a()), append(theirs, b())
		}
		if differs = unlike(figures, ours, theirs); len(differs) == 0 {
			return
		}
		t.Logf("after %d runs: %q", len(ours), differs)
	}
	t.Errorf("they do not agree: %q", differs)
}

// unlike names the medians that differ by more than 5 %.
func unlike(figures []figure, ours, theirs []loaded) (differs []string) {
	for _, f := range figures {
		a, b := medianOf(ours, f.of), medianOf(theirs, f.of)
		if !(math.Abs(a/b-1) <= 0.05) {
			differs = append(differs, fmt.Sprintf("%s %.4g and %.4g", f.name, a, b))
		}
	}
	return differs
}

func medianOf(runs []loaded, figure func(loaded) float64) float64 {
	var all []float64
	for _, r := range runs {
		all = append(all, figure(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

var (
	wrkRate    = regexp.MustCompile(`Requests/sec: +([\d.]+)`)
	wrkLatency = regexp.MustCompile(`(?m)^ +(50|90|99)% +([\d.]+(?:us|ms|s)) *$`)
)

func byWrk(t *testing.T, connections, seconds, url string) (l loaded) {
	out, err := exec.CommandContext(t.Context(), "wrk", "-t1", "-c", connections, "-d", seconds, "--latency", url).CombinedOutput()
	rate, latencies := wrkRate.FindSubmatch(out), wrkLatency.FindAllSubmatch(out, -1)
	if err != nil || rate == nil || len(latencies) != 3 || strings.Contains(string(out), "Socket errors") {
		t.Fatalf("wrk: %v\n%s", err, out)
	}
	l.rate, _ = strconv.ParseFloat(string(rate[1]), 64)
	for i, to := range []*float64{&l.p50, &l.p90, &l.p99} {
		d, _ := time.ParseDuration(string(latencies[i][2]))
		*to = float64(d) / 1e6
	}
	return l
}

var h2loadRate = regexp.MustCompile(`finished in [\d.]+m?s, ([\d.]+) req/s`)

// byH2load runs h2load. It prints no percentiles; its log has a line for each request, which ends with the microseconds it took.
func byH2load(t *testing.T, connections, streams, seconds, url string) (l loaded) {
	name := filepath.Join(t.TempDir(), "log")
	out, err := exec.CommandContext(t.Context(), "h2load", "-t1", "-c", connections, "-m", streams, "-D", seconds, "--log-file="+name, url).CombinedOutput()
	rate := h2loadRate.FindSubmatch(out)
	log, logErr := os.ReadFile(name)
	if err != nil || logErr != nil || rate == nil || !strings.Contains(string(out), " 0 failed") {
		t.Fatalf("h2load: %v, %v\n%s", err, logErr, out)
	}
	l.rate, _ = strconv.ParseFloat(string(rate[1]), 64)
	var all []float64
	for line := range strings.Lines(string(log)) {
		fields := strings.Fields(line)
		us, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			t.Fatalf("h2load's log: %q", line)
		}
		all = append(all, us/1e3)
	}
	slices.Sort(all)
	for p, to := range map[int]*float64{50: &l.p50, 90: &l.p90, 99: &l.p99} {
		*to = all[len(all)*p/100]
	}
	return l
}

// A measured is what the tests look at in what --json has written.
type measured struct {
	Processes int
	Settings  struct {
		Connections int
		Rate        float64
	}
	Length  int64 `json:"length_ns"`
	Latency struct {
		Count int64
		MS    map[string]float64
	}
	Failed struct{ Count int64 }
}

// load runs paf load and returns what it has measured.
func load(t *testing.T, args ...string) (m measured) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, append([]string{"load", "-q", "--json", "-"}, args...)...)
	out, err := c.Output()
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	if err != nil || m.Failed.Count > 0 {
		t.Errorf("paf load %q: %v, %d failed\n%s", args, err, m.Failed.Count, out)
	}
	return m
}

func (m *measured) loaded() loaded {
	ms := m.Latency.MS
	return loaded{float64(m.Latency.Count) / (float64(m.Length) / 1e9), ms["p50"], ms["p90"], ms["p99"]}
}

func byPaf(t *testing.T, args ...string) loaded {
	t.Helper()
	m := load(t, args...)
	return m.loaded()
}

// TestFourProcessesMeasureWhatOneDoes: begun together, and merged.
func TestFourProcessesMeasureWhatOneDoes(t *testing.T) {
	url := paced(t, 25*time.Millisecond)
	agree(t, percentiles, func() loaded {
		m := together(t, 4, "-c", "50", "--rate", "100", "-d", "1", url)
		if m.Processes != 4 || m.Latency.Count != 400 || m.Settings.Connections != 200 || m.Settings.Rate != 400 {
			t.Fatalf("the sum of four: %+v", m)
		}
		return m.loaded()
	}, func() loaded { return byPaf(t, "-c", "200", "--rate", "400", "-d", "1", url) })
}

// together runs several processes that begin at the same time, and returns the sum of what they have measured.
func together(t *testing.T, n int, args ...string) measured {
	t.Helper()
	dir, at := t.TempDir(), time.Now().Add(500*time.Millisecond).Format(time.RFC3339Nano)
	var all sync.WaitGroup
	merge := []string{"--merge"}
	for i := range n {
		name := filepath.Join(dir, strconv.Itoa(i)+".json")
		merge = append(merge, name)
		all.Go(func() {
			c := exec.CommandContext(t.Context(), program, append([]string{"load", "-q", "--start-at", at, "--json", name}, args...)...)
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("paf load %q: %v\n%s", args, err, out)
			}
		})
	}
	all.Wait()
	return load(t, merge...)
}
