package h2_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// A tape is one side's frames for exchange after exchange, each on a stream of its own.
type tape struct {
	begin []byte // what comes before the first exchange
	unit  []byte // the frames of one exchange
	ids   []int  // where in unit stream numbers stand
	next  uint32
}

// play returns the frames of the next exchange.
func (t *tape) play() []byte {
	for _, at := range t.ids {
		binary.BigEndian.PutUint32(t.unit[at:], t.next)
	}
	t.next += 2
	return t.unit
}

// tapeOf makes a tape of a head and content. The head is encoded until its block no longer changes.
func tapeOf(begin string, content int, fields ...hpack.Field) *tape {
	t := &tape{begin: []byte(begin), next: 1}
	var enc hpack.Encoder
	end := byte(4 | 1) // END_HEADERS, END_STREAM
	if content > 0 {
		end = 4
	}
	for range 4 {
		var block []byte
		for _, f := range fields {
			block = enc.AppendField(block, f)
		}
		t.unit = append([]byte{0, 0, byte(len(block)), 1, end, 0, 0, 0, 0}, block...)
		t.ids = []int{5}
		if content > 0 {
			t.ids = append(t.ids, len(t.unit)+5)
			t.unit = append(t.unit, 0, byte(content>>8), byte(content), 0, 1, 0, 0, 0, 0)
			t.unit = append(t.unit, bytes.Repeat([]byte{'x'}, content)...)
		}
		t.begin = append(t.begin, t.play()...)
	}
	return t
}

const (
	clientPreface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	settingsAck    = "\x00\x00\x00\x04\x01\x00\x00\x00\x00"
	bigWindow      = "\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\x00\x00\x00" // of the connection
	serverSettings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
)

func requests() *tape {
	return tapeOf(settingsAck+bigWindow, 0, hpack.Field{Name: ":method", Value: "GET"}, hpack.Field{Name: ":scheme", Value: "https"},
		hpack.Field{Name: ":authority", Value: "example.org"}, hpack.Field{Name: ":path", Value: "/a/path?with=query"},
		hpack.Field{Name: "user-agent", Value: "test/1.0"}, hpack.Field{Name: "accept", Value: "*/*"}, hpack.Field{Name: "accept-encoding", Value: "gzip"})
}

var (
	okResponse = semantics.Response{Status: 200, Fields: semantics.FieldsOf("Date", "Thu, 01 Jan 1970 00:00:00 GMT", "Content-Type", "text/plain")}
	hello      = []byte("Hello, World!")
	noLimits   = engine.Limits{Streams: -1, Resets: -1}
)

// serveAll lets a server answer all that comes.
func serveAll(t testing.TB, s *h2.ServerConn, in []byte, out *engine.Output) (answered int) {
	for {
		var ev engine.Event
		in = in[s.Next(1, in, &ev):]
		switch ev.Kind {
		case engine.Request:
			answered++
			if err := s.Respond(out, ev.Stream, &okResponse, int64(len(hello))); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Data(out, ev.Stream, hello); err != nil {
				t.Fatal(err)
			}
			if err := s.End(out, ev.Stream, nil); err != nil {
				t.Fatal(err)
			}
		case engine.NoEvent:
			if len(in) > 0 {
				t.Fatalf("%d bytes were not read", len(in))
			}
			s.Flush(out)
			out.Reset()
			return answered
		default:
			t.Fatalf("%+v", ev)
		}
	}
}

func servedTape(t testing.TB) (*h2.ServerConn, *tape, *engine.Output) {
	s, in, out := h2.NewServer(noLimits, 1), requests(), &engine.Output{}
	serveAll(t, s, []byte(clientPreface), out)
	if n := serveAll(t, s, in.begin, out); n != 4 {
		t.Fatalf("%d requests were answered", n)
	}
	return s, in, out
}

