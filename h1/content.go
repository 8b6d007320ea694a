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

// checkTrailer refuses fields that would change how the message is framed, routed or
// authorized, had they stood in the head: RFC 9110, Section 6.5.1, "a sender MUST NOT
// generate a trailer field unless the sender knows the corresponding header field name's
// definition permits use in trailers". Trailers are never merged into the fields,
// yet who forwards them might.
func checkTrailer(f *semantics.Field) rule {
	for _, name := range notInTrailers {
		if semantics.EqualFold(f.Name, name) {
			return ruleTrailerField
		}
	}
	return ok
}

var notInTrailers = [...]string{
	"transfer-encoding", "content-length", "connection", "keep-alive", "proxy-connection", "trailer", "te", "upgrade",
	"host", "max-forwards", "cache-control", "expect", "pragma", "range",
	"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range",
	"authorization", "proxy-authorization", "proxy-authenticate", "www-authenticate", "cookie", "set-cookie",
	"content-encoding", "content-type", "content-range",
}
