package nethttp

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
	"github.com/paf-go/paf/semantics"
)

// named returns a request with so many fields, each of a name of its own.
func named(n int) *paf.Request {
	r := &paf.Request{Method: "GET", Protocol: paf.HTTP11}
	r.Form, r.Raw, r.Path = semantics.OriginForm, "/", "/"
	for i := range n {
		r.Header.Add(fmt.Sprintf("X-%04d", i), "")
	}
	return r
}

// A head of as many names as a server takes costs in proportion to what the client has to send for it.
func TestManyNamesCostNoMoreThanTheyAre(t *testing.T) {
	cost := func(n int) time.Duration {
		r, least := named(n), time.Hour
		for range 20 {
			start := time.Now()
			_ = newHead(r)
			least = min(least, time.Since(start))
		}
		return least
	}
	few, many := cost(fieldsMost/8), cost(fieldsMost)
	if many > 24*few {
		t.Errorf("8 times as many names cost %.1f times as much: %v and %v", float64(many)/float64(few), few, many)
	}
}

// What a Trailer field lists costs no more than it is, and once is enough.
func TestATrailerFieldIsNotPaidForTwice(t *testing.T) {
	r := named(0)
	r.Length = -1
	r.Header.Add("Trailer", strings.Repeat("a,", 500<<10))
	var before, after runtime.MemStats
	h := newHead(r)
	runtime.ReadMemStats(&before)
	_ = h.trailer()
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; len(h.trailers) != 1 || spent > 64<<10 {
		t.Errorf("%d names, for which a request needs %d KiB", len(h.trailers), spent>>10)
	}
}

// A connection that waits for its next request keeps nothing of a head that was large.
func TestALargeHeadIsNotKept(t *testing.T) {
	for size, kept := range map[int]bool{100: true, 60 << 10: false} {
		synctest.Test(t, func(t *testing.T) {
			inner := Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			var memory *conn
			s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
				inner.Serve(w, r)
				memory, _ = r.Remember(connOf).(*conn)
			}))
			r, _ := paf.NewRequest("GET", "http://paf.test/", nil)
			r.Header.Add("X-Large", strings.Repeat("x", size))
			resp, err := s.Client.Do(t.Context(), r)
			if err != nil || resp.Status != 200 {
				t.Fatal(err, resp)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			if is := memory.head.Load() != nil; is != kept {
				t.Errorf("a head of %d bytes is kept: %t", size, is)
			}
		})
	}
}

// So it is with the names that a Trailer field of a response announces: a proxy hands on what a server has sent.
func TestManyTrailersCostNoMoreThanTheyAre(t *testing.T) {
	cost := func(n int) time.Duration {
		var names strings.Builder
		for i := range n {
			fmt.Fprintf(&names, "X-%05d, X-00001,", i)
		}
		least := time.Hour
		for range 20 {
			w := &exchange{response: response{draft: &draft{}, fields: http.Header{"X-00001": {"v"}}}}
			start := time.Now()
			w.announce(names.String())
			if trailer := w.trailer(); trailer.Len() != 1 {
				t.Fatal(trailer.List())
			}
			least = min(least, time.Since(start))
		}
		return least
	}
	if few, many := cost(1000), cost(32000); many > 300*few { // the square would be 1024
		t.Errorf("32 times as many names cost %.1f times as much: %v and %v", float64(many)/float64(few), few, many)
	}
}
