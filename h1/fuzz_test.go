package h1_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/semantics"
)

// A reading is what an engine has told of some input; data that came in pieces is one.
type reading struct {
	told []string
	data strings.Builder
}

func (r *reading) tell(s string) {
	if r.data.Len() > 0 {
		r.told = append(r.told, "data "+r.data.String())
		r.data.Reset()
	}
	r.told = append(r.told, s)
}

func (r *reading) String() string { return strings.Join(r.told, "\n") }

// read shows input to an engine in pieces of at most step bytes, and answers each request
// once it is complete. It checks what has to hold whatever comes.
func read(t *testing.T, eng engine.Engine, in []byte, step int, limits engine.Limits) *reading {
	r := &reading{}
	var pending []byte
	var out engine.Output
	var now engine.Instant = 1
	for {
		eof := len(in) == 0
		n := min(step, len(in))
		pending = append(pending, in[:n]...)
		in = in[n:]
		if eof {
			eng.EOF(now, true)
		}
		most := 2*len(pending) + 10
		for calls := 0; ; calls++ {
			if calls > most {
				t.Fatal("the engine makes no progress")
			}
			var ev engine.Event
			shown := append([]byte(nil), pending...)
			used := eng.Next(now, shown, &ev)
			pending = pending[used:]
			r.note(t, &ev)
			for i := range shown {
				shown[i] = 0xEE
			}
			if ev.Kind == engine.End || ev.Kind == engine.Request && ev.End || ev.Kind == engine.Fault {
				respond(eng, &out, &ev)
				out.Reset()
			}
			if ev.Kind == engine.NoEvent && used == 0 {
				break
			}
		}
		if bound := max(limits.HeadBytes, limits.TrailerBytes); len(pending) > bound+step && eng.State() == engine.Open {
			t.Fatalf("%d bytes are pending, and the limit is %d", len(pending), bound)
		}
		eng.Deadline(now)
		if eof {
			r.tell(eng.State().String())
			return r
		}
	}
}

// note takes an event down.
func (r *reading) note(t *testing.T, ev *engine.Event) {
	switch ev.Kind {
	case engine.NoEvent:
	case engine.Data:
		if len(ev.Data) == 0 {
			t.Fatal("data without data")
		}
		r.data.Write(ev.Data)
	case engine.Fault:
		if ev.Err == nil || ev.Err.Blame != engine.Peer || ev.Err.Rule == "" {
			t.Fatalf("a fault of %v", ev.Err)
		}
		r.tell(fmt.Sprint("fault ", ev.Stream, ev.Err.Status, ev.Err.Rule))
	case engine.Request:
		r.tell(fmt.Sprint("request ", ev.Stream, ev.Request.Method, ev.Request.Target, ev.Request.Fields.List(), ev.Length, ev.End))
	case engine.Response, engine.Interim:
		r.tell(fmt.Sprint(ev.Kind, ev.Stream, ev.Response.Status, ev.Response.Reason, ev.Response.Fields.List(), ev.Length, ev.End))
	case engine.End:
		s := "end"
		if ev.Trailer != nil {
			s += fmt.Sprint(ev.Trailer.List())
		}
		r.tell(s)
	default:
		r.tell(ev.Kind.String())
	}
}

// respond answers if it is the server's turn.
func respond(eng engine.Engine, out *engine.Output, ev *engine.Event) {
	s, ok := eng.(engine.Server)
	if !ok || ev.Kind == engine.Fault && ev.Err.Status == 0 {
		return
	}
	if s.Respond(out, ev.Stream, &semantics.Response{Status: 200}, 0) == nil {
		_ = s.End(out, ev.Stream, nil)
	}
}

var fuzzLimits = engine.Limits{HeadBytes: 400, TargetBytes: 100, Fields: 10, TrailerBytes: 100, ContentBytes: 1000, ChunkLineBytes: 40, ChunkOverhead: 200, Interim: 3}

// inputs calls add with every input of the scripts of one role.
func inputs(f *testing.F, role string, add func(input []byte)) {
	for _, file := range scripts(f) {
		for _, c := range file.Cases {
			if c.Role == role {
				add(c.Input())
			}
		}
	}
}

// FuzzServer: whatever bytes come, however they are cut, the engine tells the same, blames the peer
// only, and keeps no more than its limits allow.
func FuzzServer(f *testing.F) {
	inputs(f, "server", func(in []byte) { f.Add(in, uint8(1)) })
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		whole := read(t, h1.NewServer(fuzzLimits, 1), in, len(in)+1, fuzzLimits)
		cut := read(t, h1.NewServer(fuzzLimits, 1), in, int(step)+1, fuzzLimits)
		if whole.String() != cut.String() {
			t.Errorf("%q\nwhole:\n%v\nby %d:\n%v", in, whole, int(step)+1, cut)
		}
	})
}

