package h2

import (
	"encoding/binary"

	"github.com/paf-go/paf/engine"
)

// takePriority deals with the priorities of RFC 7540, which are "deprecated" (RFC 9113, Section 5.3.2).
func (c *conn) takePriority(h *frameHeader, payload []byte, ev *engine.Event) {
	s := c.stream(h.stream)
	switch {
	case !dependsOnItself(payload, h.stream):
		c.spend(ev, &c.flood.priorities, c.limits.Priorities, ruleFloodPriority)
	case s != nil && !s.state.over():
		c.faultStream(ev, s, ruleSelfDependent, "")
	default: // RST_STREAM must not be sent on an idle stream (RFC 9113, Section 6.4)
		c.fault(ev, ruleSelfDependent, "")
	}
}

func dependsOnItself(payload []byte, id engine.StreamID) bool {
	return binary.BigEndian.Uint32(payload)&maxStream == uint32(id)
}

// takePriorityUpdate reads PRIORITY_UPDATE (RFC 9218, Section 7.1): the stream it is about, then the value of
// a Priority field.
func (c *conn) takePriorityUpdate(payload []byte, ev *engine.Event) {
	id := engine.StreamID(binary.BigEndian.Uint32(payload) & maxStream)
	switch {
	case c.role == client, id%2 == 0:
		// "If a client receives a PRIORITY_UPDATE frame, it MUST respond with a connection error of type
		// PROTOCOL_ERROR", and so must a server if the prioritized stream is 0, or one to be pushed.
		c.fault(ev, rulePriorityUpdate, "")
		return
	case !c.spend(ev, &c.flood.priorities, c.limits.Priorities, ruleFloodPriority):
		return
	}
	first := parsePriority(string(payload[4:]))
	if s := c.stream(id); s != nil {
		s.first = first
	} else if id > c.lastPeer {
		c.early.add(id, first)
	}
}

// earlier keeps the latest priorities of streams that are not open yet: "Servers SHOULD buffer the most recently received
// PRIORITY_UPDATE frame and apply it once the referenced stream is opened" (RFC 9218, Section 7).
type earlier struct {
	ids [8]engine.StreamID
	is  [8]urgency
	at  int
}

func (e *earlier) add(id engine.StreamID, u urgency) {
	e.ids[e.at], e.is[e.at] = id, u
	e.at = (e.at + 1) % len(e.ids)
}

// of returns the priority of a stream that opens: what was said before in a frame goes before what its Priority field
// says.
func (e *earlier) of(id engine.StreamID, field string) urgency {
	for k := 1; k <= len(e.ids); k++ {
		if i := (e.at + len(e.ids) - k) % len(e.ids); e.ids[i] == id {
			return e.is[i]
		}
	}
	return parsePriority(field)
}

// takeRSTStream deals with RST_STREAM (Section 6.4).
func (c *conn) takeRSTStream(h *frameHeader, payload []byte, ev *engine.Event) {
	s, accepted := c.judge(h, ev)
	if !accepted {
		return
	}
	code := engine.Code(binary.BigEndian.Uint32(payload))
	r := ruleReset
	if c.role == client && code == RefusedStream {
		r = ruleRefused
	}
	answered := s.lingers
	s.step(recvReset)
	s.deaf = true
	if s.told && !answered {
		*ev = engine.Event{Kind: engine.Fault, Stream: s.id, Err: &engine.Error{
			Stream: s.id,
			Blame:  engine.Peer, Scope: engine.Stream, Rule: rules[r].text, Code: code}}
	}
	c.settle(s)
	if !answered {
		c.nothing(ev)
	}
}

// takePing answers PING, or takes the answer to ours (Section 6.7).
func (c *conn) takePing(h *frameHeader, payload []byte, ev *engine.Event) {
	data := [8]byte(payload)
	if h.flags.has(flagAck) {
		switch {
		case data == pathPing && c.credit.pinged:
			c.credit.measured(c)
		case data == partingPing && c.life == parting:
			c.part()
		default: // nobody has asked
			c.spend(ev, &c.flood.pings, c.limits.Pings, ruleFloodPing)
		}
		return
	}
	if c.spend(ev, &c.flood.pings, c.limits.Pings, ruleFloodPing) {
		c.pending = appendPing(c.pending, flagAck, data)
	}
}

// Our pings: what they are for.
var (
	pathPing    = [8]byte{'p', 'a', 'f', ' ', 'p', 'a', 't', 'h'}
	partingPing = [8]byte{'p', 'a', 'f', ' ', 'p', 'a', 'r', 't'}
)

// takeWindowUpdate deals with WINDOW_UPDATE (Section 6.9).
func (c *conn) takeWindowUpdate(h *frameHeader, payload []byte, ev *engine.Event) {
	n := int(binary.BigEndian.Uint32(payload) & maxWindow)
	if h.stream == 0 {
		switch {
		case n == 0:
			c.fault(ev, ruleWindowZero, "")
		case c.window.size > maxWindow-n:
			c.fault(ev, ruleWindowOverflow, "")
		default:
			c.window.size += n
			c.spendCredit(ev)
		}
		return
	}
	s, accepted := c.judge(h, ev)
	switch {
	case !accepted:
		return
	case n == 0:
		c.faultStream(ev, s, ruleWindowZero, "")
	case int(s.window.size) > maxWindow-n:
		c.faultStream(ev, s, ruleWindowOverflow, "")
	default:
		s.window.size += int32(n)
		c.spendCredit(ev)
	}
}
