package h2_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// many is how many streams end one after the other: more than an engine remembers.
const many = 200

// A client that has abandoned many requests takes what was under way to it, however late.
func TestLateResponsesToAbandonedRequestsAreIgnored(t *testing.T) {
	c := h2.NewClient(engine.Limits{}, 1)
	var out engine.Output
	next(t, c, frame(nil, 4, 0, 0))
	for range many {
		id, err := c.Request(&out, get("/"), 0)
		if err == nil {
			err = c.End(&out, id, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Reset(&out, id, 0)
	}
	for id := uint32(1); id < 2*many; id += 2 {
		in := frame(nil, 1, 4, id, fieldBlock(":status", "200")...)
		in = frame(in, 0, 1, id, 'x')
		for len(in) > 0 {
			in = in[next(t, c, in):]
		}
	}
	if c.State() != engine.Open {
		t.Error("closed")
	}
}

// So does a server that has answered many uploads early: what is still under way of them is no flood.
func TestLateContentOfRequestsThatWereAnsweredIsIgnored(t *testing.T) {
	s := h2.NewServer(engine.Limits{}, 1)
	var out engine.Output
	hello := frame([]byte(prefaceText), 4, 0, 0)
	for len(hello) > 0 {
		hello = hello[next(t, s, hello):]
	}
	for id := uint32(1); id < 2*many; id += 2 {
		next(t, s, frame(nil, 1, 4, id, head()...))
		answer(s, &out, engine.StreamID(id))
		s.Reset(&out, engine.StreamID(id), 0)
	}
	for range 3 {
		for id := uint32(1); id < 2*many; id += 2 {
			in := frame(nil, 0, 0, id, 'x')
			in = frame(in, 8, 0, id, 0, 0, 0, 1)
			for len(in) > 0 {
				in = in[next(t, s, in):]
			}
		}
	}
	for id := uint32(1); id < 2*many; id += 2 {
		next(t, s, frame(nil, 1, 5, id, fieldBlock("x-sum", "1")...))
	}
	if s.State() != engine.Open {
		t.Error("closed")
	}
}

// next shows input to an engine that finds no fault with it, and returns how much was taken.
func next(t *testing.T, eng engine.Engine, in []byte) int {
	t.Helper()
	var ev engine.Event
	n := eng.Next(1, in, &ev)
	if ev.Kind == engine.Fault {
		t.Fatal(fmt.Sprint(ev.Stream), ev.Err)
	}
	if n == 0 && ev.Kind == engine.NoEvent {
		t.Fatalf("%x is not taken", in)
	}
	return n
}

// What a command says comes behind what the engine has to say, above all the acknowledgment of the settings that the command
// obeys (RFC 9113, Section 6.5.3: "MUST immediately emit a SETTINGS frame with the ACK flag set").
func TestSettingsAreAcknowledgedBeforeTheyAreMadeUseOf(t *testing.T) {
	s := h2.NewServer(engine.Limits{}, 1)
	var out engine.Output
	in := frame([]byte(prefaceText), 4, 0, 0, 0, 4, 0, 0, 0, 1) // INITIAL_WINDOW_SIZE = 1
	in = frame(in, 1, 5, 1, head()...)
	for len(in) > 0 {
		in = in[next(t, s, in):]
	}
	if err := s.Respond(&out, 1, &semantics.Response{Status: 200}, -1); err != nil {
		t.Fatal(err)
	}
	next(t, s, frame(nil, 4, 0, 0, 0, 4, 0, 0, 0, 9))
	if n, err := s.Data(&out, 1, []byte("more than")); n != 9 || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	got := newFrames().Write(out.Buf)
	if k := slices.Index(got, "DATA 1 | more than"); k < 1 || got[k-1] != "SETTINGS ACK" {
		t.Errorf("sent %q", got)
	}
}
