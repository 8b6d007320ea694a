package h2

import (
	"bytes"

	"github.com/paf-go/paf/engine"
)

// clientPreface is what a client sends first (Section 3.4).
const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// reading is where in its input a connection is.
type reading struct {
	data  dataFrame // the DATA frame that is being read
	block block     // the field block that is being put together
}

// Next implements engine.Engine.
func (c *conn) Next(now engine.Instant, in []byte, ev *engine.Event) (n int) {
	c.now = now
	if c.upgraded != nil {
		c.tellUpgraded(ev)
		return 0
	}
	if c.tell(ev) {
		return 0
	}
	for c.life != over && ev.Kind == engine.NoEvent {
		m := c.read(in[n:], ev)
		n += m
		if m == 0 || ev.Kind == engine.NoEvent && c.tell(ev) { // what a frame means for several streams comes before the next frame
			break
		}
	}
	if c.eof && ev.Kind == engine.NoEvent && c.life != over {
		c.ended(ev)
	}
	c.timers.taken = c.timers.taken || n > 0
	if ev.Kind == engine.NoEvent {
		c.timers.pending(c, len(in)-n)
	}
	return n
}

// tell tells what was found outside Next.
func (c *conn) tell(ev *engine.Event) bool {
	for len(c.faults) > 0 {
		f := c.faults[0]
		c.faults = c.faults[1:]
		if f.stream == 0 {
			c.fault(ev, f.rule, "")
		} else if s := c.stream(f.stream); s != nil {
			c.faultStream(ev, s, f.rule, "")
		}
		if ev.Kind != engine.NoEvent {
			return true
		}
	}
	return false
}

// ended says what the end of the input means.
func (c *conn) ended(ev *engine.Event) {
	switch {
	case !c.expects():
		c.turn(finish)
	case c.role == client && c.unanswered():
		c.fault(ev, ruleNoResponse, "")
	default:
		c.fault(ev, ruleTruncated, "")
	}
}

// expects reports whether anything is still to come: nothing is of a request whose response is complete and which is left to the client.
func (c *conn) expects() bool {
	for _, s := range c.streams {
		if !s.lingers {
			return true
		}
	}
	return false
}

// unanswered reports whether nothing at all has come of any response.
func (c *conn) unanswered() bool {
	for _, s := range c.streams {
		if s.headed || s.interims > 0 {
			return false
		}
	}
	return true
}

// read takes one piece of the input, and returns how much that was: 0 if more is needed.
func (c *conn) read(in []byte, ev *engine.Event) int {
	switch {
	case c.life == preface:
		return c.readPreface(in, ev)
	case c.in.data.open:
		return c.readData(in, ev)
	case len(in) < frameHeaderLen:
		return 0
	}
	h := readFrameHeader(in)
	if broken := c.admit(&h); broken != ok {
		c.fault(ev, broken, "")
		return len(in)
	}
	if h.kind == frameData {
		return c.beginData(&h, in, ev)
	}
	size := frameHeaderLen + h.length
	if len(in) < size {
		return 0
	}
	c.take(&h, in[frameHeaderLen:size], ev)
	return size
}

func (c *conn) readPreface(in []byte, ev *engine.Event) int {
	n := min(len(in), len(clientPreface))
	if string(in[:n]) != clientPreface[:n] {
		c.fault(ev, rulePreface, "")
		return len(in)
	}
	if n < len(clientPreface) {
		return 0
	}
	c.turn(greeted)
	return n
}

// IsPreface reports whether in begins as a client's connection preface does, as far as it goes, and whether it is
// whole: so a server tells HTTP/2 from HTTP/1 on one port (Section 3.3).
func IsPreface(in []byte) (begins, whole bool) {
	n := min(len(in), len(clientPreface))
	return bytes.Equal(in[:n], []byte(clientPreface[:n])), n == len(clientPreface)
}

