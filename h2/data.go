package h2

import "github.com/paf-go/paf/engine"

// A dataFrame is a DATA frame while it is read (Section 6.1). Its content is told as it comes.
type dataFrame struct {
	open   bool
	stream engine.StreamID
	left   int // content that has not come
	pad    int // padding that has not come
	end    bool
	lost   bool // its content is thrown away, and the credit for it has been given back
}

// beginData deals with the header of a DATA frame, and the length of its padding.
func (c *conn) beginData(h *frameHeader, in []byte, ev *engine.Event) int {
	n, pad := frameHeaderLen, 0
	if h.flags.has(flagPadded) {
		if h.length == 0 {
			c.fault(ev, ruleFrameSize, "DATA")
			return n
		}
		if len(in) == n {
			return 0
		}
		pad = int(in[n])
		n++
		if pad >= h.length {
			c.fault(ev, rulePadding, "")
			return n
		}
	}
	content := h.length - pad - (n - frameHeaderLen)
	// "Flow control […] counts the entire DATA frame payload", whatever becomes of it.
	if !c.credit.spend(h.length) {
		c.fault(ev, ruleFlowControl, "of the connection")
		return n
	}
	if content == 0 && !h.flags.has(flagEndStream) && !c.spend(ev, &c.flood.empty, c.limits.EmptyData, ruleFloodEmpty) {
		return n
	}
	d := dataFrame{open: true, stream: h.stream, left: content, pad: pad, end: h.flags.has(flagEndStream)}
	s, accepted := c.judge(h, ev)
	if accepted {
		c.checkData(s, h, content, ev)
	}
	// Only now is it being read: a stream that has just come to its end by it must not give back its credit a second time.
	c.in.data = d
	if s == nil || s.deaf || !accepted {
		if s != nil {
			s.credit.spend(h.length)
		}
		c.credit.giveBack(h.length)
		c.in.data.lost = true
		c.in.data.end = d.end && accepted
		return n
	}
	s.credit.spend(h.length)
	c.consumed(s, h.length-content) // padding is consumed as it comes
	return n
}

// checkData says whether content may come.
func (c *conn) checkData(s *stream, h *frameHeader, content int, ev *engine.Event) {
	switch {
	case h.length > int(s.credit.window):
		c.faultStream(ev, s, ruleFlowControl, "")
	case s.deaf:
	case !s.headed:
		c.faultStream(ev, s, ruleHeadFirst, "")
	case s.left >= 0 && int64(content) > s.left:
		c.faultStream(ev, s, ruleLengthSum, "more content")
	case !s.opaque() && s.got+int64(content) > c.limits.ContentBytes:
		c.faultStream(ev, s, ruleContentLong, "")
	}
}

// readData reads on in a DATA frame.
func (c *conn) readData(in []byte, ev *engine.Event) int {
	d := &c.in.data
	s := c.stream(d.stream)
	n := min(len(in), d.left)
	if n > 0 {
		d.left -= n
		switch {
		case d.lost:
		case s.deaf: // since a part of the frame has come
			c.credit.giveBack(n)
		default:
			c.tellData(s, in[:n:n], ev)
		}
		return n
	}
	if d.left > 0 {
		return 0
	}
	if d.pad > 0 {
		n = min(len(in), d.pad)
		d.pad -= n
		return n
	}
	d.open = false
	if d.end && s != nil {
		c.endData(s, ev)
	}
	return c.readNext(in, ev)
}

// tellData tells content.
func (c *conn) tellData(s *stream, p []byte, ev *engine.Event) {
	s.got += int64(len(p))
	if s.left >= 0 {
		s.left -= int64(len(p))
	}
	s.credit.unread += int32(len(p))
	s.progress(c, len(p))
	*ev = engine.Event{Kind: engine.Data, Stream: s.id, Data: p}
}

// loseData gives back credit for what has not come of a DATA frame whose stream ends in the middle of it.
func (c *conn) loseData(s *stream) {
	if d := &c.in.data; d.open && d.stream == s.id && !d.lost {
		c.credit.giveBack(d.left)
		d.lost = true
	}
}

// readNext goes on with the next frame, so that the end of a frame without a byte of its own is no end of the input.
func (c *conn) readNext(in []byte, ev *engine.Event) int {
	if ev.Kind != engine.NoEvent || c.life == over {
		return 0
	}
	return c.read(in, ev)
}

// endData deals with END_STREAM on a DATA frame.
func (c *conn) endData(s *stream, ev *engine.Event) {
	switch {
	case s.deaf:
		if s.step(recvEnd) {
			c.settle(s)
		}
	case s.left > 0:
		c.faultStream(ev, s, ruleLengthSum, "less content")
	default:
		*ev = engine.Event{Kind: engine.End, Stream: s.id}
		c.finishPeer(s)
	}
}
