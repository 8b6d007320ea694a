package h2

import (
	"cmp"
	"maps"
	"slices"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A stream is one exchange. There may be very many of them that do nothing but wait: it takes 128 bytes, and windows fit into 31 bits.
type stream struct {
	id     engine.StreamID
	state  state
	told   bool    // the application knows of it, and must end it
	done   bool    // it has
	deaf   bool    // what the peer still sends on it is thrown away
	method special // of the request
	headed bool    // the head of the peer's message has come
	begun  bool    // that of ours has been sent
	silent bool    // content is counted and not sent
	tunnel bool    // what goes both ways is not HTTP's
	owes   bool    // it is among those whose peer is owed credit
	first  urgency

	// What the peer sends.
	interims int32
	credit   streamCredit
	waiting  bool           // to send: for its turn, or for the peer
	named    bool           // by Ready, since the last Flush
	lingers  bool           // linger has been called
	left     int64          // content that its Content-Length announces and has not come; -1: not announced
	got      int64          // content that has come
	since    engine.Instant // since when its message has made too little progress; 0: it does not have to
	arrived  int64          // content that has come since
	held     engine.Instant // since when that clock stands still, for there is content that nobody has consumed; 0: it runs
	asked    engine.Instant // since when the response (client), or the end of a request that lingers (server), is waited for; 0: from the next wait on

	// What we send.
	rest   int64 // content that was declared and not given; -1: not declared
	window streamWindow
}

// A special method is one that says how a message is framed.
type special uint8

const (
	noSpecial special = iota
	headMethod
	connectMethod
)

func specialOf(method string) special {
	switch method {
	case semantics.MethodHead:
		return headMethod
	case semantics.MethodConnect:
		return connectMethod
	}
	return noSpecial
}

// opens reports whether a response makes a tunnel of the stream (Section 8.5; RFC 8441, Section 5). What goes through it is framed by DATA
// alone, and how long it takes is not ours to say.
func (s *stream) opens(status int) bool {
	return s.method == connectMethod && semantics.Successful(status)
}

// opaque reports whether what comes on the stream is, or may turn out to be, no content of HTTP.
func (s *stream) opaque() bool { return s.tunnel || s.method == connectMethod && !s.begun }

// open makes a stream whose HEADERS have come, or are sent.
func (c *conn) open(id engine.StreamID) *stream {
	var s *stream
	if n := len(c.free); n > 0 {
		s, c.free = c.free[n-1], c.free[:n-1]
	} else {
		s = &stream{}
	}
	*s = stream{id: id, state: open, left: -1, rest: -1, first: usual}
	s.credit.open(c)
	s.window.size = int32(c.peer.initialWindow)
	c.streams[id], c.hot = s, s
	return s
}

// stream returns a stream, nil if there is none. Mostly it is the one that was asked for before.
func (c *conn) stream(id engine.StreamID) *stream {
	if c.hot != nil && c.hot.id == id {
		return c.hot
	}
	s := c.streams[id]
	if s != nil {
		c.hot = s
	}
	return s
}

// settle forgets a stream when both sides of the wire and the application are done with it.
func (c *conn) settle(s *stream) {
	if !s.state.over() {
		return
	}
	c.window.leave(s, c.now) // at once: nothing more can be sent, and others must not wait for a handler to notice
	if s.told && !s.done || c.stream(s.id) != s {
		return
	}
	c.loseData(s)
	c.credit.close(s)
	delete(c.streams, s.id)
	c.hot = nil
	c.past.add(s.id, s.state)
	if len(c.free) < freeStreams {
		c.free = append(c.free, s)
	}
	if len(c.streams) == 0 {
		c.timers.idle = 0 // from the next wait on
		c.timers.due, c.timers.fresh = 0, c.timers.fresh[:0]
		if c.life == parted {
			c.turn(finish)
		}
	}
}

// freeStreams is how many streams a connection keeps for use by later ones.
const freeStreams = 32

// inOrder returns the streams that there are, the first one first.
func (c *conn) inOrder() []*stream {
	all := slices.Collect(maps.Values(c.streams))
	slices.SortFunc(all, func(a, b *stream) int { return cmp.Compare(a.id, b.id) })
	return all
}

// A history remembers how the latest streams have ended, for what may still come on them depends on that.
type history struct {
	ids       [historySize]engine.StreamID
	states    [historySize]state
	at        int
	forgotten engine.StreamID // the greatest of those before
}

const historySize = 64

func (h *history) add(id engine.StreamID, s state) {
	h.forgotten = max(h.forgotten, h.ids[h.at])
	h.ids[h.at], h.states[h.at] = id, s
	h.at = (h.at + 1) % historySize
}

// stateOf returns the state of any stream. known is false for one that was passed over. One that was closed so long ago
// that nobody remembers how is taken for one that we have reset, on which anything may come.
func (c *conn) stateOf(id engine.StreamID) (st state, known bool) {
	if s := c.stream(id); s != nil {
		return s.state, true
	}
	if last := c.last(id); id > last {
		return idle, true
	}
	for i, past := range c.past.ids {
		if past == id {
			return c.past.states[i], true
		}
	}
	if id <= c.past.forgotten {
		return aborted, true
	}
	return cancelled, false
}

// last returns the greatest identifier that whoever opens streams such as id has used.
func (c *conn) last(id engine.StreamID) engine.StreamID {
	if (id%2 == 1) == (c.role == server) {
		return c.lastPeer
	}
	return c.lastOwn
}
