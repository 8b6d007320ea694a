package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/internal/testkit"
)

// serving has each connection served by h, and returns the URL.
func serving(t *testing.T, h func(c *net.TCPConn, in *bufio.Reader)) string {
	ln := testkit.Listen(t)
	var all sync.WaitGroup
	t.Cleanup(func() { ln.Close(); all.Wait() })
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				h(c.(*net.TCPConn), bufio.NewReader(c))
			})
		}
	})
	return "http://" + ln.Addr().String() + "/"
}

// soon runs the options, which must come to an end before long, though nothing else ends them.
func soon(t *testing.T, ctx context.Context, o Options) (r *record.Run, err error) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err = Run(ctx, o)
	}()
	select {
	case <-done:
		return r, err
	case <-time.After(time.Minute):
		t.Fatal("the run does not end")
		return nil, nil
	}
}

// The types of frames of HTTP/2 that are used here.
const (
	frameHeaders  = 1
	frameSettings = 4
	framePing     = 6
	frameGoAway   = 7
)

// frame makes a frame of HTTP/2 (RFC 9113, Section 4.1).
func frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	f := []byte{0, 0, byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(f, stream), payload...)
}

// requested reads until n requests of HTTP/2 have come, and returns the last one's stream.
func requested(in *bufio.Reader, n int) (stream uint32, err error) {
	if preface, err := in.Peek(3); err == nil && string(preface) == "PRI" {
		_, _ = in.Discard(24)
	}
	for n > 0 {
		var head [9]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return stream, err
		}
		if _, err := in.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2])); err != nil {
			return stream, err
		}
		if head[3] == frameHeaders {
			n--
			stream = binary.BigEndian.Uint32(head[5:])
		}
	}
	return stream, nil
}

// TestAnEndBehindAResponseOfHTTP2IsSeen, though another is awaited on the connection.
func TestAnEndBehindAResponseOfHTTP2IsSeen(t *testing.T) {
	url := serving(t, func(c *net.TCPConn, in *bufio.Reader) {
		_ = c.SetReadDeadline(time.Now().Add(time.Second)) // the last request may have no other beside it
		stream, _ := requested(in, 2)
		_ = c.SetReadDeadline(time.Time{})
		if stream == 0 {
			return
		}
		hello := append(frame(frameSettings, 0, 0), frame(frameSettings, 1, 0)...)
		_, _ = c.Write(append(hello, frame(frameHeaders, 5, stream, 0x88)...)) // ":status: 200", all of it
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, in)
	})
	o := Options{URL: url, Protocol: paf.HTTP2, Connections: 3, Streams: 2, Number: 24, Timeout: 40 * time.Second}
	r, err := soon(t, t.Context(), o)
	if err != nil || r.Answered()+r.FailedCount() != 24 || r.Answered() == 0 || kinds(r)[Broken] != r.FailedCount() || r.Length > 30*time.Second {
		t.Errorf("%v: %d answered, failed %v, in %v", err, r.Answered(), kinds(r), r.Length)
	}
}

