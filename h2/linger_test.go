package h2_test

import (
	"testing"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// A client has a second to read its answer before its request is reset, though nothing have come since a slow handler was called: the engine
// is told the time when it is waited for something, and not when it is given a response.
func TestTheTimeForARequestThatWasAnsweredCountsFromTheAnswer(t *testing.T) {
	const post = "\x00\x00\x06\x01\x04\x00\x00\x00\x01" + "\x83\x86\x84\x41\x01a" // HEADERS, from the static table (RFC 7541, Appendix A)
	s := h2.NewServer(engine.Limits{HeadTimeout: time.Hour, ContentTimeout: time.Hour}, 1)
	in := []byte(prefaceText + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + post)
	var ev engine.Event
	for len(in) > 0 {
		ev = engine.Event{}
		in = in[s.Next(1, in, &ev):]
	}
	if ev.Kind != engine.Request || s.Deadline(1) == 0 {
		t.Fatalf("%+v", ev)
	}
	var out engine.Output
	if err := s.Respond(&out, ev.Stream, &semantics.Response{Status: 413}, 0); err != nil {
		t.Fatal(err)
	}
	s.Reset(&out, ev.Stream, 0)
	now := engine.Instant(1).After(5 * time.Second)
	if due := s.Deadline(now); due != now.After(time.Second) {
		t.Errorf("%v after the answer", time.Duration(due-now))
	}
}
