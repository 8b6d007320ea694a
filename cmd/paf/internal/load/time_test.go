package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// slow answers after some time, and counts what it has begun.
func slow(n *atomic.Int64, after time.Duration) paf.Handler {
	return paf.HandlerFunc(func(*paf.ResponseWriter, *paf.Request) {
		n.Add(1)
		time.Sleep(after)
	})
}

// timed runs options with a server that takes 10 ms, in virtual time, and returns what it has seen and how long all of it took.
func timed(t *testing.T, o Options) (r *record.Run, seen int64, took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		start := time.Now()
		o.URL, o.Way = "http://slow/", serveInMemory(t, slow(&n, 10*time.Millisecond))
		r = measure(t, o)
		seen, took = n.Load(), time.Since(start)
	})
	return r, seen, took
}

func TestARunLastsAsLongAsItIsToldTo(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want int64
	}{
		"closed":        {Options{Connections: 3, Duration: time.Second}, 300},
		"open":          {Options{Connections: 3, Duration: time.Second, Rate: 200}, 200},
		"streams":       {Options{Connections: 2, Streams: 5, Protocol: paf.HTTP2, Duration: time.Second}, 1000},
		"open, streams": {Options{Connections: 2, Streams: 5, Protocol: paf.HTTP2, Duration: time.Second, Rate: 500}, 500},
		"think":         {Options{Connections: 3, Duration: time.Second, Think: 15 * time.Millisecond}, 120},
		"think, number": {Options{Connections: 3, Number: 100, Think: 15 * time.Millisecond}, 100},
		"both":          {Options{Connections: 3, Duration: time.Second, Number: 100}, 100},
		"both, open":    {Options{Connections: 3, Duration: time.Second, Number: 100, Rate: 200}, 100},
		"seldom":        {Options{Connections: 3, Duration: 8 * time.Second, Rate: 0.2}, 2},
		"ramp, open":    {Options{Connections: 3, Duration: 2 * time.Second, Ramp: time.Second, Rate: 200}, 300},
		// Connections come at 0, 250, 500 and 750 ms.
		"ramp, closed": {Options{Connections: 4, Duration: time.Second, Ramp: time.Second}, 250},
	} {
		t.Run(name, func(t *testing.T) {
			r, seen, took := timed(t, c.o)
			if r.Answered() != c.want || seen != c.want || r.FailedCount() != 0 {
				t.Errorf("%d answered, %d seen, %d failed, want %d", r.Answered(), seen, r.FailedCount(), c.want)
			}
			if c.o.Number == 0 && (r.Length < c.o.Duration || r.Length > c.o.Duration+20*time.Millisecond) {
				t.Errorf("it is %v long, and took %v", r.Length, took)
			}
		})
	}
}

func TestAWarmUpDoesNotCount(t *testing.T) {
	for _, c := range []struct {
		o          Options
		want, seen int64
	}{
		{Options{Connections: 3, Duration: time.Second, Warmup: 500 * time.Millisecond}, 300, 450},
		{Options{Connections: 3, Duration: time.Second, Warmup: 500 * time.Millisecond, Rate: 200}, 200, 300},
		{Options{Connections: 3, Number: 30, Warmup: 500 * time.Millisecond, Rate: 200}, 30, 130},
		{Options{Connections: 3, Duration: time.Second, Warmup: time.Second, Ramp: time.Second, Rate: 200}, 200, 300},
	} {
		r, seen, _ := timed(t, c.o)
		if r.Answered() != c.want || seen != c.seen {
			t.Errorf("%+v: %d answered, %d seen, want %d and %d", c.o, r.Answered(), seen, c.want, c.seen)
		}
	}
}

func TestARunBeginsWhenItIsToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		at := time.Now().Add(time.Minute)
		o := Options{URL: "http://slow/", Way: serveInMemory(t, slow(&n, 10*time.Millisecond)), Connections: 3, Number: 3, StartAt: at, Warmup: 0}
		if r := measure(t, o); !r.Start.Equal(at.Round(0)) || r.Length != 10*time.Millisecond {
			t.Errorf("it began at %v and took %v", r.Start, r.Length)
		}
	})
}

// TestWhatWasDueAndNeverSentHasFailed: it is not forgotten because the server kept all connections waiting, and it is told apart from what was sent.
func TestWhatWasDueAndNeverSentHasFailed(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		sent int64 // at the most: at the very end a place may be free or not
	}{
		"HTTP/1.1": {Options{Connections: 2, Rate: 100, Duration: time.Second, Timeout: 300 * time.Millisecond}, 10},
		"HTTP/2":   {Options{Connections: 1, Streams: 2, Protocol: paf.HTTP2, Rate: 100, Duration: time.Second, Timeout: 300 * time.Millisecond}, 10},
		"one":      {Options{Connections: 1, Rate: 100, Duration: time.Second, Timeout: 5 * time.Second}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.o
			synctest.Test(t, func(t *testing.T) {
				hang := make(chan struct{})
				defer close(hang)
				o.URL, o.Way = "http://hangs/", serveInMemory(t, paf.HandlerFunc(func(*paf.ResponseWriter, *paf.Request) { <-hang }))
				r := measure(t, o)
				if r.Answered() != 0 || r.FailedCount() != 100 || kinds(r)[Timeout]+kinds(r)[Unsent] != 100 || kinds(r)[Timeout] < c.sent-2 || kinds(r)[Timeout] > c.sent {
					t.Errorf("%d answered, failed %v", r.Answered(), kinds(r))
				}
				if end := o.Duration + o.Timeout; r.Length < end || r.Length > end+time.Second {
					t.Errorf("it took %v", r.Length)
				}
				if longest := time.Duration(r.Failed.Max()); longest < o.Timeout {
					t.Errorf("the one that waited longest did for %v", longest)
				}
			})
		})
	}
}