// layouts says for each type of frame how long its payload may be and where it belongs.
var layouts = [...]struct{ least, most, connection int }{
	frameData:           {0, minFrameSize, no},
	frameHeaders:        {0, minFrameSize, no},
	framePriority:       {5, 5, no},
	frameRSTStream:      {4, 4, no},
	frameSettings:       {0, minFrameSize, yes},
	framePushPromise:    {4, minFrameSize, no},
	framePing:           {8, 8, yes},
	frameGoAway:         {8, minFrameSize, yes},
	frameWindowUpdate:   {4, 4, either},
	frameContinuation:   {0, minFrameSize, no},
	framePriorityUpdate: {4, minFrameSize, yes},
}

const (
	no = iota
	yes
	either
)

// admit checks what a frame's header alone tells.
func (c *conn) admit(h *frameHeader) rule {
	switch {
	case h.length > minFrameSize:
		return ruleFrameSize
	case c.life == settings && (h.kind != frameSettings || h.flags.has(flagAck)):
		return ruleFirstSettings
	case c.in.block.open && (h.kind != frameContinuation || h.stream != c.in.block.stream):
		return ruleBlockOpen
	case !c.in.block.open && h.kind == frameContinuation:
		return ruleNoBlock
	case int(h.kind) >= len(layouts) || layouts[h.kind].most == 0:
		return ok // "Implementations MUST ignore […] frames that have unknown […] types" (Section 5.5)
	}
	l := layouts[h.kind]
	switch {
	case l.connection == yes && h.stream != 0:
		return ruleStreamNotZero
	case l.connection == no && h.stream == 0:
		return ruleStreamZero
	case h.length < l.least || h.length > l.most:
		return ruleFrameSize
	}
	return ok
}

// take deals with a whole frame other than DATA.
func (c *conn) take(h *frameHeader, payload []byte, ev *engine.Event) {
	switch h.kind {
	case frameHeaders:
		c.takeHeaders(h, payload, ev)
	case frameContinuation:
		c.takeContinuation(h, payload, ev)
	case framePriority:
		c.takePriority(h, payload, ev)
	case framePriorityUpdate:
		c.takePriorityUpdate(payload, ev)
	case frameRSTStream:
		c.takeRSTStream(h, payload, ev)
	case frameSettings:
		c.takeSettings(h, payload, ev)
	case framePing:
		c.takePing(h, payload, ev)
	case frameGoAway:
		c.takeGoAway(payload, ev)
	case frameWindowUpdate:
		c.takeWindowUpdate(h, payload, ev)
	case framePushPromise:
		// "A server MUST treat receipt of a PUSH_PROMISE frame as a connection error", and so must a
		// client that has said ENABLE_PUSH = 0 (Sections 6.6 and 8.4).
		c.fault(ev, rulePush, "")
	default:
		c.spend(ev, &c.flood.unknown, c.limits.UnknownFrames, ruleFloodUnknown)
	}
}

// judge asks the table of states about a frame on a stream, and does what it says unless that is to accept it.
func (c *conn) judge(h *frameHeader, ev *engine.Event) (s *stream, accepted bool) {
	st, known := c.stateOf(h.stream)
	s = c.stream(h.stream)
	switch v := verdicts[st][h.kind]; {
	case v == accept:
		return s, s != nil
	case v == unexpected:
		c.fault(ev, ruleStreamIdle, "")
	case v == closedConn:
		c.fault(ev, ruleStreamClosed, "")
	case v == closedStream && h.kind == frameHeaders && !known:
		c.fault(ev, ruleStreamIDOld, "")
	case v == closedStream && s != nil && !s.state.over():
		c.faultStream(ev, s, ruleStreamClosed, "")
	case v == closedStream:
		c.pending = appendRSTStream(c.pending, h.stream, StreamClosed)
		c.spend(ev, &c.flood.resets, c.limits.Resets, ruleFloodReset) // on a client too: it asked for no frames on what the peer has reset
	}
	return s, false
}
