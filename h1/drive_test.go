package h1_test

import (
	"bytes"
	"testing"

	"github.com/paf-go/paf/engine"
)

// A drive shows an engine its input in pieces and hands on what it tells.
type drive struct {
	t       testing.TB
	eng     engine.Engine
	now     engine.Instant
	pending []byte
	out     engine.Output
	onEvent func(ev *engine.Event)
}

// feed shows the input in pieces of the sizes that cut returns.
func (d *drive) feed(in []byte, cut func() int) {
	for len(in) > 0 {
		n := min(len(in), max(1, cut()))
		d.pending = append(d.pending, in[:n]...)
		in = in[n:]
		d.pump()
	}
}

// pump asks for events until there is none. The engine sees a copy of the input, without
// spare capacity, which is overwritten as soon as the event has been looked at.
func (d *drive) pump() {
	for range 1 << 20 {
		shown := bytes.Clone(d.pending)
		var ev engine.Event
		n := d.eng.Next(d.now, shown, &ev)
		if n < 0 || n > len(shown) {
			d.t.Fatalf("Next consumed %d of %d bytes", n, len(shown))
		}
		d.pending = d.pending[n:]
		ev.Data = bytes.Clone(ev.Data)
		for i := range shown {
			shown[i] = 0xee
		}
		switch {
		case ev.Kind == engine.NoEvent:
			return
		case ev.Kind == engine.Data && len(ev.Data) == 0:
			d.t.Fatal("a Data event without data")
		case ev.Kind == engine.Fault && (ev.Err.Blame != engine.Peer || ev.Err.Rule == ""):
			d.t.Fatalf("a peer's fault as %+v", ev.Err)
		}
		d.onEvent(&ev)
	}
	d.t.Fatal("events without end")
}

// bySize returns a cut that takes n bytes at a time.
func bySize(n int) func() int { return func() int { return n } }

// bySeed returns a cut that takes from 1 to 16 bytes, by a simple generator.
func bySeed(seed uint64) func() int {
	return func() int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return 1 + int(seed>>60)
	}
}
