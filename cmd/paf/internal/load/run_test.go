package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/internal/testkit"
)

// TestEveryRequestIsAnsweredOnce: the server has seen as many as the record says, over each version, with and without TLS.
func TestEveryRequestIsAnsweredOnce(t *testing.T) {
	for name, c := range map[string]struct {
		secure bool
		o      Options
		says   string
	}{
		"HTTP/1.1":            {false, Options{Connections: 7}, "HTTP/1.1"},
		"pipelined":           {false, Options{Connections: 3, Pipeline: 8}, "HTTP/1.1"},
		"prior knowledge":     {false, Options{Connections: 2, Streams: 10, Protocol: paf.HTTP2}, "HTTP/2"},
		"one":                 {false, Options{}, "HTTP/1.1"},
		"TLS":                 {true, Options{Connections: 2, Streams: 10}, "HTTP/2"},
		"TLS, HTTP/1.1":       {true, Options{Connections: 5, Protocol: paf.HTTP11}, "HTTP/1.1"},
		"TLS, pipelined":      {true, Options{Connections: 2, Pipeline: 4, Protocol: paf.HTTP11}, "HTTP/1.1"},
		"open loop":           {false, Options{Connections: 5, Rate: 20000}, "HTTP/1.1"},
		"open loop, TLS":      {true, Options{Connections: 5, Streams: 4, Rate: 20000, Protocol: paf.HTTP2}, "HTTP/2"},
		"open loop, TLS, 1.1": {true, Options{Connections: 5, Rate: 20000, Protocol: paf.HTTP11}, "HTTP/1.1"},
		"poisson":             {false, Options{Connections: 2, Streams: 10, Rate: 20000, Poisson: true, Protocol: paf.HTTP2}, "HTTP/2"},
		"thinking":            {false, Options{Connections: 20, Think: time.Millisecond}, "HTTP/1.1"},
		"content":             {false, Options{Connections: 5, Data: []string{"a=b", "c=d"}}, "HTTP/1.1"},
		"much content":        {false, Options{Connections: 2, Data: []string{strings.Repeat("x", 300<<10)}}, "HTTP/1.1"},
		"much content, h2":    {false, Options{Connections: 2, Streams: 5, Protocol: paf.HTTP2, Data: []string{strings.Repeat("x", 300<<10)}}, "HTTP/2"},
		"much content, TLS":   {true, Options{Connections: 2, Streams: 5, Data: []string{strings.Repeat("x", 300<<10)}}, "HTTP/2"},
	} {
		t.Run(name, func(t *testing.T) {
			var seen atomic.Int64
			c.o.URL, c.o.TLS.CACert = server(t, c.secure, answering(&seen))
			c.o.Number = 500
			r := perform(t, c.o)
			if r.Answered() != 500 || r.Statuses[200] != 500 || seen.Load() != 500 || r.FailedCount() != 0 {
				t.Errorf("%d answered, the server has seen %d, failed: %v", r.Answered(), seen.Load(), r.Failures)
			}
			if r.Settings.Protocol != c.says {
				t.Errorf("it says that it spoke %q", r.Settings.Protocol)
			}
			if want := int64(max(1, c.o.Connections)); r.Connect.Count() != want || c.secure && r.Handshake.Count() != want {
				t.Errorf("%d connections, %d handshakes", r.Connect.Count(), r.Handshake.Count())
			}
			if r.BytesIn < 500*8 || r.BytesOut < 500*int64(len(strings.Join(c.o.Data, "&"))) {
				t.Errorf("%d bytes in, %d out", r.BytesIn, r.BytesOut)
			}
			var answered, busy int64
			for _, s := range r.Seconds {
				answered, busy = answered+s.Answered, busy+s.Busy
			}
			if answered != 500 || busy <= 0 {
				t.Errorf("by its seconds %d were answered, and in flight for %v", answered, time.Duration(busy))
			}
		})
	}
}

