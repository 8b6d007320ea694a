package nethttp_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/nethttp"
)

// Without a ReadTimeout a client may stop in the middle of its content for as long as it likes, as the streams of gRPC do; with one it may not.
func TestContentMayStandStillForTheReadTimeout(t *testing.T) {
	for _, test := range []struct {
		timeout, pause time.Duration
		status         int
	}{
		{0, time.Hour, 200},
		{time.Minute, 50 * time.Second, 200},
		{time.Minute, 2 * time.Minute, 408},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := nethttp.Server(&http.Server{ReadTimeout: test.timeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					w.WriteHeader(http.StatusRequestTimeout)
				}
			})})
			here, there := flow.Pipe(0)
			done := make(chan error, 1)
			go func() { done <- s.ServeFlow(t.Context(), there) }()
			fmt.Fprint(here, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
			time.Sleep(test.pause)
			_, _ = here.Write([]byte("b")) // which fails if the server has given up
			resp, err := http.ReadResponse(bufio.NewReader(here), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status {
				t.Errorf("ReadTimeout %v, a pause of %v: %s", test.timeout, test.pause, resp.Status)
			}
			_ = here.Close()
			<-done
		})
	}
}

// What paf has to say goes through the ErrorLog, with its prefix, and not beside it to where that writes: a log.Logger is what guards that.
func TestWhatPafLogsGoesThroughTheErrorLog(t *testing.T) {
	var logged strings.Builder // of which the race detector tells
	std := &http.Server{ErrorLog: log.New(&logged, "own: ", 0)}
	s := nethttp.Server(std)
	var both sync.WaitGroup
	both.Go(func() { s.Log.Warn("said by paf") })
	both.Go(func() { std.ErrorLog.Print("said by net/http") })
	both.Wait()
	for line := range strings.Lines(logged.String()) {
		if !strings.HasPrefix(line, "own: ") {
			t.Errorf("%q", line)
		}
	}
	if n := strings.Count(logged.String(), "said by"); n != 2 {
		t.Errorf("%d lines: %q", n, logged.String())
	}
}

// A ConnState that panics costs its connection, and is logged, as with net/http.
func TestAConnStateThatPanicsCostsItsConnection(t *testing.T) {
	besides(t, func(t *testing.T, c *http.Transport, serve func(*http.Server) string) {
		lines := make(chan string, 10)
		var calm atomic.Bool
		url := serve(&http.Server{Handler: http.HandlerFunc(hello),
			ErrorLog: log.New(writerFunc(func(p []byte) (int, error) { lines <- string(p); return len(p), nil }), "", 0),
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateActive && !calm.Load() {
					panic("a hook's")
				}
			}})
		r, _ := http.NewRequest("GET", url, nil)
		if resp, err := c.RoundTrip(r); err == nil {
			t.Error(resp.Status)
		}
		if line := <-lines; !strings.HasPrefix(line, "http: panic serving") || !strings.Contains(line, "a hook's") {
			t.Errorf("%q", line)
		}
		calm.Store(true)
		resp, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	})
}
