package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
)

func TestOneConnectionServesManyRequests(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		c := x.client(t)
		seen := x.during(t, func() {
			for i := range 200 {
				size := sizes[i/4%len(sizes)]
				switch i % 4 {
				case 0:
					readAll(t, x.do(t, c, "GET", fmt.Sprintf("/bytes/%d", size), nil))
				case 1:
					readAll(t, x.do(t, c, "GET", fmt.Sprintf("/chunked/%d", size), nil))
				case 2:
					readAll(t, x.do(t, c, "HEAD", fmt.Sprintf("/bytes/%d", size), nil))
				default: // up to 16 KiB go out before the response is waited for
					resp, _ := x.bounce(t, c, bytes.NewReader(noise(min(size, 16<<10))))
					readAll(t, resp)
				}
			}
		})
		if seen != 1 {
			t.Errorf("the peer saw %d connections", seen)
		}
	})
}

// TestOneConnectionServesManyUploads: content that goes out beside the response does not cost the connection.
func TestOneConnectionServesManyUploads(t *testing.T) {
	each(t, echoes|stores, func(t *testing.T, x *there) {
		c := x.client(t)
		seen := x.during(t, func() {
			for range 1000 {
				resp, _ := x.bounce(t, c, io.MultiReader(strings.NewReader("some content")))
				readAll(t, resp)
			}
		})
		if seen != 1 {
			t.Errorf("the peer saw %d connections for 1000 uploads", seen)
		}
	})
}

// TestConnectionThatSaysItEndsIsNotUsedAgain: the peer ends a connection after five requests, and says so.
func TestConnectionThatSaysItEndsIsNotUsedAgain(t *testing.T) {
	build := func(t *testing.T) *site {
		s := newSite(t)
		s.requests = 5
		return s
	}
	eachOf(t, 0, build, func(t *testing.T, x *there) {
		c := x.client(t)
		seen := x.during(t, func() {
			for i := range 23 {
				// A request that is not idempotent, where there is one: no retry helps it.
				method, path, body := "GET", "/bytes/1", io.Reader(nil)
				if x.can&echoes != 0 {
					method, path, body = "POST", "/echo", strings.NewReader("x")
				}
				if _, n := readAll(t, x.do(t, c, method, path, body)); n != 1 {
					t.Errorf("request %d: %d bytes", i, n)
				}
			}
		})
		if seen != 5 {
			t.Errorf("the peer saw %d connections for 23 requests, 5 on each", seen)
		}
	})
}

// TestRequestsSucceedAmongClosesOfIdleConnections sends them when the peer may just close the connection:
// earlier, at that very moment, later. A failed POST must say that it may have been sent.
func TestRequestsSucceedAmongClosesOfIdleConnections(t *testing.T) {
	const idle, workers = 20 * time.Millisecond, 8
	build := func(t *testing.T) *site {
		s := newSite(t)
		s.idle = idle
		return s
	}
	eachOf(t, 0, build, func(t *testing.T, x *there) {
		var lost int
		seen := x.during(t, func() {
			var all sync.WaitGroup
			var mu sync.Mutex
			for worker := range workers {
				c := x.client(t) // one each: what one worker sends does not keep another's connection from idling
				all.Go(func() {
					for i := range 12 {
						time.Sleep(idle + time.Duration(i*(worker+1)%7-3)*time.Millisecond)
						if err := x.try(t.Context(), c, "GET", "/bytes/1", nil, 1); err != nil {
							t.Errorf("GET: %v", err)
						}
						if x.can&echoes == 0 {
							continue
						}
						time.Sleep(idle + time.Duration((i+worker)%5-3)*time.Millisecond)
						var s *paf.SendError
						switch err := x.try(t.Context(), c, "POST", "/echo", strings.NewReader("x"), 1); {
						case errors.As(err, &s) && s.Sent:
							mu.Lock()
							lost++
							mu.Unlock()
						case err != nil:
							t.Errorf("POST: %v", err)
						}
					}
				})
			}
			all.Wait()
		})
		t.Logf("%d connections, %d times POST was lost", seen, lost)
		if seen <= workers {
			t.Error("the peer has closed none: nothing was tried")
		}
	})
}

// try sends a request and reads its response, which has n bytes.
func (x *there) try(ctx context.Context, c *paf.Client, method, path string, body io.Reader, n int64) error {
	r, err := paf.NewRequest(method, x.url(path), body)
	if err != nil {
		return err
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.Copy(io.Discard, resp.Body)
	if err == nil && (resp.Status/100 != 2 || got != n) {
		err = fmt.Errorf("status %d, %d bytes", resp.Status, got)
	}
	return err
}

// TestOnlyIdempotentRequestsAreSentAgain: the peer closes a connection at its second request, with no
// word. A retry needs another connection: the peer counts them.
func TestOnlyIdempotentRequestsAreSentAgain(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "PATCH"} {
			c := x.client(t)
			body := func() io.Reader { return nil }
			n := int64(1)
			switch method {
			case "HEAD":
				n = 0
			case "PUT", "POST", "PATCH":
				body = func() io.Reader { return strings.NewReader("content") }
			}
			var err error
			seen := x.during(t, func() {
				if err := x.try(t.Context(), c, "GET", "/lost/1", nil, 1); err != nil {
					t.Errorf("the first request: %v", err)
				}
				err = x.try(t.Context(), c, method, "/lost/1", body(), n)
			})
			var s *paf.SendError
			switch again := method != "POST" && method != "PATCH"; {
			case again && (seen != 2 || err != nil && method != "PUT"): // nginx has no PUT here
				t.Errorf("%s: the peer saw %d connections: %v", method, seen, err)
			case !again && (seen != 1 || !errors.As(err, &s) || !s.Sent):
				t.Errorf("%s: the peer saw %d connections: %v", method, seen, err)
			}
		}
	})
}

// TestTenThousandRequestsAtOnce are sent on one client, over no more connections than it may have.
func TestTenThousandRequestsAtOnce(t *testing.T) {
	each(t, 0, func(t *testing.T, x *there) {
		c := x.client(t)
		c.MaxConns, c.MaxIdle = 200, 200
		start := time.Now()
		seen := x.during(t, func() {
			var all sync.WaitGroup
			for i := range 10_000 {
				all.Go(func() {
					method, path, body := "GET", "/bytes/1", io.Reader(nil)
					if i%2 == 1 && x.can&echoes != 0 {
						method, path, body = "POST", "/echo", strings.NewReader("x")
					}
					if err := x.try(t.Context(), c, method, path, body, 1); err != nil {
						t.Errorf("%s: %v", method, err)
					}
				})
			}
			all.Wait()
		})
		t.Logf("%v over %d connections", time.Since(start), seen)
		if seen > 200 {
			t.Errorf("the peer saw %d connections", seen)
		}
	})
}
