package load

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
)

// A stalling server answers in half a millisecond, but for a tenth of each second, in which it answers nothing.
const (
	stallFrom  = 450 * time.Millisecond
	stallUntil = 550 * time.Millisecond
	service    = 500 * time.Microsecond
)

// stalled returns how long the server lets a request wait that comes at a time.
func stalled(at time.Duration) time.Duration {
	if at %= time.Second; at >= stallFrom && at < stallUntil {
		return stallUntil - at
	}
	return 0
}

// TestAStallIsSeenByAllWhoWouldHaveWaited is what the open loop is for. Time is virtual, so that what is measured can be computed; the rest is as in earnest.
func TestAStallIsSeenByAllWhoWouldHaveWaited(t *testing.T) {
	for name, protocol := range map[string]paf.Protocol{"HTTP/1.1": paf.HTTP11, "HTTP/2": paf.HTTP2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				way := serveInMemory(t, paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
					time.Sleep(stalled(time.Since(start)) + service)
				}))
				const rate, length = 1000, 5 * time.Second
				o := Options{URL: "http://stalls/", Way: way, Connections: 200, Duration: length, Rate: rate, Protocol: protocol}
				if protocol == paf.HTTP2 {
					o.Connections, o.Streams = 4, 50
				}
				run := measure(t, o)
				var computed []time.Duration
				for due := time.Duration(0); due < length; due += time.Second / rate {
					computed = append(computed, stalled(due)+service)
				}
				slices.Sort(computed)
				if run.Answered() != int64(len(computed)) || run.FailedCount() != 0 {
					t.Fatalf("%d answered, %d failed, of %d", run.Answered(), run.FailedCount(), len(computed))
				}
				for _, p := range []float64{50, 89, 91, 95, 99, 99.9} {
					want := computed[int(float64(len(computed))*p/100)-1]
					if got := time.Duration(run.Latency.At(p)); !near(got, want, 0.01) {
						t.Errorf("p%v is %v, computed %v", p, got, want)
					}
				}

				// The same server, in a closed loop: of 10 connections each sees a stall once, and asks nothing meanwhile.
				start = time.Now()
				closed := measure(t, Options{URL: "http://stalls/", Way: way, Connections: 10, Duration: length, Protocol: protocol})
				if p99 := time.Duration(closed.Latency.At(99)); !near(p99, service, 0.01) {
					t.Errorf("in a closed loop p99 is %v: the test shows nothing", p99)
				}
				t.Logf("p99 computed %v, open loop %v, closed loop %v",
					computed[len(computed)*99/100-1], time.Duration(run.Latency.At(99)), time.Duration(closed.Latency.At(99)))
			})
		})
	}
}

// TestALateRequestCountsFromWhenItWasDue: with one connection those that are due in a stall are sent one after another when it is over.
func TestALateRequestCountsFromWhenItWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		way := serveInMemory(t, paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
			time.Sleep(stalled(time.Since(start)) + service)
		}))
		const length = time.Second
		run := measure(t, Options{URL: "http://stalls/", Way: way, Connections: 1, Duration: length, Rate: 100})
		var computed []time.Duration
		var free time.Duration // when the connection is
		for due := time.Duration(0); due < length; due += time.Second / 100 {
			sent := max(due, free)
			free = sent + stalled(sent) + service
			computed = append(computed, free-due)
		}
		slices.Sort(computed)
		for _, p := range []float64{50, 85, 90, 95, 99, 100} {
			want := computed[int(float64(len(computed))*p/100)-1]
			if got := time.Duration(run.Latency.At(p)); !near(got, want, 0.01) {
				t.Errorf("p%v is %v, computed %v", p, got, want)
			}
		}
		if max := time.Duration(run.Service.Max()); !near(max, 100*time.Millisecond+service, 0.01) {
			t.Errorf("the longest time from sending is %v", max)
		}
	})
}
