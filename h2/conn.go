package h2

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
	"time"
)

// A role is a side of the connection.
type role uint8

const (
	server role = iota
	client
)

// A conn is what both sides of a connection share.
type conn struct {
	limits engine.Limits
	role   role
	life   life
	now    engine.Instant // of the last call that told the time

	streams  map[engine.StreamID]*stream
	hot      *stream   // of them: the one that was asked for last
	free     []*stream // to be used again
	past     history
	lastPeer engine.StreamID // the greatest that the peer has opened
	lastOwn  engine.StreamID // and we
	greeting bool            // our preface has still to be sent
	pending  []byte          // frames that Flush appends
	faults   []told          // what Next tells before it looks at input
	eof      bool
	upgraded *semantics.Request // to be told first: see upgrade.go

	in      reading
	message message
	former  head   // of the latest message that has come
	said    saying // the head of the latest response (server)
	dec     *hpack.Decoder
	enc     hpack.Encoder
	peer    peerSettings
	unacked int            // SETTINGS that we have sent and the peer has not acknowledged
	settled engine.Instant // when they were sent

	credit  credit // what the peer may send
	window  window // what we may send
	early   earlier
	flood   floods
	leaving leaving
	timers  timers
}

// A told is a fault that was found outside Next.
type told struct {
	stream engine.StreamID // 0: of the connection
	rule   rule
}

// init makes the connection where it is to be: as a value it would take 5 KiB of the stack of whoever makes it.
func (c *conn) init(limits engine.Limits, r role, now engine.Instant) {
	c.limits = limits.WithDefaults()
	c.role = r
	c.life = settings
	c.now = now
	c.streams = map[engine.StreamID]*stream{}
	c.greeting = true
	c.dec = hpack.NewDecoder(tableSize)
	c.peer = defaultSettings
	c.timers = timers{opened: now, idle: now}
	c.credit.init(c)
	c.window.init()
}

// State implements engine.Engine.
func (c *conn) State() engine.State {
	if c.life == over && len(c.faults) == 0 {
		return engine.Closed
	}
	return engine.Open
}

// Streams implements engine.Engine.
func (c *conn) Streams() int { return len(c.streams) }

// EOF implements engine.Engine. There is no half-closed HTTP/2: whoever has ended its side can give
// no more credit and acknowledge nothing.
func (c *conn) EOF(engine.Instant, bool) { c.eof = true }

// Flush implements engine.Engine.
func (c *conn) Flush(out *engine.Output) {
	c.window.newRound()
	c.credit.grant(c)
	c.begin(out)
}

// fault ends the connection: GOAWAY tells the peer why (Section 5.4.1).
func (c *conn) fault(ev *engine.Event, r rule, detail string) {
	if c.life == over {
		return
	}
	*ev = engine.Event{Kind: engine.Fault, Err: &engine.Error{
		Blame:  engine.Peer,
		Scope:  engine.Connection,
		Rule:   rules[r].text,
		Code:   rules[r].code,
		Detail: detail,
	}}
	c.pending = appendGoAway(c.pending, c.lastProcessed(), rules[r].code)
	c.turn(finish)
}

// faultStream ends a stream: RST_STREAM tells the peer why (Section 5.4.2). A server that has
// not begun to respond to what it has been told, or could be, may answer instead, if the rule has a status.
func (c *conn) faultStream(ev *engine.Event, s *stream, r rule, detail string) {
	*ev = engine.Event{Kind: engine.Fault, Stream: s.id, Request: ev.Request, Err: &engine.Error{
		Blame:  engine.Peer,
		Scope:  engine.Stream,
		Stream: s.id,
		Rule:   rules[r].text,
		Code:   rules[r].code,
		Detail: detail,
	}}
	s.deaf = true
	if c.role == server && rules[r].status != 0 && !s.begun && s.state != aborted {
		ev.Err.Status = rules[r].status
		return
	}
	c.resetStream(s, rules[r].code)
	c.nothing(ev)
}

// nothing counts a stream that came to nothing by the peer's doing: of one that opens streams and makes
// them end at once, be it by RST_STREAM (CVE-2023-44487) or by breaking a rule on them
// (CVE-2025-8671), enough is enough.
func (c *conn) nothing(ev *engine.Event) {
	if c.role == server && !c.flood.resets.spend(c.now, c.limits.Resets) {
		c.fault(ev, ruleFloodReset, "")
	}
}

// resetStream sends RST_STREAM. What the application has not ended yet is still counted.
func (c *conn) resetStream(s *stream, code engine.Code) {
	if s.step(sendReset) {
		c.pending = appendRSTStream(c.pending, s.id, code)
	}
	c.settle(s)
}

// Reset implements engine.Engine. With code 0 it says what the state of the exchange says: a client CANCEL; a server
// NO_ERROR when its response is complete and the rest of the request is not wanted (Section 8.1), but later, see linger; else
// INTERNAL_ERROR.
func (c *conn) Reset(out *engine.Output, id engine.StreamID, code engine.Code) {
	s := c.stream(id)
	if s == nil {
		return
	}
	c.begin(out)
	s.done, s.deaf = true, true
	switch {
	case code != NoError:
	case c.role == client:
		code = Cancel
	case s.state != localEnded:
		code = InternalError
	case !s.tunnel:
		c.linger(s)
		return
	}
	c.resetStream(s, code)
}

// lingerTime is how long a client may take to end a request whose response is complete.
const lingerTime = time.Second

// linger throws away what still comes of a request whose response is complete, and leaves it to the client to end it, for a while.
//
// Section 8.1 lets a server send RST_STREAM right behind the response, and says: "Clients MUST NOT discard responses as a result of receiving such a
// RST_STREAM". But those do that read both at once and have not passed the response on, curl 7.88 among them. Most requests have ended by
// themselves by then, and many a client that sees a response stops sending. No credit is given for the stream: what still comes is bounded.
// The while begins with the next wait: the time that is known may be that of the request, and the handler have been slow.
func (c *conn) linger(s *stream) {
	c.credit.close(s)
	s.since, s.held, s.lingers = 0, 0, true
	if c.timers.due != 0 {
		c.timers.fresh = append(c.timers.fresh, s)
	}
}

// hurry lets no request linger any more: a new one needs the place.
func (c *conn) hurry() {
	for _, s := range c.inOrder() {
		if s.lingers {
			c.resetStream(s, NoError)
		}
	}
}
