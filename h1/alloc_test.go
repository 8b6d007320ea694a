package h1_test

import (
	"fmt"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/semantics"
)

const getHead = "GET /a/path?with=query HTTP/1.1\r\nHost: example.org\r\nUser-Agent: test/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"

var (
	okResponse = semantics.Response{Status: 200, Fields: semantics.FieldsOf("Date", "Thu, 01 Jan 1970 00:00:00 GMT", "Content-Type", "text/plain")}
	hello      = []byte("Hello, World!")
)

// serveOne lets a server read one request and answer it.
func serveOne(t testing.TB, s *h1.ServerConn, head []byte, out *engine.Output) {
	var ev engine.Event
	n := s.Next(1, head, &ev)
	if ev.Kind != engine.Request || n != len(head) {
		t.Fatalf("%v after %d bytes of %d", ev.Kind, n, len(head))
	}
	if err := s.Respond(out, ev.Stream, &okResponse, int64(len(hello))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Data(out, ev.Stream, hello); err != nil {
		t.Fatal(err)
	}
	if err := s.End(out, ev.Stream, nil); err != nil {
		t.Fatal(err)
	}
	out.Reset()
}

func TestIdenticalRequestsCostAServerNoAllocation(t *testing.T) {
	s := h1.NewServer(engine.Limits{}, 1)
	head, out := []byte(getHead), engine.Output{}
	if n := testing.AllocsPerRun(100, func() { serveOne(t, s, head, &out) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

var answer = []byte("HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 13\r\n\r\nHello, World!")

// askOne lets a client send one request and read the answer.
func askOne(t testing.TB, c *h1.ClientConn, r *semantics.Request, out *engine.Output) {
	id, err := c.Request(out, r, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.End(out, id, nil); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	in := answer
	for _, want := range []engine.Kind{engine.Response, engine.Data, engine.End} {
		var ev engine.Event
		in = in[c.Next(1, in, &ev):]
		if ev.Kind != want {
			t.Fatalf("%v instead of %v", ev.Kind, want)
		}
	}
}

var getRequest = &semantics.Request{Method: "GET", Target: semantics.Target{Authority: "example.org", Path: "/a"}, Fields: semantics.FieldsOf("Accept", "*/*")}

func TestIdenticalResponsesCostAClientNoAllocation(t *testing.T) {
	c := h1.NewClient(engine.Limits{}, 1)
	var out engine.Output
	if n := testing.AllocsPerRun(100, func() { askOne(t, c, getRequest, &out) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func BenchmarkServerGET(b *testing.B) {
	s := h1.NewServer(engine.Limits{}, 1)
	head, out := []byte(getHead), engine.Output{}
	b.ReportAllocs()
	for b.Loop() {
		serveOne(b, s, head, &out)
	}
}

// BenchmarkServerDistinctGET has a head that differs from the one before.
func BenchmarkServerDistinctGET(b *testing.B) {
	s := h1.NewServer(engine.Limits{}, 1)
	var heads [2][]byte
	for i := range heads {
		heads[i] = fmt.Appendf(nil, "GET /%d%s", i, getHead[len("GET /"):])
	}
	var out engine.Output
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		serveOne(b, s, heads[i&1], &out)
		i++
	}
}

func BenchmarkClientGET(b *testing.B) {
	c := h1.NewClient(engine.Limits{}, 1)
	var out engine.Output
	b.ReportAllocs()
	for b.Loop() {
		askOne(b, c, getRequest, &out)
	}
}

func BenchmarkServerChunkedUpload(b *testing.B) {
	s := h1.NewServer(engine.Limits{}, 1)
	chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", 16<<10, make([]byte, 16<<10))
	var ev engine.Event
	s.Next(1, []byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), &ev)
	b.SetBytes(16 << 10)
	b.ReportAllocs()
	for b.Loop() {
		for in := chunk; len(in) > 0; {
			in = in[s.Next(1, in, &ev):]
		}
	}
}