// TestAServerThatTakesFewerStreamsThanAreWanted has them one after another, and latency counts from when each was due.
func TestAServerThatTakesFewerStreamsThanAreWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		way := serveInMemoryBy(t, &paf.Server{Handler: slow(&n, 10*time.Millisecond), Limits: engine.Limits{Streams: 5}})
		o := Options{URL: "http://slow/", Way: way, Connections: 1, Streams: 20, Protocol: paf.HTTP2, Number: 400}
		if r := measure(t, o); r.Answered() != 400 || r.FailedCount() != 0 || r.Length > time.Second {
			t.Errorf("%d answered, failed %v, in %v", r.Answered(), r.Failures, r.Length)
		}
		o.Rate, o.Number = 1000, 100
		r := measure(t, o)
		// 5 are answered every 10 ms, 10 are due: the last waits for as long as all took.
		if longest := time.Duration(r.Latency.Max()); r.Answered() != 100 || longest < 100*time.Millisecond || longest > 150*time.Millisecond {
			t.Errorf("%d answered, the longest took %v", r.Answered(), longest)
		}
	})
}

// TestWhatTakesTooLongHasFailed, and only that.
func TestWhatTakesTooLongHasFailed(t *testing.T) {
	for name, o := range map[string]Options{
		"HTTP/1.1": {Connections: 4},
		"HTTP/2":   {Connections: 2, Streams: 4, Protocol: paf.HTTP2},
		"due":      {Connections: 20, Rate: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				hang := make(chan struct{})
				defer close(hang)
				o.URL, o.Way = "http://hangs/", serveInMemory(t, paf.HandlerFunc(func(*paf.ResponseWriter, *paf.Request) {
					if n.Add(1)%100 == 0 {
						<-hang
						return
					}
					time.Sleep(time.Millisecond)
				}))
				o.Number, o.Timeout = 1000, 200*time.Millisecond
				r := measure(t, o)
				if r.Answered() != 990 || r.FailedCount() != 10 || kinds(r)[Timeout] != 10 {
					t.Errorf("%d answered, failed %v", r.Answered(), kinds(r))
				}
				if shortest, longest := time.Duration(r.Failed.Min()), time.Duration(r.Failed.Max()); shortest < o.Timeout || longest > o.Timeout*6/5 {
					t.Errorf("they failed after %v to %v", shortest, longest)
				}
			})
		})
	}
}

// TestTheFirstByteIsTheFirst, not the end of the head: here the rest comes 100 ms later.
func TestTheFirstByteIsTheFirst(t *testing.T) {
	h1, h2 := []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), frame(frameHeaders, 5, 1, 0x88)
	for name, c := range map[string]struct {
		o        Options
		response []byte
	}{
		"HTTP/1.1": {Options{}, h1},
		"HTTP/2":   {Options{Protocol: paf.HTTP2}, h2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.o.URL, c.o.Number, c.o.Way = "http://slow/", 1, servedBy(func(f flow.Flow) {
					in := bufio.NewReader(f)
					if c.o.Protocol == paf.HTTP2 {
						_, _ = f.Write(append(frame(frameSettings, 0, 0), frame(frameSettings, 1, 0)...))
						_, _ = requested(in, 1)
					} else {
						_, _ = http.ReadRequest(in)
					}
					time.Sleep(10 * time.Millisecond)
					_, _ = f.Write(c.response[:5])
					time.Sleep(100 * time.Millisecond)
					_, _ = f.Write(c.response[5:])
					_, _ = io.Copy(io.Discard, in)
				})
				r := measure(t, c.o)
				if first, all := time.Duration(r.FirstByte.Max()), time.Duration(r.Latency.Max()); first != 10*time.Millisecond || all != 110*time.Millisecond {
					t.Errorf("the first byte came after %v, and all after %v: failed %v", first, all, r.Failures)
				}
			})
		})
	}
}

// TestLatencyGoesOnWhereARequestIsSentAgain, in a closed loop too.
func TestLatencyGoesOnWhereARequestIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := servedBy(func(f flow.Flow) {
			in := bufio.NewReader(f)
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
			_, _ = io.WriteString(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		})
		r := measure(t, Options{URL: "http://closes/", Way: way, Pipeline: 2, Number: 2})
		if last := time.Duration(r.Latency.Max()); r.Answered() != 2 || last < 100*time.Millisecond || last > 120*time.Millisecond {
			t.Errorf("%d answered, the last after %v, failed %v", r.Answered(), last, r.Failures)
		}
	})
}

// TestWhatFailsToConnectHasTheTimeOfTrying, in a closed loop too, where it is due whenever it can be sent.
func TestWhatFailsToConnectHasTheTimeOfTrying(t *testing.T) {
	for name, o := range map[string]Options{"closed": {}, "open": {Rate: 50}, "pipelined": {Pipeline: 3}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				way := mimic.Add(mimic.Context{}, toPeer, &peer{func(context.Context) (flow.Flow, error) {
					if n.Add(1) > 1 {
						time.Sleep(30 * time.Millisecond)
						return nil, errors.New("nobody is there any more")
					}
					ours, theirs := flow.Pipe(64 << 10)
					go func() {
						defer theirs.Close()
						time.Sleep(10 * time.Millisecond)
					}()
					return ours, nil
				}})
				o.URL, o.Way, o.Number = "http://gone/", way, 20
				r := measure(t, o)
				if r.FailedCount() != 20 || kinds(r)[Connect] < 15 || time.Duration(r.Failed.At(50)) < 29*time.Millisecond {
					t.Errorf("failed %v, half of them within %v", kinds(r), time.Duration(r.Failed.At(50)))
				}
			})
		})
	}
}
