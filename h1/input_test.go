package h1_test

import (
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
)

// A loop shows what was not consumed again, with more behind it. One that shows less than
// before breaks that promise, and must not break the engine.
func TestInputThatShrinksIsScannedAnew(t *testing.T) {
	const text = "GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + "0123456789" + "\r\n\r\n"
	s := h1.NewServer(engine.Limits{}, second)
	for _, n := range []int{len(text) - 3, 20, 0, 5, len(text) - 1} {
		var ev engine.Event
		if got := s.Next(second, []byte(text[:n]), &ev); got != 0 || ev.Kind != engine.NoEvent {
			t.Fatalf("%d bytes: %d consumed, %v", n, got, ev.Kind)
		}
	}
	var ev engine.Event
	if got := s.Next(second, []byte(text), &ev); got != len(text) || ev.Kind != engine.Request || ev.Request.Fields.Get("x-long") != "0123456789" {
		t.Fatalf("%d consumed, %v %v", got, ev.Kind, ev.Err)
	}
}

// BenchmarkServerHeadByteByByte shows that a head is read once, however it comes.
func BenchmarkServerHeadByteByByte(b *testing.B) {
	in := []byte("GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 32<<10) + "\r\n\r\n")
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		s := h1.NewServer(engine.Limits{}, second)
		for n := 1; n <= len(in); n++ {
			var ev engine.Event
			s.Next(second, in[:n], &ev)
		}
	}
}
