package paf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/paftest"
)

// eachVersion runs f in virtual time with a server and a client in memory, once for each version of HTTP.
func eachVersion(t *testing.T, s func() *paf.Server, f func(t *testing.T, s *paf.Server, c *paf.Client, stop func())) {
	for _, version := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, ln := s(), paftest.Listen()
				ctx, stop := context.WithCancel(context.Background())
				done := make(chan error, 1)
				go func() { done <- server.Serve(ctx, ln) }()
				c := &paf.Client{Protocol: version, Context: mimic.Add(mimic.Context{}, paftest.Memory, ln)}
				f(t, server, c, stop)
				c.Close()
				stop()
				if err := <-done; err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		})
	}
}

// askAndForget sends a request whose response nobody reads.
func askAndForget(t *testing.T, c *paf.Client, method, path string) {
	t.Helper()
	r := newRequest(t, method, "http://memory.test"+path, nil)
	go func() {
		_, _ = c.Do(context.Background(), r)
	}()
	time.Sleep(10 * time.Millisecond) // a handler that blocks is found to after as much
}

// A handler that waits for the end of its context learns why it ends: the client has closed the connection, or the
// server was stopped and the grace period is over.
func TestContextsEndWithTheirConnection(t *testing.T) {
	for _, end := range []struct {
		name string
		how  func(s *paf.Server, c *paf.Client, stop func())
		want error
	}{
		{"the client closes", func(_ *paf.Server, c *paf.Client, _ func()) { c.Close() }, paf.ErrPeerGone},
		{"the grace period ends", func(_ *paf.Server, _ *paf.Client, stop func()) { stop() }, paf.ErrStopped},
		{"Shutdown's context ends", func(s *paf.Server, _ *paf.Client, _ func()) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				panic(err)
			}
		}, paf.ErrStopped},
	} {
		t.Run(end.name, func(t *testing.T) {
			var causes chan error
			server := func() *paf.Server {
				causes = make(chan error, 3)
				return handle(func(w *paf.ResponseWriter, r *paf.Request) {
					if r.Path == "/writes" {
						for {
							if _, err := w.Write(make([]byte, 100<<10)); err != nil {
								break // nobody reads it
							}
						}
					}
					<-r.Context().Done()
					causes <- context.Cause(r.Context())
				})
			}
			eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
				for _, path := range []string{"/waits", "/writes", "/waits"} {
					askAndForget(t, c, "GET", path)
				}
				start := time.Now()
				end.how(s, c, stop)
				for range 3 {
					if err := <-causes; !errors.Is(err, end.want) {
						t.Errorf("cause %v", err)
					}
				}
				if took := time.Since(start); took > 31*time.Second {
					t.Errorf("after %v", took)
				}
			})
		})
	}
}

func TestWritesToAClientThatIsGoneFailWithErrPeerGone(t *testing.T) {
	var errs chan error
	server := func() *paf.Server {
		errs = make(chan error, 1)
		return handle(func(w *paf.ResponseWriter, r *paf.Request) {
			for {
				if _, err := w.Write(make([]byte, 10<<10)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
		resp, err := c.Do(t.Context(), newRequest(t, "GET", "http://memory.test/", nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close() // which resets the stream, or closes the connection
		if err := <-errs; !errors.Is(err, paf.ErrPeerGone) {
			t.Errorf("%v", err)
		}
	})
}

// Interim responses are told in order, also those that arrive together with the final one.
func TestInterimResponsesBesideTheFinalOneAreTold(t *testing.T) {
	server := func() *paf.Server {
		return handle(func(w *paf.ResponseWriter, r *paf.Request) {
			for i := range 3 {
				w.Header().Set("Link", fmt.Sprint(i))
				w.WriteHeader(103)
			}
			_, _ = io.WriteString(w, "done")
		})
	}
	eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
		r := newRequest(t, "GET", "http://memory.test/", nil)
		var told []string
		r.Options = &paf.SendOptions{Interim: func(status int, fields *paf.Fields) error {
			told = append(told, fmt.Sprint(status, " ", fields.Get("Link")))
			return nil
		}}
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"103 0", "103 1", "103 2"}; !slices.Equal(told, want) {
			t.Errorf("told %q, not %q", told, want)
		}
		if got := readAll(t, resp); got != "done" {
			t.Errorf("got %q", got)
		}
	})
}

// Limits that are taken off, or are out of any reach, leave a connection that works.
func TestLimitsWithoutBoundWork(t *testing.T) {
	for _, l := range []engine.Limits{
		{Window: -1, WindowMax: -1, Streams: -1, HeadBytes: -1, TrailerBytes: -1, Fields: -1, Continuations: -1},
		{Window: 1 << 40, WindowMax: 1 << 41, HeadBytes: 1 << 40, Streams: 1 << 40},
		{Window: 1, WindowMax: 1, Streams: 1},
	} {
		server := func() *paf.Server {
			s := handle(echoBack)
			s.Limits = l
			return s
		}
		eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
			c.Limits = l
			content := strings.Repeat("0123456789abcdef", 20<<10)
			var wg sync.WaitGroup
			for range 3 {
				r := newRequest(t, "POST", "http://memory.test/", strings.NewReader(content))
				wg.Go(func() {
					resp, err := c.Do(t.Context(), r)
					if err != nil {
						t.Errorf("%+v: %v", l, err)
						return
					}
					if got := readAll(t, resp); got != content {
						t.Errorf("%+v: %d bytes came back", l, len(got))
					}
				})
			}
			wg.Wait()
		})
	}
}

// A connection is active or idle as a whole, however many exchanges it has.
func TestStatsCountConnectionsNotExchanges(t *testing.T) {
	hold := make(chan struct{})
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) { <-hold })
	inMemory(t, s, func(t *testing.T, c *paf.Client, stop func()) {
		hold = make(chan struct{})
		for range 3 {
			askAndForget(t, c, "GET", "/")
		}
		for name, got := range map[string]paf.Stats{"server": s.Stats(), "client": c.Stats()} {
			if got.Conns != 1 || got.Active != 1 || got.Idle != 0 || got.Exchanges != 3 {
				t.Errorf("%s: %+v", name, got)
			}
		}
		close(hold)
		synctest.Wait()
		for name, got := range map[string]paf.Stats{"server": s.Stats(), "client": c.Stats()} {
			if got.Conns != 1 || got.Active != 0 || got.Idle != 1 {
				t.Errorf("%s afterwards: %+v", name, got)
			}
		}
	})
}
