package h2_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// An end is one of two engines that talk to each other.
type end struct {
	eng engine.Engine
	in  []byte
	out engine.Output
}

// step lets an end read what has come, and returns the next event, or nil after it has said all it has to.
func (e *end) step(to *end) *engine.Event {
	ev := &engine.Event{}
	n := e.eng.Next(1, e.in, ev)
	data := bytes.Clone(ev.Data)
	e.in = e.in[n:]
	ev.Data = data
	if ev.Kind != engine.NoEvent {
		return ev
	}
	e.flush(to)
	return nil
}

func (e *end) flush(to *end) {
	e.eng.Flush(&e.out)
	to.in = append(to.in, bytes.Join(e.out.AppendTo(nil), nil)...)
	e.out.Reset()
}

func get(path string) *semantics.Request {
	return &semantics.Request{Method: "GET", Target: semantics.Target{Scheme: "https", Authority: "a.example", Path: path},
		Fields: semantics.FieldsOf("User-Agent", "test", "accept", "*/*")}
}

// Many exchanges at once, whose responses are larger than all windows.
func TestClientAndServerUnderstandEachOther(t *testing.T) {
	c, s := h2.NewClient(engine.Limits{}, 1), h2.NewServer(engine.Limits{}, 1)
	ce, se := &end{eng: c}, &end{eng: s}
	const exchanges, size = 20, 300 << 10
	body := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	got := map[engine.StreamID]*bytes.Buffer{}
	ended := 0
	left := map[engine.StreamID][]byte{}
	for i := range exchanges {
		id, err := c.Request(&ce.out, get(fmt.Sprint("/", i)), 0)
		if err == nil {
			err = c.End(&ce.out, id, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		got[id] = &bytes.Buffer{}
	}
	ce.flush(se)
	push := func(id engine.StreamID) {
		for len(left[id]) > 0 {
			n, err := s.Data(&se.out, id, left[id])
			if err != nil {
				t.Fatal(err)
			}
			if left[id] = left[id][n:]; n == 0 {
				return
			}
		}
		if err := s.End(&se.out, id, nil); err != nil {
			t.Fatal(err)
		}
	}
	for round := 0; ended < exchanges; round++ {
		if round > 10000 {
			t.Fatalf("%d exchanges have ended", ended)
		}
		for ev := se.step(ce); ev != nil; ev = se.step(ce) {
			switch ev.Kind {
			case engine.Request:
				if err := s.Respond(&se.out, ev.Stream, &semantics.Response{Status: 200, Fields: semantics.FieldsOf("Content-Type", "text/plain")}, size); err != nil {
					t.Fatal(err)
				}
				left[ev.Stream] = body
				push(ev.Stream)
			default:
				t.Fatalf("server: %v %v", ev.Kind, ev.Err)
			}
		}
		for id := s.Ready(&se.out); id != 0; id = s.Ready(&se.out) {
			push(id)
		}
		se.flush(ce)
		for ev := ce.step(se); ev != nil; ev = ce.step(se) {
			switch ev.Kind {
			case engine.Response:
				if ev.Response.Status != 200 || ev.Length != size || ev.Response.Fields.Get("Content-Type") != "text/plain" {
					t.Errorf("%+v", ev)
				}
			case engine.Data:
				got[ev.Stream].Write(ev.Data)
				c.Consumed(1, ev.Stream, len(ev.Data))
			case engine.End:
				ended++
			default:
				t.Fatalf("client: %v %v", ev.Kind, ev.Err)
			}
		}
		ce.flush(se)
	}
	for id, b := range got {
		if !bytes.Equal(b.Bytes(), body) {
			t.Errorf("stream %d: %d bytes", id, b.Len())
		}
	}
	if c.Streams() != 0 || s.Streams() != 0 {
		t.Errorf("%d and %d streams are left", c.Streams(), s.Streams())
	}
	s.Shutdown(&se.out)
	se.flush(ce)
	for range 4 {
		for ce.step(se) != nil {
		}
		for se.step(ce) != nil {
		}
	}
	// The client has nothing more to do and closes; so does the server then.
	if c.State() != engine.Closed {
		t.Error("the client stays after GOAWAY")
	}
	s.EOF(1, true)
	if ev := se.step(ce); ev != nil || s.State() != engine.Closed {
		t.Errorf("server %v after a shutdown", s.State())
	}
}
