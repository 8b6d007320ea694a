package h2

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// roundMax is how much content is laid out before the loop must have written it: what is more urgent and comes
// later does not wait for longer than that takes.
const roundMax = 128 << 10

// window is how much the peer lets us send on the connection (Section 5.2), and who waits for it.
type window struct {
	size     int
	waiting  []*stream // streams whose Data took less than it was given
	promised int       // to those that Ready has named since the last Flush
	turns    uint32    // how often a stream has been named
}

// streamWindow is the same for a stream.
type streamWindow struct {
	size   int32          // less than 0 when the peer has changed its mind
	wanted int32          // how much was left over, if it waits
	turn   uint32         // when it was last named
	taken  int32          // while it was waiting: see since
	since  engine.Instant // since when it has been getting less than stallBytes; 0: from the next wait on
	spent  engine.Instant // how long it had when it last left: a response in small pieces waits many times
}

// stallBytes is how much a peer must take of a waiting stream within StallTimeout.
const stallBytes = 16 << 10

// An urgency is what a Priority field says (RFC 9218, Section 4).
type urgency struct {
	level       uint8 // 0 to 7, the lower the more urgent
	incremental bool  // parts of it are of use: streams of the same urgency take turns
}

// usual is the urgency of what says nothing.
var usual = urgency{level: 3}

// parsePriority reads a Priority field: a dictionary of structured fields (RFC 9651) of which only u and i matter, and "fails
// to parse" means that it is ignored.
func parsePriority(v string) urgency {
	first := usual
	if v == "" {
		return first
	}
	for member := range semantics.Members(v) {
		key, value, given := cutByte(member, '=')
		value, _, _ = cutByte(value, ';')
		switch key {
		case "u":
			if given && len(value) == 1 && '0' <= value[0] && value[0] <= '7' {
				first.level = value[0] - '0'
			}
		case "i":
			first.incremental = !given || value == "?1"
		}
	}
	return first
}

func cutByte(s string, b byte) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		if s[i] == b {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func (w *window) init() { w.size = initialWindow }

// room returns how much of want may be laid out now.
func (c *conn) room(out *engine.Output, s *stream, want int) int {
	n := min(want, int(s.window.size), c.window.size, roundMax-out.Len())
	if n <= 0 || c.window.outranks(s) {
		return 0
	}
	return n
}

// outranks reports whether a stream waits, and could be served, that is more urgent than s.
func (w *window) outranks(s *stream) bool {
	for _, other := range w.waiting {
		if other != s && other.first.level < s.first.level && other.window.size > 0 {
			return true
		}
	}
	return false
}

// wait notes that a stream has more to send than it may.
func (c *conn) wait(s *stream, wanted int) {
	w := &s.window
	w.wanted, s.named = int32(min(wanted, maxWindow)), false
	if !s.waiting {
		s.waiting = true
		c.window.waiting = append(c.window.waiting, s)
	}
	if c.stalls(s) {
		c.timers.due = 0
	}
}

// stalls reports whether a stream waits for the peer. In a tunnel that may take as long as it likes, as it may on HTTP/1.
func (c *conn) stalls(s *stream) bool {
	return s.waiting && !s.tunnel && (s.window.size <= 0 || c.window.size <= 0)
}

// sent notes what has been laid out of a stream.
func (c *conn) sent(s *stream, n, wanted int) {
	s.window.size -= int32(n)
	c.window.size -= n
	c.flood.sentData(n)
	c.flood.pings.used = max(0, c.flood.pings.used-1-n>>14) // it may time each frame, as gRPC does to learn how much is on its way
	if c.window.size <= 0 {
		c.timers.due = 0 // whoever has waited for a turn waits for the peer now
	}
	w := &s.window
	if w.taken += int32(n); w.taken >= stallBytes {
		w.since, w.spent, w.taken = 0, 0, 0
	}
	if n == wanted {
		c.window.leave(s, c.now)
		return
	}
	c.wait(s, wanted-n)
}

// leave takes a stream out of those that wait.
func (w *window) leave(s *stream, now engine.Instant) {
	if !s.waiting {
		return
	}
	s.waiting = false
	if s.window.since != 0 {
		s.window.spent, s.window.since = max(s.window.spent, now-s.window.since), 0
	}
	for i, other := range w.waiting {
		if other == s {
			last := len(w.waiting) - 1
			w.waiting[i] = w.waiting[last]
			w.waiting[last] = nil
			w.waiting = w.waiting[:last]
			return
		}
	}
}

// Ready implements engine.Multiplexed.
func (c *conn) Ready(out *engine.Output) engine.StreamID {
	w := &c.window
	if len(w.waiting) == 0 || w.size <= 0 || out.Len()+w.promised >= roundMax {
		return 0
	}
	var best *stream
	for _, s := range w.waiting {
		if s.window.size > 0 && !s.named && (best == nil || s.before(best)) {
			best = s
		}
	}
	if best == nil {
		return 0
	}
	w.turns++
	w.promised += int(min(best.window.size, best.window.wanted))
	best.named, best.window.turn = true, w.turns
	return best.id
}

// before reports whether s is to be served before other (RFC 9218, Section 10): the more urgent first, those of one
// urgency "in the order their responses are requested", and incremental ones by turns.
func (s *stream) before(other *stream) bool {
	switch {
	case s.first.level != other.first.level:
		return s.first.level < other.first.level
	case s.first.incremental || other.first.incremental:
		return int32(s.window.turn-other.window.turn) < 0
	}
	return s.id < other.id
}

// newRound is called when what has been laid out is about to be written.
func (w *window) newRound() {
	w.promised = 0
	for _, s := range w.waiting {
		s.named = false
	}
}
