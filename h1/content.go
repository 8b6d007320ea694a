package h1

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A body is the content of the peer's message while it comes.
type body struct {
	framing framing
	left    int64 // sized: what has not come
	chunks  chunkDecoder
	got     int64
}

// readContent looks for the next event in content.
func (c *conn) readContent(in []byte, ev *engine.Event) (n int) {
	b := &c.body
	switch b.framing {
	case sized:
		return c.readSized(in, ev)
	case toEOF:
		n = int(min(int64(len(in)), c.limits.ContentBytes-b.got))
		switch {
		case n > 0:
			c.tellData(in[:n], ev)
		case len(in) > 0:
			c.fault(ev, ruleContentLong, "")
		case c.cut:
			// RFC 9112, Section 8: a response "terminated by closure of the connection […] is considered complete unless an
			// error was indicated by the underlying connection (e.g., an "incomplete close" in TLS […])".
			c.fault(ev, ruleTruncated, "the connection broke off")
		case c.eof:
			c.tellEnd(ev, nil)
		}
		return n
	}
	data, n, broken := b.chunks.next(in, &c.limits, c.limits.ContentBytes-b.got)
	switch {
	case broken != ok:
		c.fault(ev, broken, "")
	case len(data) > 0:
		c.tellData(data, ev)
	case b.chunks.at == chunkTrailer:
		n += c.readTrailer(in[n:], ev)
	case c.eof:
		c.fault(ev, ruleTruncated, "inside a chunked message")
	}
	return n
}

func (c *conn) readSized(in []byte, ev *engine.Event) int {
	b := &c.body
	n := int(min(int64(len(in)), b.left))
	switch {
	case b.left == 0:
		c.tellEnd(ev, nil)
	case n > 0:
		b.left -= int64(n)
		c.tellData(in[:n], ev)
	case c.eof:
		// RFC 9112, Section 8: "If a message body was received with less content than
		// indicated […], the recipient MUST consider the message to be incomplete".
		c.fault(ev, ruleTruncated, "less content than Content-Length says")
	}
	return n
}

func (c *conn) tellData(data []byte, ev *engine.Event) {
	c.body.got += int64(len(data))
	c.timers.progress(len(data), c.limits.ContentProgress)
	ev.Kind, ev.Stream, ev.Data = engine.Data, c.id, data
}

func (c *conn) tellEnd(ev *engine.Event, trailer *semantics.Fields) {
	ev.Kind, ev.Stream, ev.Trailer = engine.End, c.id, trailer
	c.timers.whole()
	c.step(c.peer(), end)
}

// readTrailer looks for the trailer section, which is shown as a whole.
func (c *conn) readTrailer(in []byte, ev *engine.Event) int {
	if len(in) >= 2 && in[0] == '\r' && in[1] == '\n' {
		c.section = section{}
		c.tellEnd(ev, nil)
		return 2
	}
	size, broken := c.section.scan(in, c.limits.TrailerBytes, ruleTrailerLong)
	switch {
	case broken != ok:
		c.fault(ev, broken, "in the trailer section")
	case size > 0:
		trailer, broken, name := parseFields(string(in[:size]), c.limits.Fields, nil)
		if broken != ok {
			c.fault(ev, broken, name)
			return size
		}
		c.tellEnd(ev, &trailer)
	case c.eof:
		c.fault(ev, ruleTruncated, "inside the trailer section")
	}
	return size
}

// checkTrailer refuses fields that must not stand in a trailer section.
func checkTrailer(f *semantics.Field) rule {
	if !semantics.AllowedInTrailer(f.Name) {
		return ruleTrailerField
	}
	return ok
}
