package nethttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/nethttp"
)

// besides runs a test of servers for net/http's and for ours, with clients of both versions. serve serves a handler and returns its URL.
func besides(t *testing.T, test func(t *testing.T, c *http.Transport, serve func(*http.Server) string)) {
	for name, on := range map[string]serve{"net/http": serveStd, "ours": servePaf} {
		for version, http2 := range map[string]bool{"HTTP1": false, "HTTP2": true} {
			t.Run(name+"/"+version, func(t *testing.T) {
				c := &http.Transport{Protocols: new(http.Protocols)}
				c.Protocols.SetHTTP1(!http2)
				c.Protocols.SetUnencryptedHTTP2(http2)
				t.Cleanup(c.CloseIdleConnections)
				test(t, c, func(s *http.Server) string {
					ln, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					s.Protocols = new(http.Protocols)
					s.Protocols.SetHTTP1(true)
					s.Protocols.SetUnencryptedHTTP2(true)
					t.Cleanup(on(t, s, ln))
					return "http://" + ln.Addr().String()
				})
			})
		}
	}
}

// A deadline that is set while somebody waits ends the wait: so programs interrupt a Read or a Write of another goroutine.
func TestADeadlineEndsAWaitThatHasBegun(t *testing.T) {
	besides(t, func(t *testing.T, c *http.Transport, serve func(*http.Server) string) {
		told := make(chan error, 2)
		url := serve(&http.Server{WriteTimeout: -1, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			control, ended := http.NewResponseController(w), make(chan error, 1)
			_ = control.EnableFullDuplex()
			_ = control.Flush()
			for _, wait := range []struct {
				run func() error
				set func(time.Time) error
			}{
				{func() error { _, err := io.Copy(io.Discard, r.Body); return err }, control.SetReadDeadline},
				{func() error { _, err := io.Copy(w, endless{}); return err }, control.SetWriteDeadline},
			} {
				go func() { ended <- wait.run() }()
				select {
				case err := <-ended:
					t.Errorf("it does not wait: %v", err)
				case <-time.After(200 * time.Millisecond):
				}
				_ = wait.set(time.Now().Add(-time.Second))
				told <- <-ended
			}
		})})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		in, out := io.Pipe()
		defer out.Close()
		r, _ := http.NewRequestWithContext(ctx, "POST", url, in)
		resp, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"Read", "Write"} {
			select {
			case err := <-told:
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: %v", what, err)
				}
			case <-ctx.Done():
				t.Fatalf("%s still waits", what)
			}
		}
		_ = resp.Body.Close()
	})
}

// An endless reader has zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A client may stop reading for as long as the WriteTimeout lets it, and a handler may lift that; without one paf's own minute stands.
func TestAClientMayStopReadingForTheWriteTimeout(t *testing.T) {
	for _, test := range []struct {
		timeout time.Duration
		lift    bool
		pause   time.Duration
		whole   bool
	}{
		{0, false, 50 * time.Second, true},
		{0, false, 2 * time.Minute, false},
		{-1, false, time.Hour, true},
		{5 * time.Minute, false, 4 * time.Minute, true},
		{5 * time.Minute, false, 6 * time.Minute, false},
		{10 * time.Second, false, 20 * time.Second, false},
		{10 * time.Second, true, 50 * time.Second, true},
	} {
		for _, http2 := range []bool{false, true} {
			name := fmt.Sprintf("WriteTimeout %v, lifted %t, a pause of %v, HTTP2 %t", test.timeout, test.lift, test.pause, http2)
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := nethttp.Server(&http.Server{WriteTimeout: test.timeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if test.lift {
							_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
						}
						_, _ = io.CopyN(w, endless{}, 8<<20)
					})})
					s.NoPriorKnowledge, s.Log = false, slog.New(slog.DiscardHandler)
					here, there := net.Pipe()
					done := make(chan error, 1)
					go func() { done <- s.ServeFlow(t.Context(), there) }()
					c := &http.Transport{Protocols: new(http.Protocols), DialContext: func(context.Context, string, string) (net.Conn, error) { return here, nil }}
					c.Protocols.SetHTTP1(!http2)
					c.Protocols.SetUnencryptedHTTP2(http2)
					r, _ := http.NewRequest("GET", "http://a.test/", nil)
					resp, err := c.RoundTrip(r)
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(test.pause)
					n, err := io.Copy(io.Discard, resp.Body)
					if whole := n == 8<<20 && err == nil; whole != test.whole {
						t.Errorf("%d bytes, %v", n, err)
					}
					_ = here.Close()
					<-done
				})
			})
		}
	}
}
