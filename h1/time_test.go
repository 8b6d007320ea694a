package h1_test

import (
	"testing"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
)

const second = engine.Instant(time.Second)

// A loop may be woken by its deadline and find that what it waited for has come after all.
func TestWhatHasComeBeatsALateTick(t *testing.T) {
	const head, content = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "hello"
	s := h1.NewServer(engine.Limits{}, second)
	next := func(now engine.Instant, in string, want engine.Kind) {
		t.Helper()
		var ev engine.Event
		s.Next(now, []byte(in), &ev)
		if ev.Kind != want {
			t.Fatalf("%q is told as %v, not %v: %v", in, ev.Kind, want, ev.Err)
		}
	}
	next(second, head[:10], engine.NoEvent)
	due := s.Deadline(second)
	s.Tick(due)
	next(due, head, engine.Request)
	next(due, "", engine.NoEvent)
	due = s.Deadline(due)
	s.Tick(due)
	next(due, content, engine.Data)
	next(due, "", engine.End)
}

func TestTickAfterTheDeadlineIsAFault(t *testing.T) {
	s := h1.NewServer(engine.Limits{HeadTimeout: time.Minute}, second)
	var ev engine.Event
	s.Next(second, []byte("GET"), &ev)
	due := s.Deadline(second)
	if due != second+60*second {
		t.Fatalf("a head is due at %v", due)
	}
	s.Tick(due - 1)
	if s.Next(due-1, []byte("GET"), &ev); ev.Kind != engine.NoEvent {
		t.Fatalf("%v before the deadline", ev.Kind)
	}
	s.Tick(due)
	if s.Next(due, []byte("GET"), &ev); ev.Kind != engine.Fault || ev.Err.Status != 408 || !ev.Err.Timeout() {
		t.Fatalf("%v %v at the deadline", ev.Kind, ev.Err)
	}
}
