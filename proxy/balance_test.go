package proxy_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// named serves a name for an answer.
func named(t testing.TB, name string) string {
	return serveStd(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
}

// order asks n times and returns who has answered.
func order(t testing.TB, c *paf.Client, at string, n int) string {
	var all strings.Builder
	for range n {
		resp, err := c.Get(t.Context(), "http://"+at+"/")
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(read(t, resp))
	}
	return all.String()
}

func TestWeightsAreKeptAndMixed(t *testing.T) {
	r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + named(t, "a"), Weight: 3}, {URL: "http://" + named(t, "b"), Weight: 1}, {URL: "http://" + named(t, "c"), Weight: 2}}}
	got := order(t, asker(t, paf.HTTP11), before(t, r), 12)
	if strings.Count(got, "a") != 6 || strings.Count(got, "b") != 2 || strings.Count(got, "c") != 4 || strings.Contains(got, "aaa") {
		t.Errorf("order %q", got)
	}
}

func TestAnUpstreamThatFailedIsLeftAloneForAWhile(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	shaky := serveStd(t, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "a")
	})
	r := &proxy.Reverse{Rest: 300 * time.Millisecond, Upstreams: []*proxy.Upstream{{URL: "http://" + shaky}, {URL: "http://" + named(t, "b")}}}
	c, at := asker(t, paf.HTTP11), before(t, r)
	if got := order(t, c, at, 6); got != "bbbbbb" {
		t.Errorf("while one is down: %q", got)
	}
	down.Store(false)
	if got := order(t, c, at, 2); got != "bb" {
		t.Errorf("right after: %q", got)
	}
	time.Sleep(350 * time.Millisecond)
	if got := order(t, c, at, 6); strings.Count(got, "a") != 3 {
		t.Errorf("when it has rested: %q", got)
	}
}

func TestWatchTellsWhoIsFit(t *testing.T) {
	var sick atomic.Bool
	sick.Store(true)
	var checks atomic.Int32
	one := serveStd(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/app/health" {
			checks.Add(1)
			if sick.Load() {
				w.WriteHeader(503)
			}
			return
		}
		_, _ = io.WriteString(w, "a")
	})
	r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + one + "/app"}, {URL: "http://" + named(t, "b")}}}
	c, at := asker(t, paf.HTTP11), before(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Watch(ctx, proxy.Check{Path: "/health", Interval: 10 * time.Millisecond})
	}()
	until := func(want string) {
		t.Helper()
		got := ""
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if got = order(t, c, at, 4); strings.Contains(want, got) {
				return
			}
		}
		t.Errorf("answers came from %q, not as %q", got, want)
	}
	until("bbbb")
	sick.Store(false)
	until("abab baba")
	sick.Store(true)
	until("bbbb")
	cancel()
	<-done
	n := checks.Load()
	time.Sleep(50 * time.Millisecond)
	if checks.Load() > n+1 { // one may have been on its way
		t.Error("it goes on checking")
	}
}

func TestUpstreamsAreReplacedWhileRequestsGoOn(t *testing.T) {
	r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + named(t, "a")}}}
	c, at := asker(t, paf.HTTP11), before(t, r)
	if got := order(t, c, at, 2); got != "aa" {
		t.Errorf("before: %q", got)
	}
	var bad *paf.URLError
	if err := r.Use([]*proxy.Upstream{{URL: "ftp://a"}}); !errors.As(err, &bad) {
		t.Errorf("a URL that is none: %v", err)
	}
	if got := order(t, c, at, 2); got != "aa" {
		t.Errorf("after a mistake: %q", got)
	}
	if err := r.Use([]*proxy.Upstream{{URL: "http://" + named(t, "b")}}); err != nil {
		t.Fatal(err)
	}
	if got := order(t, c, at, 2); got != "bb" {
		t.Errorf("after: %q", got)
	}
}