// TestAServerThatIsGoneForGoodEndsTheRun, where nothing else would: what was measured is kept.
func TestAServerThatIsGoneForGoodEndsTheRun(t *testing.T) {
	for _, o := range []Options{{}, {ConnectOnly: true}, {Rate: 500}} {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		go func() {
			time.Sleep(100 * time.Millisecond)
			s.CloseClientConnections()
			s.Close()
		}()
		o.URL, o.Connections, o.Number, o.Timeout = s.URL, 2, 1_000_000_000, 300*time.Millisecond
		r, err := soon(t, t.Context(), o)
		if r == nil || !r.Interrupted || exit.CodeOf(err) != exit.Connect || r.Answered() == 0 || kinds(r)[Connect] == 0 {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// endless starts a server whose content has no end and comes faster than it can be read, a byte a chunk, and calls sent when much was sent.
func endless(t *testing.T, sent func()) (url string) {
	flood := bytes.Repeat([]byte("1\r\nx\r\n"), 64<<10)
	return serving(t, func(c *net.TCPConn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for n := 0; err == nil; n++ {
			if _, err = c.Write(flood); n == 10 {
				sent()
			}
		}
	})
}

// TestAServerThatNeverStopsHoldsUpNobody: the run ends all the same.
func TestAServerThatNeverStopsHoldsUpNobody(t *testing.T) {
	url := endless(t, func() {})
	for _, o := range []Options{{Number: 2}, {Duration: 100 * time.Millisecond}, {Duration: 100 * time.Millisecond, Rate: 100}} {
		o.URL, o.Connections, o.Timeout = url, 2, 300*time.Millisecond
		r, err := soon(t, t.Context(), o)
		if err != nil || r.Answered() != 0 || r.FailedCount() < 2 || kinds(r)[Timeout] == 0 || kinds(r)[Timeout]+kinds(r)[Unsent] != r.FailedCount() {
			t.Errorf("%+v: %v, failed %v", o, err, kinds(r))
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := soon(t, ctx, Options{URL: endless(t, func() { cancel(errStop) }), Connections: 2, Number: 2, Timeout: time.Hour}); err != errStop {
		t.Errorf("interrupted: %v", err)
	}
}

// TestAConnectionThatNeverStopsLeavesTurnsToTheOthers of its group: one in each group floods, and the others are answered meanwhile.
func TestAConnectionThatNeverStopsLeavesTurnsToTheOthers(t *testing.T) {
	groups := groupsPerCore * runtime.GOMAXPROCS(0)
	flood := bytes.Repeat([]byte("1\r\nx\r\n"), 16<<10)
	var n atomic.Int64
	url := serving(t, func(c *net.TCPConn, in *bufio.Reader) {
		floods := n.Add(1) <= int64(groups)
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			if !floods {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				continue
			}
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for err == nil {
				_, err = c.Write(flood)
			}
		}
	})
	r, err := soon(t, t.Context(), Options{URL: url, Connections: 3 * groups, Number: int64(6 * groups), Timeout: 5 * time.Second})
	if err != nil || r.Answered() < int64(4*groups) || r.FailedCount() > int64(2*groups) {
		t.Errorf("%v: %d answered, failed %v, in %v", err, r.Answered(), kinds(r), r.Length)
	}
}

// TestAServerThatReadsNoAnswers is left before these fill the memory.
func TestAServerThatReadsNoAnswers(t *testing.T) {
	pings := bytes.Repeat(frame(framePing, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8), 4<<10)
	url := serving(t, func(c *net.TCPConn, _ *bufio.Reader) {
		_ = c.SetReadBuffer(4 << 10)
		_, err := c.Write(frame(frameSettings, 0, 0))
		for err == nil {
			_, err = c.Write(pings)
		}
	})
	o := Options{URL: url, Protocol: paf.HTTP2, Connections: 1, Number: 2}
	if r, err := soon(t, t.Context(), o); err != nil || kinds(r)[Protocol] != 2 {
		t.Errorf("%v: failed %v", err, kinds(r))
	}
	run, err := newRun(&o)
	if err != nil {
		t.Fatal(err)
	}
	run.dialer.limits.Pings = -1 // nor is it to be left to the engine
	c := newConn(run, new(group))
	d, err := run.dialer.open(t.Context(), run.clock)
	if err != nil {
		t.Fatal(err)
	}
	c.attach(d)
	c.serve()
	if c.over != errDeaf || cap(c.out.Buf) > 4*outMost {
		t.Errorf("it ended with %v, and %d bytes for what is to be written", c.over, cap(c.out.Buf))
	}
	c.detach()
}

// TestAConnectionThatTakesNoMoreRequestsEndsNoLater than its requests do.
func TestAConnectionThatTakesNoMoreRequests(t *testing.T) {
	for name, h := range map[string]func(c *net.TCPConn, in *bufio.Reader){
		"no streams": func(c *net.TCPConn, in *bufio.Reader) {
			_, _ = c.Write(append(frame(frameSettings, 0, 0, 0, 3, 0, 0, 0, 0), frame(frameSettings, 1, 0)...))
			_, _ = io.Copy(io.Discard, in)
		},
		"GOAWAY, and still there": func(c *net.TCPConn, in *bufio.Reader) {
			_, _ = c.Write(append(frame(frameSettings, 0, 0), frame(frameSettings, 1, 0)...))
			if _, err := requested(in, 1); err != nil {
				return
			}
			_, _ = c.Write(frame(frameGoAway, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0))
			_, _ = io.Copy(io.Discard, in)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, o := range []Options{{Streams: 1}, {Streams: 3}, {Streams: 3, Rate: 1000}} {
				o.URL, o.Protocol, o.Number, o.Timeout = serving(t, h), paf.HTTP2, 6, 200*time.Millisecond
				r, err := soon(t, t.Context(), o)
				if err != nil || r.FailedCount() != 6 || kinds(r)[Timeout]+kinds(r)[Unsent] != 6 {
					t.Errorf("%+v: %v, %d answered, failed %v", o, err, r.Answered(), r.Failures)
				}
			}
		})
	}
}

// TestWhoShowsTheRunDoesNotHoldItUp, as a terminal does that takes nothing more.
func TestWhoShowsTheRunDoesNotHoldItUp(t *testing.T) {
	url, _ := server(t, false, func(http.ResponseWriter, *http.Request) {})
	full := make(chan struct{})
	defer close(full)
	o := Options{URL: url, Number: 10, Live: func(context.Context, *record.Recorder, func() int64) { <-full }}
	if r, err := soon(t, t.Context(), o); err != nil || r.Answered() != 10 {
		t.Errorf("%v, %d answered", err, r.Answered())
	}
}
