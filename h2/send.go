package h2

import (
	"strconv"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// checkFields reports what in a field section cannot be sent. Everything is checked before anything is
// encoded, for that changes the compression's state.
func checkFields(fields *semantics.Fields) error {
	for i := range fields.List() {
		f := &fields.List()[i]
		if !semantics.ValidName(f.Name) {
			return engine.Misuse(rules[ruleMalformedName].text, strconv.Quote(f.Name))
		}
		if !semantics.ValidValue(f.Value) {
			return engine.Misuse(rules[ruleMalformedValue].text, "the value of "+f.Name)
		}
	}
	return nil
}

// appendFields appends the lines of a section, but for those that are the engine's own.
func (c *conn) appendFields(dst []byte, fields *semantics.Fields) []byte {
	for i := range fields.List() {
		f := &fields.List()[i]
		name := lower(f.Name)
		if !c.own(name, f.Value) {
			dst = c.enc.AppendField(dst, hpack.Field{Name: name, Value: f.Value, Sensitive: f.Sensitive || secret(name, f.Value)})
		}
	}
	return dst
}

// secret says which fields are sensitive though nobody has said so (RFC 7541, Section 7.1.3): credentials, and cookies
// that are short enough to be guessed.
func secret(name, value string) bool {
	switch name {
	case "authorization", "proxy-authorization":
		return true
	case "cookie":
		return len(value) < 20
	}
	return false
}

// own reports whether a field is not to be sent as it is: it frames the message, or rules a connection of HTTP/1
// (Section 8.2.2).
func (c *conn) own(name, value string) bool {
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "content-length":
		return true
	case "te":
		return c.role == server || !semantics.EqualFold(value, "trailers")
	case "host":
		return c.role == client // :authority says it
	}
	return false
}

// lower returns a field name in lower case: "Field names MUST be converted to lowercase when constructing an HTTP/2
// message" (Section 8.2). Those that many messages have are not made anew.
func lower(name string) string {
	for i := 0; i < len(name); i++ {
		if 'A' <= name[i] && name[i] <= 'Z' {
			return lowerFrom(name, i)
		}
	}
	return name
}

func lowerFrom(name string, from int) string {
	var room [64]byte
	b := append(room[:0], name...)
	for i := from; i < len(b); i++ {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	if known, found := semantics.KnownName(b); found {
		return known
	}
	return string(b)
}

func (c *conn) appendLength(dst []byte, length int64) []byte {
	return c.enc.AppendField(dst, hpack.Field{Name: "content-length", Value: strconv.FormatInt(length, 10)})
}

// beginBlock makes room for the header of a HEADERS frame.
func beginBlock(out *engine.Output) (start int, block []byte) {
	start = len(out.Buf)
	return start, appendFrameHeader(out.Buf, 0, frameHeaders, 0, 0)
}

// endBlock makes HEADERS, and CONTINUATION if need be, of what has been appended since beginBlock.
func (c *conn) endBlock(out *engine.Output, start int, buf []byte, s *stream, end bool) {
	var f flags
	if end {
		f |= flagEndStream
	}
	size := len(buf) - start - frameHeaderLen
	if size <= c.peer.maxFrameSize {
		appendFrameHeader(buf[:start], size, frameHeaders, f|flagEndHeaders, s.id)
		out.Buf = buf
		return
	}
	rest := append([]byte(nil), buf[start+frameHeaderLen:]...)
	buf = buf[:start]
	for kind := frameHeaders; len(rest) > 0; kind, f = frameContinuation, 0 {
		n := min(len(rest), c.peer.maxFrameSize)
		if n == len(rest) {
			f |= flagEndHeaders
		}
		buf = append(appendFrameHeader(buf, n, kind, f, s.id), rest[:n]...)
		rest = rest[n:]
	}
	out.Buf = buf
}

// writing returns the stream of a command, or why it cannot be given now.
func (c *conn) writing(id engine.StreamID) (*stream, error) {
	s := c.stream(id)
	switch {
	case s == nil || c.life == over || s.done || s.state == cancelled || s.state == aborted:
		return nil, engine.Misuse(engine.RuleGone, "")
	case !s.begun:
		return nil, engine.Misuse(engine.RuleOrder, "content before the head")
	}
	return s, nil
}

// Data implements engine.Engine. The frame that completes a declared length ends the message.
func (c *conn) Data(out *engine.Output, id engine.StreamID, p []byte) (int, error) {
	s, err := c.writing(id)
	switch {
	case err != nil:
		return 0, err
	case len(p) == 0:
		c.window.leave(s, c.now)
		return 0, nil
	case s.silent:
		return len(p), nil
	case s.rest >= 0 && int64(len(p)) > s.rest:
		return 0, engine.Misuse(engine.RuleLength, "more content than was declared")
	case s.state == localEnded || s.state == ended:
		return 0, engine.Misuse(engine.RuleGone, "the message has ended")
	}
	c.begin(out)
	n := c.room(out, s, len(p))
	for sent := 0; sent < n; {
		m := min(n-sent, c.peer.maxFrameSize)
		var f flags
		if s.rest >= 0 {
			if s.rest -= int64(m); s.rest == 0 {
				f = flagEndStream
			}
		}
		out.Buf = appendFrameHeader(out.Buf, m, frameData, f, id)
		out.Content(p[sent : sent+m])
		sent += m
	}
	c.sent(s, n, len(p))
	if s.rest == 0 {
		s.step(sendEnd)
	}
	return n, nil
}

// End implements engine.Engine.
func (c *conn) End(out *engine.Output, id engine.StreamID, trailer *semantics.Fields) error {
	s, err := c.writing(id)
	switch {
	case err != nil:
		return err
	case s.rest > 0 && !s.silent:
		return engine.Misuse(engine.RuleLength, "less content than was declared")
	case s.state == open || s.state == peerEnded:
		if err := c.endOpen(out, s, trailer); err != nil {
			return err
		}
	}
	s.done = true
	c.asks(s)
	if s.state == ended {
		c.flood.earn()
	}
	c.settle(s)
	return nil
}

// endOpen ends a message whose last frame has not ended it.
func (c *conn) endOpen(out *engine.Output, s *stream, trailer *semantics.Fields) error {
	c.begin(out)
	if trailer == nil || s.tunnel || !anyAllowed(trailer) {
		out.Buf = appendFrameHeader(out.Buf, 0, frameData, flagEndStream, s.id)
		s.step(sendEnd)
		return nil
	}
	if err := checkFields(trailer); err != nil {
		return err
	}
	start, buf := beginBlock(out)
	for i := range trailer.List() {
		f := &trailer.List()[i]
		if semantics.AllowedInTrailer(f.Name) {
			buf = c.enc.AppendField(buf, hpack.Field{Name: lower(f.Name), Value: f.Value, Sensitive: f.Sensitive})
		}
	}
	c.endBlock(out, start, buf, s, true)
	s.step(sendEnd)
	return nil
}

func anyAllowed(trailer *semantics.Fields) bool {
	for i := range trailer.List() {
		if semantics.AllowedInTrailer(trailer.List()[i].Name) {
			return true
		}
	}
	return false
}
