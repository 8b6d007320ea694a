package load

import (
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/internal/testkit"
)

// TestARequestCostsNoAllocation, in either loop, nor does it start a goroutine. The server is in this process, and allocates next to nothing either.
func TestARequestCostsNoAllocation(t *testing.T) {
	ln := testkit.Listen(t)
	hello := []byte("hello")
	var seen atomic.Int64
	s := &paf.Server{Log: slog.New(slog.DiscardHandler), Handler: paf.BorrowerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
		seen.Add(1)
		_, _ = w.Write(hello)
	})}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	defer func() { cancel(); <-served }()
	for name, o := range map[string]Options{
		"HTTP/1.1":          {Connections: 8},
		"pipelined":         {Connections: 2, Pipeline: 8},
		"HTTP/2":            {Connections: 2, Streams: 8, Protocol: paf.HTTP2},
		"HTTP/1.1, due":     {Connections: 8, Rate: 5000},
		"HTTP/2, due":       {Connections: 2, Streams: 8, Protocol: paf.HTTP2, Rate: 5000},
		"HTTP/1.1, thought": {Connections: 8, Think: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			o.URL = "http://" + ln.Addr().String()
			ctx, cancel := context.WithCancelCause(t.Context())
			o.Live = func(context.Context, *record.Recorder, func() int64) {
				defer cancel(errStop)
				mallocs := func() uint64 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					return m.Mallocs
				}
				await := func(n int64) int64 {
					for seen.Load() < n {
						time.Sleep(5 * time.Millisecond)
					}
					return seen.Load()
				}
				from := await(seen.Load() + 2000)
				goroutines := runtime.NumGoroutine()
				least := 1e9
				for range 8 { // of which some are not disturbed by a new date in the responses, or what the runtime does besides
					before := mallocs()
					to := await(from + 1000)
					least = min(least, float64(mallocs()-before)/float64(to-from))
					from = to
				}
				if least > 0.5 { // the server's goroutines, which it starts and ends, cost some
					t.Errorf("%.3f allocations a request", least)
				}
				if now := runtime.NumGoroutine(); now > goroutines+20 { // the server has some, now and then
					t.Errorf("%d goroutines have become %d", goroutines, now)
				}
			}
			if _, err := Run(ctx, o); err != errStop {
				t.Error(err)
			}
		})
	}
}

// BenchmarkRequest is what a request costs over loopback, server included, which does as little as can be.
func BenchmarkRequest(b *testing.B) {
	ln := testkit.Listen(b)
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	b.ReportAllocs()
	if _, err := Run(b.Context(), Options{URL: "http://" + ln.Addr().String(), Connections: 64, Number: int64(b.N)}); err != nil {
		b.Fatal(err)
	}
}

// answer answers whatever comes with one read.
func answer(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 1<<10)
	response := []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write(response); err != nil && err != io.EOF {
			return
		}
	}
}