// TestFailuresHaveTheirKind, and what is answered beside them counts.
func TestFailuresHaveTheirKind(t *testing.T) {
	var n atomic.Int64
	each := func(every int64, what http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1)%every == 0 {
				what(w, r)
			}
		}
	}
	raw := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(c, text)
				c.Close()
			}
		}
	}
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		what http.HandlerFunc
		kind string
		o    Options
	}{
		"no response":      {raw(""), Broken, Options{Connections: 4}},
		"half a head":      {raw("HTTP/1.1 200 OK\r\nContent-"), Broken, Options{Connections: 4}},
		"half the content": {raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), Broken, Options{Connections: 4}},
		"no HTTP":          {raw("SSH-2.0-OpenSSH\r\n\r\n"), Protocol, Options{Connections: 4}},
		"reset stream":     {abort, Broken, Options{Connections: 2, Streams: 4, Protocol: paf.HTTP2}},
		"no response, due": {raw(""), Broken, Options{Connections: 4, Rate: 5000}},
	} {
		t.Run(name, func(t *testing.T) {
			n.Store(0)
			c.o.URL, _ = server(t, false, each(100, c.what))
			c.o.Number = 1000
			r := perform(t, c.o)
			if r.FailedCount() != 10 || kinds(r)[c.kind] != 10 || r.Answered() != 990 {
				t.Errorf("%d answered, failed %v", r.Answered(), kinds(r))
				for kind, f := range r.Failures {
					t.Log(kind, f.Example)
				}
			}
		})
	}
}

// TestOneResponseThatRefusesIsKept: how its content begins, that of one that counts.
func TestOneResponseThatRefusesIsKept(t *testing.T) {
	long := strings.Repeat("too much is too much, \x00\xff", 100)
	for name, c := range map[string]struct {
		o    Options
		says string
	}{
		"HTTP/1.1": {Options{Connections: 4}, "no, thanks"},
		"warm-up":  {Options{Connections: 4, Warmup: 50 * time.Millisecond}, "no, thanks"},
		"HTTP/2":   {Options{Connections: 2, Streams: 4, Protocol: paf.HTTP2}, "no, thanks"},
		"long":     {Options{Connections: 2}, long},
		"long, h2": {Options{Connections: 2, Streams: 4, Protocol: paf.HTTP2}, long},
		"nothing":  {Options{Connections: 2}, ""},
		"all fine": {Options{Connections: 2, Fields: []string{"fine: yes"}}, "no, thanks"},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			c.o.URL, _ = server(t, false, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1)%10 == 0 && r.Header.Get("fine") == "" {
					w.WriteHeader(422)
				}
				_, _ = io.WriteString(w, c.says)
			})
			c.o.Number = 100
			r := perform(t, c.o)
			switch {
			case name == "all fine":
				if r.Refused != nil {
					t.Errorf("%+v", r.Refused)
				}
			case r.Refused == nil || r.Refused.Status != 422 || r.Refused.Content != strings.ToValidUTF8(c.says[:min(len(c.says), 200)], "\uFFFD"):
				t.Errorf("%+v", r.Refused)
			case r.Refused.When.Before(r.Start) || r.Refused.When.After(r.End()):
				t.Errorf("it was at %v, and the run from %v to %v", r.Refused.When, r.Start, r.End())
			}
		})
	}
}

// TestAServerThatEndsItsConnectionsIsNoFailure: it says so, or ends them while nothing is in flight.
func TestAServerThatEndsItsConnectionsIsNoFailure(t *testing.T) {
	for name, o := range map[string]Options{
		"":          {Connections: 4},
		"pipelined": {Connections: 2, Pipeline: 5},
		"open loop": {Connections: 4, Rate: 5000},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			o.URL, _ = server(t, false, func(w http.ResponseWriter, _ *http.Request) {
				if n.Add(1)%10 == 0 {
					w.Header().Set("Connection", "close")
				}
			})
			o.Number = 300
			r := perform(t, o)
			if r.Answered() != 300 || r.FailedCount() != 0 || r.Connect.Count() < 20 {
				t.Errorf("%d answered on %d connections, failed %v", r.Answered(), r.Connect.Count(), r.Failures)
			}
		})
	}
}

// TestContentMayEndWithItsConnection, as that of HTTP/1.0 does.
func TestContentMayEndWithItsConnection(t *testing.T) {
	for _, o := range []Options{{Connections: 4}, {Connections: 4, Rate: 5000}, {Connections: 2, Pipeline: 3}} {
		o.URL, _ = server(t, false, func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello")
				c.Close()
			}
		})
		o.Number = 100
		if o.Pipeline > 0 {
			o.Number = 12 // each connection is good for one, and the others are sent again, thrice
		}
		r := perform(t, o)
		if r.Answered()+r.FailedCount() != o.Number || o.Pipeline == 0 && (r.FailedCount() > 0 || r.Connect.Count() < 100) {
			t.Errorf("%+v: %d answered on %d connections, failed %v", o, r.Answered(), r.Connect.Count(), r.Failures)
		}
	}
}