// FuzzClient is the same for responses.
func FuzzClient(f *testing.F) {
	inputs(f, "client", func(in []byte) { f.Add(in, uint8(1), "GET") })
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), uint8(3), "HEAD")
	f.Fuzz(func(t *testing.T, in []byte, step uint8, method string) {
		start := func() engine.Engine {
			c := h1.NewClient(fuzzLimits, 1)
			var out engine.Output
			r := &semantics.Request{Method: method, Target: semantics.Target{Authority: "a", Path: "/"}}
			id, err := c.Request(&out, r, 0)
			if err == nil {
				_ = c.End(&out, id, nil)
			}
			return c
		}
		whole := read(t, start(), in, len(in)+1, fuzzLimits)
		cut := read(t, start(), in, int(step)+1, fuzzLimits)
		if whole.String() != cut.String() {
			t.Errorf("%q\nwhole:\n%v\nby %d:\n%v", in, whole, int(step)+1, cut)
		}
	})
}

// FuzzHead puts a head of any kind before a request that must be read afterwards or not at all.
func FuzzHead(f *testing.F) {
	f.Add("GET", "/", "X", "y")
	f.Add("POST", "http://a/b?c", "Content-Length", "0")
	f.Add("OPTIONS", "*", "Connection", "close")
	f.Fuzz(func(t *testing.T, method, target, name, value string) {
		if strings.ContainsAny(method+target, " \r\n") || strings.ContainsAny(name, ":\r\n") || strings.ContainsAny(value, "\r\n") {
			return // it would be another head than the one that is meant
		}
		in := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a\r\n%s: %s\r\n\r\n", method, target, name, value)
		s := h1.NewServer(engine.Limits{}, 1)
		var ev engine.Event
		n := s.Next(1, []byte(in), &ev)
		if ev.Kind != engine.Request || n != len(in) {
			return
		}
		// What was accepted is what was sent, nothing else.
		if ev.Request.Method != method || ev.Request.Target.Raw != target {
			t.Errorf("%q: method %q, target %q", in, ev.Request.Method, ev.Request.Target.Raw)
		}
		fields := ev.Request.Fields.List()
		if len(fields) != 2 || fields[1].Name != name || fields[1].Value != semantics.TrimSpace(value) {
			t.Errorf("%q: fields %v", in, fields)
		}
	})
}

// FuzzChunked sends content through two engines, back to back: what a client's engine writes, a
// server's reads, and the other way round, however the content and the wire are cut.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("some content"), uint8(3), uint8(5), "X-Sum", "1")
	f.Add([]byte(strings.Repeat("long", 500)), uint8(255), uint8(1), "", "")
	f.Fuzz(func(t *testing.T, body []byte, piece, step uint8, name, value string) {
		c, s := h1.NewClient(engine.Limits{}, 1), h1.NewServer(engine.Limits{}, 1)
		var up, down engine.Output
		id, err := c.Request(&up, &semantics.Request{Method: "POST", Target: semantics.Target{Authority: "a", Path: "/"}}, -1)
		if err != nil {
			t.Fatal(err)
		}
		var trailer *semantics.Fields
		if name != "" {
			fields := semantics.FieldsOf(name, value)
			trailer = &fields
		}
		if !send(t, c, &up, id, body, int(piece)+1, trailer) {
			trailer = nil
		}
		seen := read(t, s, up.Buf, int(step)+1, engine.Limits{}.WithDefaults())
		if got := seen.String(); !strings.Contains(got, "data "+string(body)) && len(body) > 0 || strings.Contains(got, "fault") {
			t.Fatalf("the server has read %q", got)
		}

		s = h1.NewServer(engine.Limits{}, 1)
		var ev engine.Event
		s.Next(1, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &ev)
		if err := s.Respond(&down, 1, &semantics.Response{Status: 200}, -1); err != nil {
			t.Fatal(err)
		}
		send(t, s, &down, 1, body, int(piece)+1, trailer)
		seen = read(t, c, down.Buf, int(step)+1, engine.Limits{}.WithDefaults())
		if got := seen.String(); !strings.Contains(got, "data "+string(body)) && len(body) > 0 || strings.Contains(got, "fault") {
			t.Fatalf("the client has read %q", got)
		}
	})
}

// send gives content to an engine in pieces and ends the message. It reports whether the
// trailer was accepted.
func send(t *testing.T, eng engine.Engine, out *engine.Output, id engine.StreamID, body []byte, piece int, trailer *semantics.Fields) bool {
	for len(body) > 0 {
		n := min(piece, len(body))
		if _, err := eng.Data(out, id, body[:n]); err != nil {
			t.Fatal(err)
		}
		body = body[n:]
	}
	if eng.End(out, id, trailer) == nil {
		return true
	}
	if err := eng.End(out, id, nil); err != nil {
		t.Fatal(err)
	}
	return false
}
