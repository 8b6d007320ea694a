package h2_test

import (
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// A connection that is to end before the client's preface has come still answers the request that has upgraded it.
func TestShutdownOfAnUpgradedConnectionWaitsForItsRequest(t *testing.T) {
	s := h2.NewServerUpgraded(engine.Limits{}, 1, &semantics.Request{Method: "GET", Fields: semantics.FieldsOf("HTTP2-Settings", "")})
	var (
		out engine.Output
		ev  engine.Event
	)
	if s.Next(1, nil, &ev); ev.Kind != engine.Request || ev.Stream != 1 {
		t.Fatalf("told %v", ev.Kind)
	}
	s.Shutdown(&out)
	if s.State() != engine.Open {
		t.Fatal("closed before the request was answered")
	}
	in := frame([]byte(prefaceText), 4, 0, 0)
	in = frame(in, 6, 1, 0, []byte("paf part")...)
	ev = engine.Event{}
	if n := s.Next(1, in, &ev); n != len(in) || ev.Kind != engine.NoEvent {
		t.Fatalf("%d of %d bytes taken, told %v %v", n, len(in), ev.Kind, ev.Err)
	}
	answer(s, &out, 1)
	s.Flush(&out)
	lines := newFrames().Write(out.Buf)
	want := []string{
		"GOAWAY 2147483647 NO_ERROR", "PING | paf part", "GOAWAY 1 NO_ERROR",
		"HEADERS 1 | :status: 200 | content-length: 2", "DATA 1 END_STREAM | ok",
	}
	for _, w := range want {
		found := false
		for _, l := range lines {
			found = found || l == w
		}
		if !found {
			t.Errorf("%q was not sent: %q", w, lines)
		}
	}
	if s.State() != engine.Closed {
		t.Error("not closed after its last response")
	}
}