func TestIdenticalRequestsCostAServerNoAllocation(t *testing.T) {
	s, in, out := servedTape(t)
	if n := testing.AllocsPerRun(1000, func() { serveAll(t, s, in.play(), out) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func BenchmarkServerGET(b *testing.B) {
	s, in, out := servedTape(b)
	b.ReportAllocs()
	for b.Loop() {
		serveAll(b, s, in.play(), out)
	}
}

// askOne lets a client send a request and read the answer.
func askOne(t testing.TB, c *h2.ClientConn, in []byte, out *engine.Output) {
	id, err := c.Request(out, getRequest, 0)
	if err == nil {
		err = c.End(out, id, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for {
		var ev engine.Event
		in = in[c.Next(1, in, &ev):]
		switch ev.Kind {
		case engine.Data:
			c.Consumed(1, ev.Stream, len(ev.Data))
			fallthrough
		case engine.Response, engine.End:
			if told++; ev.Stream != id {
				t.Fatalf("for stream %d: %+v", id, ev)
			}
		case engine.NoEvent:
			if len(in) > 0 || told < 2 {
				t.Fatalf("%d bytes were not read, %d things told", len(in), told)
			}
			c.Flush(out)
			out.Reset()
			return
		default:
			t.Fatalf("%+v", ev)
		}
	}
}

var getRequest = &semantics.Request{Method: "GET", Target: semantics.Target{Scheme: "https", Authority: "example.org", Path: "/a"},
	Fields: semantics.FieldsOf("Accept", "*/*")}

func BenchmarkClientGET(b *testing.B) {
	in := tapeOf("", len(hello), hpack.Field{Name: ":status", Value: "200"}, hpack.Field{Name: "date", Value: "Thu, 01 Jan 1970 00:00:00 GMT"},
		hpack.Field{Name: "content-type", Value: "text/plain"}, hpack.Field{Name: "content-length", Value: "13"})
	c, out := h2.NewClient(noLimits, 1), &engine.Output{}
	c.Flush(out)
	out.Reset()
	askAll(b, c, append([]byte(serverSettings+settingsAck), in.begin...), out)
	b.ReportAllocs()
	for b.Loop() {
		askOne(b, c, in.play(), out)
	}
}

// askAll sends the requests whose answers fill the table.
func askAll(t testing.TB, c *h2.ClientConn, in []byte, out *engine.Output) {
	for range 4 {
		id, err := c.Request(out, getRequest, 0)
		if err == nil {
			err = c.End(out, id, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for {
		var ev engine.Event
		if in = in[c.Next(1, in, &ev):]; ev.Kind == engine.NoEvent {
			break
		} else if ev.Kind == engine.Fault {
			t.Fatalf("%+v", ev.Err)
		}
	}
	c.Flush(out)
	out.Reset()
}

func BenchmarkServerUpload(b *testing.B) {
	const piece = 16 << 10
	s, out := h2.NewServer(engine.Limits{}, 1), &engine.Output{}
	post := tapeOf("", 0, hpack.Field{Name: ":method", Value: "POST"}, hpack.Field{Name: ":scheme", Value: "https"},
		hpack.Field{Name: ":authority", Value: "a"}, hpack.Field{Name: ":path", Value: "/"})
	serveAll(b, s, []byte(clientPreface), out)
	serveAll(b, s, append([]byte(settingsAck+bigWindow), post.begin...), out)
	id := byte(post.next)
	head := post.play()
	head[4] = 4 // not END_STREAM
	var ev engine.Event
	if s.Next(1, head, &ev); ev.Kind != engine.Request {
		b.Fatalf("%+v", ev)
	}
	data := append([]byte{0, piece >> 8, 0, 0, 0, 0, 0, 0, id}, make([]byte, piece)...)
	b.SetBytes(piece)
	b.ReportAllocs()
	for b.Loop() {
		for in := data; len(in) > 0; {
			ev = engine.Event{}
			in = in[s.Next(1, in, &ev):]
			if ev.Kind != engine.Data {
				b.Fatalf("%+v", ev)
			}
			s.Consumed(1, ev.Stream, len(ev.Data))
		}
		s.Flush(out)
		out.Reset()
	}
}
