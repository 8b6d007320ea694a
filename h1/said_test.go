package h1

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// What a connection says does not depend on what it has said before.
func TestWhatWasSaidBeforeChangesNothing(t *testing.T) {
	responses := []semantics.Response{
		{Status: 200, Fields: semantics.FieldsOf("Content-Type", "text/plain")},
		{Status: 200, Fields: semantics.FieldsOf("Content-Type", "text/html")},
		{Status: 200, Fields: semantics.FieldsOf("Content-Type", "text/plain", "Upgrade", "x")},
		{Status: 200, Reason: "Fine", Fields: semantics.FieldsOf("Content-Type", "text/plain")},
		{Status: 404, Fields: semantics.FieldsOf("Content-Type", "text/plain")},
		{Status: 304},
		{Status: 426, Fields: semantics.FieldsOf("Upgrade", "x")},
		{Status: 200, Fields: semantics.FieldsOf("Content-Type", "text/plain", "X-Long", strings.Repeat("x", 2000))},
		{Status: 200, Fields: semantics.FieldsOf("Bad Name", "x")},
		{Status: 200, Fields: semantics.FieldsOf("X", "bad\nvalue")},
		{Status: 200, Reason: "bad\nreason"},
	}
	requests := []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"}
	said := func(s *ServerConn, request string, r semantics.Response, length int64) string {
		var ev engine.Event
		if n := s.Next(1, []byte(request), &ev); n != len(request) || ev.Kind != engine.Request {
			t.Fatalf("%q: %+v", request, ev)
		}
		var out engine.Output
		if err := s.Respond(&out, ev.Stream, &r, length); err != nil {
			if len(out.Buf) != 0 {
				t.Errorf("%v, and yet %q", err, out.Buf)
			}
			refused := semantics.Response{Status: 500}
			if s.Respond(&out, ev.Stream, &refused, 0) != nil {
				t.Fatal(err)
			}
			length = 0
		}
		if length > 0 {
			if _, err := s.Data(&out, ev.Stream, make([]byte, length)); err != nil && r.Status != 304 {
				t.Fatal(err)
			}
		}
		if err := s.End(&out, ev.Stream, nil); err != nil {
			t.Fatal(err)
		}
		return string(out.Buf)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	s := NewServer(engine.Limits{}, 1)
	again := 0
	for i, length := 0, int64(0); i < 5000; i++ {
		r, request := responses[rnd.IntN(len(responses))], requests[rnd.IntN(20)/19]
		length = int64(rnd.IntN(3))
		for range rnd.IntN(5) {
			if s.said.head.Is(&r) && len(s.said.text) > 0 {
				again++
			}
			r.Fields = r.Fields.Clone() // other memory, the same text
			got := said(s, request, r, length)
			if want := said(NewServer(engine.Limits{}, 1), request, r, length); got != want {
				t.Fatalf("%+v: %q, and on a new connection %q", r, got, want)
			}
		}
	}
	if again < 1000 {
		t.Errorf("only %d heads were said again as they were", again)
	}
}

// What a connection asks does not depend on what it has asked before.
func TestWhatWasAskedBeforeChangesNothing(t *testing.T) {
	root := semantics.Target{Form: semantics.OriginForm, Authority: "a", Path: "/"}
	other, query, absolute := root, root, root
	other.Authority, query.Query = "b", "q"
	absolute.Form, absolute.Scheme = semantics.AbsoluteForm, "http"
	requests := []semantics.Request{
		{Method: "GET", Target: root, Fields: semantics.FieldsOf("Accept", "text/plain")},
		{Method: "GET", Target: root, Fields: semantics.FieldsOf("Accept", "text/html")},
		{Method: "GET", Target: root},
		{Method: "POST", Target: root},
		{Method: "GET", Target: other},
		{Method: "GET", Target: query},
		{Method: "GET", Target: absolute},
		{Method: "GET", Target: root, Upgrade: "x"},
		{Method: "GET", Target: root, Fields: semantics.FieldsOf("Host", "c", "Content-Length", "7", "Expect", "100-continue", "Connection", "x")},
		{Method: "GET", Target: root, Fields: semantics.FieldsOf("Connection", "close")},
		{Method: "GET", Target: root, Fields: semantics.FieldsOf("X-Long", strings.Repeat("x", 2000))},
		{Method: "GET", Target: root, Fields: semantics.FieldsOf("Bad Name", "x")},
		{Method: "GET", Target: root, Fields: semantics.FieldsOf("X", "bad\nvalue")},
		{Method: "BAD METHOD", Target: root},
	}
	const response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	asked := func(c *ClientConn, r semantics.Request, length int64) (text string, open bool) {
		var out engine.Output
		id, err := c.Request(&out, &r, length)
		if err != nil {
			if len(out.Buf) != 0 {
				t.Errorf("%v, and yet %q", err, out.Buf)
			}
			return err.Error(), true
		}
		content := make([]byte, max(length, 2)) // of chunks if the length is not known
		if length != 0 {
			if _, err := c.Data(&out, id, content); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.End(&out, id, nil); err != nil {
			t.Fatal(err)
		}
		var ev engine.Event
		if n := c.Next(1, []byte(response), &ev); n != len(response) || ev.Kind != engine.Response || !ev.End {
			t.Fatalf("%+v", ev)
		}
		return string(out.Buf), c.Capacity() == 1
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	c := NewClient(engine.Limits{}, 1)
	again := 0
	for range 5000 {
		r := requests[rnd.IntN(len(requests))]
		length := int64(rnd.IntN(4)) - 1
		if length == 1 {
			length = 0
		}
		for range rnd.IntN(5) {
			if c.asking.is(&r, length) && len(c.asking.text) > 0 {
				again++
			}
			r.Fields = r.Fields.Clone() // other memory, the same text
			got, open := asked(c, r, length)
			want, fresh := asked(NewClient(engine.Limits{}, 1), r, length)
			if got != want || open != fresh {
				t.Fatalf("%+v: %q, and on a new connection %q; open: %v and %v", r, got, want, open, fresh)
			}
			if !open {
				kept := c.asking // the next connection goes on with it: there is more to be compared
				c = NewClient(engine.Limits{}, 1)
				c.asking = kept
			}
		}
	}
	if again < 1000 {
		t.Errorf("only %d heads were asked again as they were", again)
	}
}

// What is not sent of a request is not kept either, however long it is.
func TestWhatWasAskedIsShort(t *testing.T) {
	root := semantics.Target{Form: semantics.OriginForm, Authority: "a", Path: "/", Raw: strings.Repeat("/", 1<<20)}
	for _, name := range []string{"Expect", "Content-Length", "Transfer-Encoding", "Accept"} {
		c := NewClient(engine.Limits{}, 1)
		var out engine.Output
		if _, err := c.Request(&out, &semantics.Request{Method: "GET", Target: root, Fields: semantics.FieldsOf(name, strings.Repeat("1", 1<<16))}, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.asking.fields) > 0 {
			t.Errorf("%s is kept", name)
		}
	}
	c := NewClient(engine.Limits{}, 1)
	var out engine.Output
	if _, err := c.Request(&out, &semantics.Request{Method: "GET", Target: root}, 0); err != nil || c.asking.method == "" || c.asking.target.Raw != "" {
		t.Errorf("%v: %q is kept", err, c.asking.method)
	}
}
