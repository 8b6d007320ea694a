package h2_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// asked starts a server with a stream for each Priority field given, whose responses wait: the client's windows are shut.
// It returns the server and a function that shows it more frames.
func asked(t *testing.T, priorities ...string) (*h2.ServerConn, func(frames ...[]byte)) {
	t.Helper()
	s := h2.NewServer(engine.Limits{}, 1)
	var out engine.Output
	show := func(frames ...[]byte) {
		for _, in := range frames {
			for len(in) > 0 {
				var ev engine.Event
				n := s.Next(1, in, &ev)
				in = in[n:]
				if ev.Kind == engine.Fault {
					t.Fatal(ev.Err)
				}
				if ev.Kind == engine.Request {
					if err := s.Respond(&out, ev.Stream, &semantics.Response{Status: 200}, -1); err != nil {
						t.Fatal(err)
					}
					if n, err := s.Data(&out, ev.Stream, make([]byte, 1000)); n != 0 || err != nil {
						t.Fatalf("%d bytes went through a window that is shut, %v", n, err)
					}
				}
				if n == 0 && ev.Kind == engine.NoEvent {
					t.Fatal("a frame was not read")
				}
			}
		}
	}
	show(frame([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 4, 0, 0, 0, 4, 0, 0, 0, 0)) // INITIAL_WINDOW_SIZE = 0
	for i, p := range priorities {
		lines := []string{"priority", p}
		if p == "" {
			lines = nil
		}
		show(frame(nil, 1, 5, uint32(2*i+1), head(lines...)...))
	}
	return s, show
}

// open is WINDOW_UPDATE of a thousand bytes for each stream.
func open(streams ...uint32) (frames [][]byte) {
	for _, id := range streams {
		frames = append(frames, frame(nil, 8, 0, id, 0, 0, 3, 0xe8))
	}
	return frames
}

// order asks who may write, until nobody may.
func order(s *h2.ServerConn) (ids []engine.StreamID) {
	var out engine.Output
	s.Flush(&out)
	out.Reset()
	for id := s.Ready(&out); id != 0; id = s.Ready(&out) {
		ids = append(ids, id)
	}
	return ids
}

// RFC 9218: the more urgent first, of one urgency in the order of the requests; what says nothing has the urgency 3, and
// what cannot be read says nothing.
func TestUrgencyDecidesWhoWrites(t *testing.T) {
	for _, c := range []struct {
		priorities []string
		want       []engine.StreamID
	}{
		{[]string{"u=5", "", "u=0", "u=3"}, []engine.StreamID{5, 3, 7, 1}},
		{[]string{"u=7", "u=6", "u=5", "u=4"}, []engine.StreamID{7, 5, 3, 1}},
		{[]string{"u=9", "u=x", "u=2;q=1", "i"}, []engine.StreamID{5, 1, 3, 7}},
		{[]string{"", "", "", ""}, []engine.StreamID{1, 3, 5, 7}},
	} {
		s, show := asked(t, c.priorities...)
		if got := order(s); len(got) != 0 {
			t.Errorf("%q: %v may write though all windows are shut", c.priorities, got)
		}
		show(open(7, 5, 3, 1)...)
		if got := order(s); !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, not %v", c.priorities, got, c.want)
		}
	}
}

func TestPriorityUpdateChangesTheOrder(t *testing.T) {
	s, show := asked(t, "u=1", "u=2", "u=3")
	show(open(1, 3, 5)...)
	show(frame(nil, 0x10, 0, 0, append([]byte{0, 0, 0, 5}, "u=0"...)...))
	show(frame(nil, 0x10, 0, 0, append([]byte{0, 0, 0, 1}, "u=7, i"...)...))
	if got, want := order(s), []engine.StreamID{5, 3, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// turns lets whoever's turn it is send a little of much, so many times, and returns how often it was whose.
func turns(t *testing.T, s *h2.ServerConn, show func(frames ...[]byte), times int, streams ...uint32) string {
	t.Helper()
	served := map[engine.StreamID]int{}
	for range times {
		show(open(streams...)...)
		var out engine.Output
		s.Flush(&out)
		out.Reset()
		id := s.Ready(&out)
		if n, err := s.Data(&out, id, make([]byte, 100)); n != 100 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		served[id]++
		if _, err := s.Data(&out, id, make([]byte, 1<<20)); err != nil { // it has more
			t.Fatal(err)
		}
	}
	return fmt.Sprint(served)
}

// RFC 9218, Section 10: incremental responses of one urgency take turns.
func TestIncrementalStreamsTakeTurns(t *testing.T) {
	s, show := asked(t, "i", "i", "i")
	if served := turns(t, s, show, 12, 1, 3, 5); served != "map[1:4 3:4 5:4]" {
		t.Errorf("served %v", served)
	}
}

// What is less urgent does not write while something more urgent could.
func TestTheLessUrgentWaits(t *testing.T) {
	s, show := asked(t, "u=0", "u=7")
	show(open(1, 3)...)
	var out engine.Output
	if n, err := s.Data(&out, 3, make([]byte, 10)); n != 0 || err != nil {
		t.Errorf("the less urgent wrote %d bytes, %v", n, err)
	}
	if n, err := s.Data(&out, 1, make([]byte, 10)); n != 10 || err != nil {
		t.Errorf("the more urgent wrote %d bytes, %v", n, err)
	}
	if n, err := s.Data(&out, 3, make([]byte, 10)); n != 10 || err != nil {
		t.Errorf("then the less urgent wrote %d bytes, %v", n, err)
	}
}

// One whose handler has given up holds up nobody.
func TestTheMoreUrgentThatGivesUpHoldsUpNobody(t *testing.T) {
	s, show := asked(t, "u=0", "u=7")
	show(open(1, 3)...)
	var out engine.Output
	if n, err := s.Data(&out, 3, make([]byte, 10)); n != 0 || err != nil {
		t.Fatalf("the less urgent wrote %d bytes, %v", n, err)
	}
	if n, err := s.Data(&out, 1, nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := s.Data(&out, 3, make([]byte, 10)); n != 10 || err != nil {
		t.Errorf("the less urgent wrote %d bytes, %v", n, err)
	}
}

// Beside one that is not incremental an incremental stream of the same urgency takes its turns too.
func TestIncrementalAndOtherStreamsTakeTurns(t *testing.T) {
	s, show := asked(t, "", "i")
	if served := turns(t, s, show, 10, 1, 3); served != "map[1:5 3:5]" {
		t.Errorf("served %v", served)
	}
}

// No more is laid out than is written at once, so that what is more urgent and comes later does not wait for long; nor are
// more streams told to write than find room.
func TestLittleIsLaidOutAhead(t *testing.T) {
	s, show := asked(t, "", "", "")
	show(frame(nil, 8, 0, 0, 0, 0x10, 0, 0), frame(nil, 4, 0, 0, 0, 4, 0, 0x10, 0, 0)) // a MiB more for all, and for each
	var out engine.Output
	s.Flush(&out)
	out.Reset()
	for _, id := range []engine.StreamID{1, 3, 5} { // each wants more than a round holds
		_, _ = s.Data(&out, id, make([]byte, 200<<10))
	}
	if n := out.Len(); n > 128<<10+100 {
		t.Errorf("%d bytes were laid out", n)
	}
	if id := s.Ready(&out); id != 0 {
		t.Errorf("stream %d is to write though there is no room", id)
	}
	out.Reset()
	// The first has 72 KiB left, the second has more than what remains of the round.
	if got := order(s); !slices.Equal(got, []engine.StreamID{1, 3}) {
		t.Errorf("%v are to write into one round", got)
	}
}