// TestAnEndThatComesWithAResponseIsSeen: where a server shuts its side right behind a response, without a word, and goes on to read.
func TestAnEndThatComesWithAResponseIsSeen(t *testing.T) {
	ln := testkit.Listen(t)
	var conns sync.WaitGroup
	defer conns.Wait()
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				if _, err := http.ReadRequest(in); err == nil {
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
					_ = c.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, in)
				}
			})
		}
	}()
	r := perform(t, Options{URL: "http://" + ln.Addr().String() + "/", Connections: 3, Number: 12, Timeout: 20 * time.Second})
	if r.Answered()+r.FailedCount() != 12 || kinds(r)[Broken] != r.FailedCount() || r.Length > 10*time.Second {
		t.Errorf("%d answered, failed %v, in %v", r.Answered(), kinds(r), r.Length)
	}
}

// TestNothingCanBeOpened says why.
func TestNothingCanBeOpened(t *testing.T) {
	ln := testkit.Listen(t)
	refused := "http://" + ln.Addr().String() + "/"
	ln.Close()
	clear, _ := server(t, false, func(http.ResponseWriter, *http.Request) {})
	secure, _ := server(t, true, func(http.ResponseWriter, *http.Request) {})
	for url, kind := range map[string]string{refused: Connect, strings.Replace(clear, "http:", "https:", 1): TLS, secure: TLS} {
		for _, o := range []Options{{}, {Rate: 10}, {WebSocket: true}, {ConnectOnly: true}, {ConnectOnly: true, Rate: 10}} {
			o.URL, o.Number, o.Connections = url, 10, 3
			if r, err := Run(t.Context(), o); err == nil || r != nil || KindOf(err) != kind {
				t.Errorf("%s: %v, which is %q, want %q", url, err, KindOf(err), kind)
			}
		}
	}
}

// TestTheServerGoes in the middle of a run, and comes back: what was due meanwhile has failed.
func TestTheServerGoes(t *testing.T) {
	var seen atomic.Int64
	s := &http.Server{Handler: answering(&seen)}
	ln := testkit.Listen(t)
	go s.Serve(ln)
	url := "http://" + ln.Addr().String() + "/"
	o := Options{URL: url, Connections: 4, Number: 400, Rate: 400}
	o.Live = func(ctx context.Context, r *record.Recorder, clock func() int64) {
		for r.Snapshot(clock()).Answered < 100 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		s.Close()
		for r.Snapshot(clock()).Failed < 20 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		ln, err := net.Listen("tcp", ln.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		s = &http.Server{Handler: answering(&seen)}
		go s.Serve(ln)
	}
	r := perform(t, o)
	s.Close()
	if r.Answered()+r.FailedCount() != 400 || kinds(r)[Connect] < 10 || r.Answered() < 150 {
		t.Errorf("%d answered, failed %v", r.Answered(), kinds(r))
	}
}

// TestAnInterruptedRunIsReported, in whatever state it is.
func TestAnInterruptedRunIsReported(t *testing.T) {
	for name, o := range map[string]Options{
		"closed":    {Connections: 4},
		"open":      {Connections: 4, Rate: 2000},
		"streams":   {Connections: 2, Streams: 4, Protocol: paf.HTTP2},
		"thinking":  {Connections: 4, Think: time.Millisecond},
		"connect":   {Connections: 4, ConnectOnly: true},
		"one hangs": {Connections: 4, Fields: []string{"hang: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			o.URL, _ = server(t, false, func(_ http.ResponseWriter, r *http.Request) {
				if r.Header.Get("hang") != "" && n.Add(1) > 100 {
					<-r.Context().Done()
				}
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			o.Live = func(_ context.Context, r *record.Recorder, clock func() int64) {
				for r.Snapshot(clock()).Answered < 100 {
					time.Sleep(time.Millisecond)
				}
				cancel(errStop)
			}
			r, err := Run(ctx, o)
			if err != errStop || r == nil || !r.Interrupted || r.Answered() < 100 || r.FailedCount() != 0 {
				t.Fatalf("%v: %+v", err, r)
			}
			if name == "one hangs" && r.Unfinished != 4 || r.Unfinished > 8 {
				t.Errorf("%d were in flight", r.Unfinished)
			}
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStop)
	url, _ := server(t, false, func(http.ResponseWriter, *http.Request) {})
	if r, err := Run(ctx, Options{URL: url, StartAt: time.Now().Add(time.Hour)}); err != errStop || r != nil {
		t.Errorf("before its start: %v, %v", r, err)
	}
}

func ExampleRun() {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	r, err := Run(context.Background(), Options{URL: s.URL, Connections: 2, Number: 10})
	fmt.Println(r.Answered(), r.Statuses, err)
	// Output: 10 map[200:10] <nil>
}
