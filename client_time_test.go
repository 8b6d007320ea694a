package paf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// within returns a context that says why it ended.
func within(t *testing.T, d time.Duration) (context.Context, error) {
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), d, enough)
	t.Cleanup(cancel)
	return ctx, enough
}

// RFC 9110, Section 10.1.1: a client does not wait for 100 (Continue) for ever: a server may never have heard of it.
func TestContentThatExpects100IsSentAfterExpectTimeout(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: time.Second, 5 * time.Second: 5 * time.Second, time.Millisecond: time.Millisecond} {
		script(t, func(t *testing.T, s *scripted) {
			s.ExpectTimeout = timeout
			r := newRequest(t, "POST", "http://x.test/", strings.NewReader("content"))
			r.Header.Set("Expect", "100-continue")
			resp, err := s.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, resp); got != fmt.Sprint("content after ", want) {
				t.Errorf("ExpectTimeout %v: %s", timeout, got)
			}
		}, func(s *scripted, c *rawPeer) {
			start := time.Now()
			r, _ := http.ReadRequest(c.in)
			body, _ := io.ReadAll(r.Body)
			answer := fmt.Sprint(string(body), " after ", time.Since(start))
			_ = c.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer))
		})
	}
}

// A negative one is no limit: the content waits for 100, or for an answer that makes it needless, as long as Do may.
func TestExpectTimeoutBelowZeroIsForEver(t *testing.T) {
	script(t, func(t *testing.T, s *scripted) {
		s.ExpectTimeout = -1
		for _, want := range []string{"200 content", "417 "} {
			body := io.Reader(strings.NewReader("content"))
			if want == "417 " {
				body = panicReader{}
			}
			r := newRequest(t, "POST", "http://x.test/", body)
			r.Header.Set("Expect", "100-continue")
			start := time.Now()
			resp, err := s.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(resp.Status, " ", readAll(t, resp)); got != want || time.Since(start) != 20*time.Second {
				t.Errorf("got %s after %v, want %s", got, time.Since(start), want)
			}
		}
	}, func(s *scripted, c *rawPeer) {
		r, _ := http.ReadRequest(c.in)
		time.Sleep(20 * time.Second)
		_ = c.send("HTTP/1.1 100 Continue\r\n\r\n")
		body, _ := io.ReadAll(r.Body)
		_ = c.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body))
	}, func(s *scripted, c *rawPeer) {
		_, _ = http.ReadRequest(c.in)
		time.Sleep(20 * time.Second)
		_ = c.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
	})
}

// opening makes a client whose endpoint takes d to open, if it is let.
func opening(d time.Duration, f flow.Flow) *paf.Client {
	p := mimic.Register("opening", mimic.NoPriority, func(ctx context.Context, _ struct{}) (flow.Flow, error) {
		select {
		case <-time.After(d):
			return f, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})
	return &paf.Client{Context: mimic.Add(mimic.Context{}, p, struct{}{})}
}

// To open a flow takes OpenTimeout at the most; nothing has been sent then.
func TestOpenTimeoutBoundsTheOpeningOfAFlow(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: 30 * time.Second, 3 * time.Second: 3 * time.Second, -1: time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			here, there := flow.Pipe(0)
			defer there.Close()
			c := opening(time.Hour, here)
			defer c.Close()
			c.OpenTimeout = timeout
			go func() { _, _ = io.WriteString(there, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }()
			time.AfterFunc(30*time.Minute, func() { c.CloseIdle() })
			start := time.Now()
			resp, err := c.Get(t.Context(), "http://x.test/")
			if d := time.Since(start); d != want {
				t.Errorf("OpenTimeout %v: after %v: %v, %v", timeout, d, resp, err)
			}
			var lost *paf.SendError
			if timeout >= 0 && (!errors.As(err, &lost) || lost.Sent || !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("OpenTimeout %v: %v", timeout, err)
			}
		})
	}
}

