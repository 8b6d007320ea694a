package h2

import (
	"encoding/binary"
	"time"

	"github.com/paf-go/paf/engine"
)

// leaving is what we know of the end of the connection.
type leaving struct {
	asked  bool            // Shutdown has been called
	warned engine.Instant  // when the first GOAWAY was sent
	said   engine.StreamID // the last that we process, once we have said so
	last   engine.StreamID // and the peer
	heard  bool
}

// partTime is how long a server waits between its two GOAWAYs if the peer does not answer its PING:
// "at least one round-trip time" (Section 6.8).
const partTime = time.Second

// Shutdown implements engine.Engine. A server says GOAWAY twice: the first with the greatest identifier, so
// that requests which are on their way are still served, the second after a PING has come back.
func (c *conn) Shutdown(out *engine.Output) {
	c.begin(out)
	c.leaving.asked = true
	switch {
	case c.role == server && c.life == running:
		c.warn()
	case c.role == server && len(c.streams) > 0:
		// Upgraded: what the client has to say first is on its way, and is waited for.
	case c.life <= running:
		c.part()
	}
}

// warn says the first GOAWAY.
func (c *conn) warn() {
	c.pending = appendGoAway(c.pending, maxStream, NoError)
	c.pending = appendPing(c.pending, 0, partingPing)
	c.leaving.warned = c.now
	c.turn(warn)
}

// part says the last GOAWAY.
func (c *conn) part() {
	c.leaving.said = c.lastPeer
	c.pending = appendGoAway(c.pending, c.leaving.said, NoError)
	c.turn(part)
	c.leave()
}

// lastProcessed returns what a GOAWAY may say now: no more than one before (Section 6.8).
func (c *conn) lastProcessed() engine.StreamID {
	if c.life == parted {
		return c.leaving.said
	}
	return c.lastPeer
}

// leave closes a connection that has nothing left to do.
func (c *conn) leave() {
	if c.life == parted && len(c.streams) == 0 {
		c.turn(finish)
	}
}

// takeGoAway deals with GOAWAY (Section 6.8). Streams of a client that the server will not process are told as
// refused, so that they can be sent again on another connection.
func (c *conn) takeGoAway(payload []byte, ev *engine.Event) {
	last := engine.StreamID(binary.BigEndian.Uint32(payload) & maxStream)
	code := engine.Code(binary.BigEndian.Uint32(payload[4:]))
	switch {
	case c.leaving.heard && last > c.leaving.last:
		// "Endpoints MUST NOT increase the value they send in the last stream identifier".
		c.fault(ev, ruleGoAwayGrows, "")
		return
	case c.leaving.heard && !c.spend(ev, &c.flood.unknown, c.limits.UnknownFrames, ruleFloodUnknown):
		return // what says nothing new is as good as unknown
	}
	c.leaving.heard, c.leaving.last = true, last
	if c.role == client {
		for _, s := range c.inOrder() {
			if s.id > last && !s.state.over() {
				c.note(s.id, ruleRefused)
			}
		}
	}
	switch {
	case code != NoError && len(c.streams) == 0:
		c.turn(finish)
	case c.role == server && c.life != parted:
		c.part() // so that a client which asks for more all the same knows what becomes of that
	default:
		c.turn(part)
		c.leave()
	}
}
