package h2

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
)

// rested is what is remembered of a server's connection on which nothing happens. The peer's entries stay in the decoder's table, for
// the peer may refer to them; ours are given up, which the next block says. Not remembered are how the latest streams have
// ended, so that more is ignored of what may still come on them, and priorities of requests that have not come.
type rested struct {
	lastPeer engine.StreamID
	unacked  int32
	settled  engine.Instant
	idle     engine.Instant
	peer     peerSettings
	credit   credit
	window   int
	flood    floods
	dec      hpack.DecoderMemory
	enc      hpack.EncoderMemory
}

// Rest implements engine.Rester.
func (c *ServerConn) Rest() engine.Rested {
	if c.life != running || c.leaving != (leaving{}) || c.greeting || c.eof || c.upgraded != nil || len(c.streams) > 0 || len(c.pending) > 0 ||
		len(c.faults) > 0 || len(c.credit.owing) > 0 || c.in.data.open || c.in.block.open || c.timers.frame != 0 {
		return nil
	}
	r := &rested{
		lastPeer: c.lastPeer,
		unacked:  int32(c.unacked),
		settled:  c.settled,
		idle:     c.timers.idle,
		peer:     c.peer,
		credit:   c.credit,
		window:   c.window.size,
		flood:    c.flood,
		dec:      c.dec.Memory(),
		enc:      c.enc.Memory(),
	}
	r.credit.owing = nil
	return r
}

// Wake implements engine.Rested.
func (r *rested) Wake(limits engine.Limits, since engine.Instant) engine.Server {
	c := &ServerConn{}
	c.init(limits, server, since)
	c.life, c.greeting = running, false
	c.lastPeer, c.past.forgotten = r.lastPeer, r.lastPeer
	c.unacked, c.settled = int(r.unacked), r.settled
	c.timers.idle = r.idle
	c.peer, c.credit, c.window.size, c.flood = r.peer, r.credit, r.window, r.flood
	c.dec, c.enc = r.dec.Decoder(), r.enc.Encoder()
	return c
}

// Parts implements engine.Rested: GOAWAY.
func (r *rested) Parts() bool { return true }