// The context of a request ends the opening too, and is what the error says.
func TestOpeningEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := opening(time.Hour, nil)
		defer c.Close()
		ctx, enough := within(t, 2*time.Second)
		start := time.Now()
		if _, err := c.Get(ctx, "http://x.test/"); !errors.Is(err, enough) || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// It is for the opening alone: a response may take longer.
func TestOpenTimeoutIsOverOnceTheFlowIsOpen(t *testing.T) {
	script(t, func(t *testing.T, s *scripted) {
		s.OpenTimeout = time.Second
		resp, err := s.Get(t.Context(), "http://x.test/")
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, resp); got != "late" {
			t.Errorf("got %s", got)
		}
	}, func(s *scripted, c *rawPeer) {
		_, _ = http.ReadRequest(c.in)
		time.Sleep(10 * time.Second)
		_ = c.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
		time.Sleep(10 * time.Second)
		_ = c.send("late")
	})
}

// A handshake is a part of the opening: of TLS, which an https URL is given over whatever its endpoint is.
func TestOpenTimeoutBoundsTheHandshake(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: 30 * time.Second, 3 * time.Second: 3 * time.Second} {
		script(t, func(t *testing.T, s *scripted) {
			s.OpenTimeout = timeout
			start := time.Now()
			_, err := s.Get(t.Context(), "https://x.test/")
			var lost *paf.SendError
			if !errors.As(err, &lost) || lost.Sent || time.Since(start) != want {
				t.Errorf("OpenTimeout %v: %v after %v", timeout, err, time.Since(start))
			}
		}, func(s *scripted, c *rawPeer) { _, _ = io.Copy(io.Discard, c.in) })
	}
}

// One that is not opened in time leaves nothing: the next request may try anew.
func TestOpenTimeoutGivesThePlaceInThePoolBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := opening(time.Hour, nil)
		defer c.Close()
		c.OpenTimeout, c.MaxConns = time.Second, 1
		start := time.Now()
		done := make(chan error)
		for range 3 {
			go func() {
				_, err := c.Get(t.Context(), "http://x.test/")
				done <- err
			}()
		}
		for range 3 {
			if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if d := time.Since(start); d != 3*time.Second || c.Stats().Opened != 0 {
			t.Errorf("after %v: %+v", d, c.Stats())
		}
	})
}

// The wait for a response begins when the request is complete, whatever goroutine has sent it.
func TestResponseTimeoutCountsFromTheEndOfTheContent(t *testing.T) {
	const limit, tick = 2 * time.Second, 250 * time.Millisecond // of the coarse clock
	for name, body := range map[string]func() io.Reader{
		"in memory":       func() io.Reader { return strings.NewReader("content") },
		"much in memory":  func() io.Reader { return strings.NewReader(strings.Repeat("content", 5000)) },
		"of a reader":     func() io.Reader { return io.MultiReader(strings.NewReader("content")) },
		"of a slow pipe":  dripping,
		"that is awaited": func() io.Reader { return strings.NewReader("expected") },
	} {
		t.Run(name, func(t *testing.T) {
			complete := make(chan time.Time, 1)
			script(t, func(t *testing.T, s *scripted) {
				s.Limits.ResponseTimeout = limit
				r := newRequest(t, "POST", "http://x.test/", body())
				if name == "that is awaited" {
					r.Header.Set("Expect", "100-continue")
				}
				ctx, _ := within(t, time.Minute)
				_, err := s.Do(ctx, r)
				if since := time.Since(<-complete); !isTimeout(err) || since < limit-tick || since > limit+tick {
					t.Errorf("%v, %v after the request was complete", err, since)
				}
			}, func(_ *scripted, c *rawPeer) {
				r, _ := http.ReadRequest(c.in)
				_, _ = io.Copy(io.Discard, r.Body)
				complete <- time.Now()
				_, _ = io.Copy(io.Discard, c.in)
			})
		})
	}
}

// dripping returns content that takes five seconds.
func dripping() io.Reader {
	r, w := io.Pipe()
	go func() {
		for range 5 {
			_, _ = io.WriteString(w, "content")
			time.Sleep(time.Second)
		}
		w.Close()
	}()
	return r
}
