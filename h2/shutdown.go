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
	last   engine.StreamID // the last that the peer will process, once it has said so
	heard  bool
}

// partTime is how long a server waits between its two GOAWAYs if the peer does not answer its PING:
// "at least one round-trip time" (Section 6.8).
const partTime = time.Second

// Shutdown implements engine.Engine. A server says GOAWAY twice: the first with the greatest identifier, so
// that requests which are on their way are still served, the second after a PING has come back.
func (c *conn) Shutdown(out *engine.Output) {
	c.greet(out)
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
	c.pending = appendGoAway(c.pending, c.lastPeer, NoError)
	c.turn(part)
	c.leave()
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
	if c.leaving.heard && last > c.leaving.last {
		// "Endpoints MUST NOT increase the value they send in the last stream identifier".
		c.fault(ev, ruleGoAwayGrows, "")
		return
	}
	c.leaving.heard, c.leaving.last = true, last
	if c.role == client {
		for _, s := range c.inOrder() {
			if s.id > last && !s.state.over() {
				c.note(s.id, ruleRefused)
			}
		}
	}
	if code != NoError && len(c.streams) == 0 {
		c.turn(finish)
		return
	}
	if c.life == parting {
		c.part()
		return
	}
	c.turn(part)
	c.leave()
}
