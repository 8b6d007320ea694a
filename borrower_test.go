package paf_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
)

// serveInTurn sends requests on one connection of HTTP/1.1, each when the one before has been answered, and returns the answers.
func serveInTurn(t *testing.T, s *paf.Server, requests ...string) (answers []string) {
	t.Helper()
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		for _, request := range requests {
			if err := p.send(request + " HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(p.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			answers = append(answers, fmt.Sprint(resp.StatusCode, resp.Header, string(body), resp.Trailer, err))
		}
		p.Close()
		synctest.Wait()
	})
	return answers
}

func TestOnlyWhatABorrowerHasHadIsUsedAgain(t *testing.T) {
	var given []*paf.ResponseWriter
	f := func(w *paf.ResponseWriter, r *paf.Request) { given = append(given, w) }
	for _, test := range []struct {
		name  string
		h     paf.Handler
		again bool
	}{
		{"a handler", paf.HandlerFunc(f), false},
		{"a borrower", paf.BorrowerFunc(f), true},
		{"one that wraps a borrower", paf.HandlerFunc(paf.BorrowerFunc(f).Serve), false},
	} {
		given = nil
		serveInTurn(t, &paf.Server{Handler: test.h}, "GET /1", "GET /2")
		if again := given[0] == given[1]; again != test.again {
			t.Errorf("%s: the second request has the first one's memory: %t", test.name, again)
		}
	}
}

// Whatever a handler has done, the next one on the connection finds what it would find on a new one.
func TestNothingIsLeftOfABorrowersExchange(t *testing.T) {
	h := paf.BorrowerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case "/fields":
			for i := range 9 {
				w.Header().Add(fmt.Sprint("X-", i), "left")
			}
			w.WriteHeader(404)
			_, _ = w.WriteString("much")
		case "/trailer":
			w.Trailer().Add("X-Trailer", "left")
			_, _ = w.WriteString(strings.Repeat("much", 4<<10))
		case "/nothing":
			w.WriteHeader(204)
		case "/length":
			w.Header().Set("Content-Length", "4")
			_, _ = w.WriteString("much")
		case "/panic":
			w.Header().Add("X-Panic", "left")
			panic("left")
		}
		r.Method, r.Body, r.Length, r.Trailer = "LEFT", nil, 7, &paf.Fields{}
		r.Header.Add("Left", "left")
	})
	clean := paf.BorrowerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path != "/clean" {
			h(w, r)
			return
		}
		n, err := r.Body.Read(make([]byte, 1))
		fmt.Fprint(w, r.Method, r.Length, r.Header, r.Trailer == nil, n, err, w.Status(), w.Written(), w.Header().Len())
	})
	want := serveInTurn(t, &paf.Server{Handler: clean}, "GET /clean")[0]
	for _, before := range []string{"/fields", "/trailer", "/nothing", "/length", "/panic"} {
		answers := serveInTurn(t, &paf.Server{Handler: clean}, "GET "+before, "GET /clean")
		if answers[1] != want {
			t.Errorf("after %s\n%s\nand otherwise\n%s", before, answers[1], want)
		}
	}
}

// An ErrorHandler promises nothing.
func TestWhatAnErrorHandlerHasHadIsNotUsedAgain(t *testing.T) {
	var kept, after *paf.ResponseWriter
	s := &paf.Server{
		Handler: paf.BorrowerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			if r.Path == "/panic" {
				panic(errors.New("of the handler"))
			}
			after = w
		}),
		ErrorHandler: func(w *paf.ResponseWriter, _ *paf.Request, _ error) { kept = w },
	}
	serveInTurn(t, s, "GET /before", "GET /panic", "GET /after")
	if kept == nil || after == nil || kept == after {
		t.Errorf("the ErrorHandler had %p, and the next handler %p", kept, after)
	}
}

func TestBorrowersOfOneConnectionDoNotShare(t *testing.T) {
	const streams = 50
	var (
		mu    sync.Mutex
		given = map[*paf.ResponseWriter]bool{}
		all   sync.WaitGroup
	)
	s := &paf.Server{Handler: paf.BorrowerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		mu.Lock()
		if given[w] {
			t.Error("two streams have the same memory")
		}
		given[w] = true
		mu.Unlock()
		all.Done()
		all.Wait() // all of them at once
		fmt.Fprint(w, r.Path)
		mu.Lock()
		delete(given, w)
		mu.Unlock()
	})}
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		s.Client.Protocol = paf.HTTP2
		for range 3 {
			all.Add(streams)
			var asked sync.WaitGroup
			for i := range streams {
				asked.Go(func() {
					path := fmt.Sprint("/", i)
					resp, err := s.Client.Get(t.Context(), "http://paf.test"+path)
					if err != nil {
						t.Error(err)
						return
					}
					if body, err := io.ReadAll(resp.Body); string(body) != path || err != nil {
						t.Errorf("asked for %s, got %q, %v", path, body, err)
					}
				})
			}
			asked.Wait()
		}
	})
}
