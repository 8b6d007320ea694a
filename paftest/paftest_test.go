package paftest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/paftest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, s *paftest.Server, url string) (int, string) {
	t.Helper()
	resp, err := s.Client.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Status, string(body)
}

func hello(w *paf.ResponseWriter, r *paf.Request) { fmt.Fprintf(w, "%s %s", r.Authority, r.Path) }

func TestServerAndClientInMemory(t *testing.T) {
	s := paftest.NewServer(t, paf.HandlerFunc(hello))
	for range 3 {
		if status, body := get(t, s, "http://paf.test/x"); status != 200 || body != "paf.test /x" {
			t.Errorf("got %d %q", status, body)
		}
	}
	if stats := s.Client.Stats(); stats.Opened != 1 {
		t.Errorf("the connection was not reused: %+v", stats)
	}
}

func TestSlowHandlerTakesNoRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			time.Sleep(10 * time.Hour)
			hello(w, r)
		}))
		start := time.Now()
		if status, _ := get(t, s, "http://paf.test/"); status != 200 {
			t.Errorf("status %d", status)
		}
		if d := time.Since(start); d < 10*time.Hour || d > 11*time.Hour {
			t.Errorf("it took %v of virtual time", d)
		}
	})
}

// raw sends bytes and returns what comes until the server closes, and how long
// that took.
func raw(t *testing.T, s *paftest.Server, request string) (string, time.Duration) {
	t.Helper()
	f, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	start := time.Now()
	if _, err := io.WriteString(f, request); err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(f)
	return string(got), time.Since(start)
}

func within(d, want time.Duration) bool { return d >= want && d <= want+time.Second }

func TestEveryTimeoutOfAServerInVirtualTime(t *testing.T) {
	for _, test := range []struct {
		name, request, want string
		after               time.Duration
	}{
		{"nothing is sent", "", "", 10 * time.Second},
		{"a head breaks off", "GET / HT", "HTTP/1.1 408 ", 10 * time.Second},
		{"idle after an exchange", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", 75 * time.Second},
		{"a second head breaks off", "GET / HTTP/1.1\r\nHost: x\r\n\r\nG", "HTTP/1.1 408 ", 10 * time.Second},
		{"content breaks off", "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", "HTTP/1.1 408 ", 60 * time.Second},
		{"unread content breaks off", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", "HTTP/1.1 200 ", 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
					if r.Path == "/read" {
						if _, err := io.ReadAll(r.Body); err == nil {
							t.Error("the content was taken for whole")
						}
						return
					}
					hello(w, r)
				}))
				got, d := raw(t, s, test.request)
				if !strings.Contains(got, test.want) || (test.want == "") != (got == "") || !within(d, test.after) {
					t.Errorf("after %v got %q", d, got)
				}
			})
		})
	}
}

func TestDripFedContentIsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(body)
		}))
		f, err := s.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fmt.Fprintf(f, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\n")
		for _, part := range []string{"a", "b", "c"} {
			time.Sleep(50 * time.Second)
			_, _ = io.WriteString(f, part)
		}
		if got, _ := io.ReadAll(f); !strings.HasSuffix(string(got), "\r\n\r\nabc") {
			t.Errorf("got %q", got)
		}
	})
}

func TestSlowHandlerIsNotThePeersFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			time.Sleep(time.Hour) // longer than any time-out, with content unread
			body, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %v", body, err)
		}))
		r, err := paf.NewRequest("POST", "http://paf.test/", strings.NewReader("late"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(resp.Body); string(body) != "late <nil>" {
			t.Errorf("got %q", body)
		}
	})
}

func TestClientTimeoutsInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := paftest.Start(t, &paf.Server{
			GracePeriod: time.Second,
			Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
				if r.Path == "/half" {
					w.Header().Set("Content-Length", "10")
					_, _ = w.WriteString("half")
					_ = w.Flush()
				}
				<-r.Context().Done()
			}),
		})
		s.Client.Limits.ResponseTimeout = 7 * time.Second
		start := time.Now()
		_, err := s.Client.Get(t.Context(), "http://paf.test/")
		var e *engine.Error
		if !errors.As(err, &e) || !e.Timeout() || !within(time.Since(start), 7*time.Second) {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		start = time.Now()
		resp, err := s.Client.Get(t.Context(), "http://paf.test/half")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if !errors.As(err, &e) || !e.Timeout() || string(body) != "half" || !within(time.Since(start), 60*time.Second) {
			t.Errorf("after %v: %q, %v", time.Since(start), body, err)
		}
		resp.Body.Close()
	})
}

func TestIdleClientConnectionIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := paftest.NewServer(t, paf.HandlerFunc(hello))
		_, _ = get(t, s, "http://paf.test/")
		time.Sleep(59 * time.Second)
		if n := s.Client.Stats().Conns; n != 1 {
			t.Errorf("%d connections after 59 s", n)
		}
		time.Sleep(3 * time.Second)
		if n := s.Client.Stats().Conns; n != 0 {
			t.Errorf("%d connections after 62 s", n)
		}
	})
}

// bare hides all powers of a flow, deadlines included.
type bare struct{ io.ReadWriteCloser }

func TestTimeoutsOverAFlowWithoutDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &paf.Server{Handler: paf.HandlerFunc(hello)}
		for _, test := range []struct {
			request string
			after   time.Duration
		}{
			{"GET / HT", 10 * time.Second},
			{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 75 * time.Second},
			{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", 5 * time.Second},
		} {
			here, there := flow.Pipe(0)
			start := time.Now()
			done := make(chan error, 1)
			go func() { done <- s.ServeFlow(context.Background(), bare{there}) }()
			_, _ = io.WriteString(here, test.request)
			err := <-done
			if d := time.Since(start); !within(d, test.after) {
				t.Errorf("%q: after %v: %v", test.request, d, err)
			}
			here.Close()
		}
		_ = s.Shutdown(t.Context())
	})
}

func TestStopOverAFlowWithoutDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &paf.Server{Handler: paf.HandlerFunc(hello)}
		here, there := flow.Pipe(0)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.ServeFlow(ctx, bare{there}) }()
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Errorf("ServeFlow: %v", err)
		}
		here.Close()
	})
}

func TestDeadlinesOfOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			r.SetReadDeadline(time.Now().Add(3 * time.Second))
			start := time.Now()
			_, err := io.ReadAll(r.Body)
			if !errors.Is(err, os.ErrDeadlineExceeded) || !within(time.Since(start), 3*time.Second) {
				t.Errorf("reading: after %v: %v", time.Since(start), err)
			}
			w.SetWriteDeadline(time.Now().Add(2 * time.Second))
			start = time.Now()
			for err = nil; err == nil; {
				_, err = w.Write(make([]byte, 1<<20)) // nobody reads it
			}
			if d := time.Since(start); !within(d, 2*time.Second) {
				t.Errorf("writing: after %v: %v", d, err)
			}
		}))
		f, err := s.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fmt.Fprintf(f, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
		time.Sleep(10 * time.Second)
	})
}

func TestShutdownInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			time.Sleep(5 * time.Second)
			hello(w, r)
		})}
		ln := paftest.Listen()
		done := make(chan error, 1)
		go func() { done <- s.Serve(t.Context(), ln) }()
		idle, _ := ln.Dial(t.Context())
		busy, _ := ln.Dial(t.Context())
		fmt.Fprintf(busy, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		synctest.Wait()
		limited, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := s.Shutdown(limited); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown with too little time: %v", err)
		}
		if d := time.Since(start); d > 6*time.Second {
			t.Errorf("it took %v", d)
		}
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		idle.Close()
		busy.Close()
	})
}
