package h2

import (
	"bytes"
	"errors"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// A block is a field block that comes in several frames (Section 4.3).
type block struct {
	open   bool
	stream engine.StreamID
	end    bool   // END_STREAM
	bytes  []byte // so far
	frames int    // CONTINUATION frames so far
	itself bool   // the stream says that it depends on itself
}

// takeHeaders deals with HEADERS (Section 6.2).
func (c *conn) takeHeaders(h *frameHeader, payload []byte, ev *engine.Event) {
	fragment, broken := unpad(h.flags, payload)
	if broken != ok {
		c.fault(ev, broken, "")
		return
	}
	itself := false
	if h.flags.has(flagPriority) {
		if len(fragment) < 5 {
			c.fault(ev, ruleFrameSize, "HEADERS")
			return
		}
		itself = dependsOnItself(fragment, h.stream)
		fragment = fragment[5:]
	}
	b := block{stream: h.stream, end: h.flags.has(flagEndStream), itself: itself}
	if h.flags.has(flagEndHeaders) {
		c.takeBlock(&b, fragment, ev)
		c.former.letGo()
		return
	}
	b.open = true
	b.bytes = append(c.in.block.bytes[:0], fragment...)
	c.in.block = b
}

// takeContinuation deals with CONTINUATION (Section 6.10). Blocks are bounded in bytes and in frames, which may be
// empty: CVE-2024-27316 and its kin.
func (c *conn) takeContinuation(h *frameHeader, payload []byte, ev *engine.Event) {
	b := &c.in.block
	b.frames++
	if b.frames > c.limits.Continuations || len(b.bytes)+len(payload) > max(c.limits.HeadBytes, 2*minFrameSize) {
		c.fault(ev, ruleFloodContinuation, "")
		return
	}
	b.bytes = append(b.bytes, payload...)
	if !h.flags.has(flagEndHeaders) {
		return
	}
	b.open = false
	c.takeBlock(b, b.bytes, ev)
	c.former.letGo()
	if cap(b.bytes) > minFrameSize {
		b.bytes = nil // few connections need it twice
	}
}

// takeBlock deals with a whole field block. It is decoded whatever becomes of it, for both sides' tables
// must stay the same.
func (c *conn) takeBlock(b *block, fragment []byte, ev *engine.Event) {
	h := frameHeader{kind: frameHeaders, stream: b.stream}
	if c.role == server && b.stream > c.lastPeer {
		c.takeRequest(b, fragment, ev)
		return
	}
	var m *message // a trailer section
	var err error
	if c.role == client && !c.headed(b.stream) {
		err = c.readHead(fragment, b.end)
	} else if m = c.decode(fragment, c.limits.TrailerBytes); m.failed != nil {
		err = m.failed
	}
	if err != nil {
		c.fault(ev, ruleCompression, err.Error())
		return
	}
	s, accepted := c.judge(&h, ev)
	switch {
	case !accepted:
	case b.itself:
		c.faultStream(ev, s, ruleSelfDependent, "")
	case s.deaf:
		if b.end && s.step(recvEnd) {
			c.settle(s)
		}
	case c.role == client && !s.headed:
		c.takeResponse(s, b.end, ev)
	default:
		c.takeTrailer(s, m, b.end, ev)
	}
}

// headed reports whether the head of a stream's message has come, so that what follows is a trailer section.
func (c *conn) headed(id engine.StreamID) bool {
	s := c.stream(id)
	return s != nil && s.headed
}

// decode decompresses a field block into what it says; most is how long its section may be, as RFC 9113, Section 6.5.2
// counts it.
func (c *conn) decode(fragment []byte, most int) *message {
	m := &c.message
	m.reset()
	limit := uint32(min(most, maxWindow))
	c.dec.SetLimits(limit, limit)
	var f hpack.Field
	c.dec.Begin(fragment)
	for c.dec.Next(&f) {
		m.see(&f, c.limits.Fields)
	}
	var broken hpack.Error
	if err := c.dec.Err(); errors.As(err, &broken) && !broken.Fatal() {
		m.breaks(ruleHeadLong)
	} else if err != nil {
		m.failed = err
	}
	return m
}

// takeRequest opens a stream of the peer's (server).
func (c *conn) takeRequest(b *block, fragment []byte, ev *engine.Event) {
	if err := c.readHead(fragment, b.end); err != nil {
		c.fault(ev, ruleCompression, err.Error())
		return
	}
	h := &c.former
	switch {
	case b.stream%2 == 0:
		c.fault(ev, ruleStreamIDParity, "")
		return
	case c.life == parted:
		// Section 6.8: "the endpoint might discard frames it receives on the streams opened by the peer after
		// the GOAWAY"; its sender knows that the stream is not processed, and soon that no more is to come.
		c.lastPeer = b.stream
		c.past.add(b.stream, aborted)
		c.nothing(ev)
		return
	}
	c.lastPeer = b.stream
	if len(c.streams) >= c.limits.Streams {
		c.hurry()
	}
	if len(c.streams) >= c.limits.Streams {
		c.pending = appendRSTStream(c.pending, b.stream, RefusedStream)
		c.past.add(b.stream, aborted)
		c.nothing(ev)
		return
	}
	s := c.open(b.stream)
	s.headed = true
	if b.end {
		s.step(recvEnd)
	}
	if b.itself {
		c.faultStream(ev, s, ruleSelfDependent, "")
		return
	}
	r, f := h.request, &h.facts
	ev.Request = r
	if h.broken != ok {
		s.told = rules[h.broken].status != 0
		c.faultStream(ev, s, h.broken, h.detail)
		return
	}
	s.told = true
	s.method, s.left = specialOf(r.Method), f.length
	if s.method == connectMethod {
		s.left = -1
	}
	s.first = c.early.of(s.id, f.priority)
	*ev = engine.Event{Kind: engine.Request, Stream: s.id, Request: r, Length: s.left, End: b.end, Expect: f.expect && !b.end}
	switch {
	case b.end:
		ev.Length = 0
	case s.method == connectMethod: // it is the client that waits: nothing is to be sent before the tunnel is there
	case !f.expect: // one that waits for 100 (Continue) need not send
		c.awaits(s)
	}
}

// A head is a request's or a response's, as it was read last. Peers send the same one again and again; whoever sends the very same
// block, while the dynamic table stays as it was, means the very same message, which is then told again.
type head struct {
	block  []byte
	end    bool
	table  hpack.TableState
	usable bool

	request  *semantics.Request  // server
	response *semantics.Response // client
	facts    facts
	broken   rule
	detail   string
}

// headMax is the longest block that is kept.
const headMax = 1 << 10

func (h *head) repeats(fragment []byte, end bool, table hpack.TableState) bool {
	return h.usable && h.end == end && h.table == table && bytes.Equal(h.block, fragment)
}

// letGo lets go of a head that has been told and will not be told again: a connection may wait for long until the next one comes.
func (h *head) letGo() {
	if !h.usable {
		h.request, h.response, h.detail = nil, nil, ""
	}
}

// readHead makes c.former the head of a message: it decodes and checks it, unless it is that already. The error is one of the
// compression.
func (c *conn) readHead(fragment []byte, end bool) error {
	h, before := &c.former, c.dec.TableState()
	if h.repeats(fragment, end, before) {
		return nil
	}
	return c.readAnew(fragment, end, before)
}

// readAnew is readHead for another head than the last one. It has a frame of its own: who reads the same one again and again, on a stack
// that is small still, has no use for it.
//
//go:noinline
func (c *conn) readAnew(fragment []byte, end bool, before hpack.TableState) error {
	h := &c.former
	m := c.decode(fragment, c.limits.HeadBytes)
	if m.failed != nil {
		h.usable = false
		return m.failed
	}
	if c.role == server {
		h.request, h.facts, h.broken, h.detail = m.request(c, end)
	} else {
		h.response, h.facts, h.broken, h.detail = m.response(c)
	}
	m.letGo()
	h.end, h.table = end, c.dec.TableState()
	h.usable = h.broken == ok && h.table == before && len(fragment) <= headMax
	if h.usable {
		h.block = append(h.block[:0], fragment...)
		// As all will who are told of it, at the same time perhaps: from now on that changes nothing.
		if c.role == server {
			h.request.Fields.Share()
		} else {
			h.response.Fields.Share()
		}
	}
	return nil
}

// takeResponse deals with the head of a response (client).
func (c *conn) takeResponse(s *stream, end bool, ev *engine.Event) {
	r, f, broken, detail := c.former.response, &c.former.facts, c.former.broken, c.former.detail
	informational := broken == ok && r.Status < 200
	switch {
	case broken != ok:
	case informational && end:
		broken = ruleInterimEnd // "A HEADERS frame with the END_STREAM flag set that carries an informational status code is malformed"
	case informational && int(s.interims) >= c.limits.Interim:
		broken = ruleInterim
	}
	if broken != ok {
		c.faultStream(ev, s, broken, detail)
		return
	}
	if informational {
		s.interims++
		*ev = engine.Event{Kind: engine.Interim, Stream: s.id, Response: r}
		return
	}
	s.headed = true
	length := f.length
	switch {
	case s.opens(r.Status):
		// RFC 9110, Section 9.3.6: "A client MUST ignore any Content-Length or Transfer-Encoding header fields received in a
		// successful response to CONNECT."
		s.tunnel, length = true, -1
	case bodiless(s.method, r.Status):
		length = 0
	}
	if end && length > 0 {
		c.faultStream(ev, s, ruleLengthSum, "no content came")
		return
	}
	s.left = length
	*ev = engine.Event{Kind: engine.Response, Stream: s.id, Response: r, Length: length, End: end}
	c.awaits(s)
	if end {
		ev.Length = 0
		c.finishPeer(s)
	}
}

// takeTrailer deals with the second field section of a message (Section 8.1).
func (c *conn) takeTrailer(s *stream, m *message, end bool, ev *engine.Event) {
	fields, broken, detail := m.trailer()
	switch {
	case s.tunnel || c.role == server && s.method == connectMethod:
		broken = ruleTunnelFrame
	case broken == ruleHeadLong:
		broken = ruleTrailerLong
	case broken != ok:
	case !end:
		broken = ruleTrailerEnd
	case s.left > 0:
		broken = ruleLengthSum
	}
	if broken != ok {
		c.faultStream(ev, s, broken, detail)
		return
	}
	*ev = engine.Event{Kind: engine.End, Stream: s.id, Trailer: fields}
	c.finishPeer(s)
}

// finishPeer notes that the peer's message is complete.
func (c *conn) finishPeer(s *stream) {
	s.step(recvEnd)
	s.since = 0
	if s.state == ended {
		c.flood.earn()
	}
	c.settle(s)
}
