package h1

import (
	"math"
	"strconv"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// appendFields appends the fields of a message but for those that are the engine's
// own, and returns what they say about the connection. Their order and the case of
// their names are kept. Nothing that could be read as another line gets through.
func appendFields(dst []byte, fields *semantics.Fields, own func(name string) bool) ([]byte, facts, error) {
	var f facts
	var places places
	list := fields.List()
	for i := range list {
		l := &list[i]
		if !semantics.ValidName(l.Name) {
			return dst, f, engine.Misuse(rules[ruleFieldName].text, strconv.Quote(l.Name))
		}
		if !semantics.ValidValue(l.Value) {
			return dst, f, engine.Misuse(rules[ruleFieldValue].text, "the value of "+l.Name)
		}
		f.see(l)
		if !own(l.Name) {
			dst = appendField(dst, l.Name, l.Value)
		} else {
			places.note(l, len(dst))
		}
	}
	f.places = places.before(len(dst))
	return dst, f, nil
}

// places is where a section's writer had lines for Content-Length and Connection: the engine's own stand there too. They are counted in
// bytes before the section's end, where they stand if there was none.
type places struct {
	length, connection int
	swapped            bool // Connection came before Content-Length
}

// note takes note of the first line of each name; 0 stands for none, as no section begins a message.
func (p *places) note(l *semantics.Field, at int) {
	switch {
	case len(l.Name) == 10 && p.connection == 0 && semantics.EqualFold(l.Name, "connection"):
		p.connection, p.swapped = at, p.length == 0
	case len(l.Name) == 14 && p.length == 0:
		p.length = at
	}
}

// before turns offsets into distances from the end.
func (p *places) before(end int) places {
	away := func(at int) int {
		if at == 0 {
			return 0
		}
		return end - at
	}
	return places{away(p.length), away(p.connection), p.swapped && p.length > 0}
}

// shift moves what was appended to dst behind end to the place at, and returns how much that was.
func shift(dst []byte, at, end int) int {
	var own [64]byte // a line of the engine's is shorter
	n := copy(own[:], dst[end:])
	copy(dst[at+n:], dst[at:end])
	copy(dst[at:], own[:n])
	return n
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, crlf...)
}

// ownField reports whether a field is the engine's own: it frames the message or rules the connection.
func ownField(name string) bool {
	return semantics.ConnectionSpecific(name) || len(name) == 14 && semantics.EqualFold(name, "content-length")
}

// ownOfRequest is ownField for requests: Host comes first and is not repeated.
func ownOfRequest(name string) bool {
	return ownField(name) || len(name) == 4 && semantics.EqualFold(name, "host")
}

// ownOfSwitch is ownField for a message that offers or accepts an upgrade.
func ownOfSwitch(name string) bool {
	return ownOfRequest(name) && !semantics.EqualFold(name, "upgrade")
}

// appendStatusLine appends a status line.
func appendStatusLine(dst []byte, r *semantics.Response, old bool) ([]byte, error) {
	if !semantics.ValidStatus(r.Status) {
		return dst, engine.Misuse(rules[ruleStatusLine].text, "status "+strconv.Itoa(r.Status))
	}
	reason := r.Reason
	if reason == "" {
		reason = semantics.StatusText(r.Status)
	} else if !semantics.ValidValue(reason) {
		return dst, engine.Misuse(rules[ruleStatusLine].text, "the reason phrase")
	}
	// RFC 9112, Section 2.3: a server sends the version it conforms to, 1.1, whatever
	// the request's minor version, but "MAY send an HTTP/1.0 response" to a client that may need it.
	if old {
		dst = append(dst, "HTTP/1.0 "...)
	} else {
		dst = append(dst, "HTTP/1.1 "...)
	}
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, reason...)
	return append(dst, crlf...), nil
}

// appendFraming appends the field that tells a message's length.
func appendFraming(dst []byte, f framing, length int64) []byte {
	switch f {
	case chunked:
		return append(dst, "Transfer-Encoding: chunked\r\n"...)
	case sized:
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, length, 10)
		return append(dst, crlf...)
	}
	return dst
}

// A frame is our content while it goes out.
type frame struct {
	framing framing
	left    int64 // sized: what has been declared and not been given
	silent  bool  // HEAD: content is counted and not sent
	none    bool  // the status has no content
}

func (f *frame) data(out *engine.Output, p []byte) (int, error) {
	switch {
	case f.silent || len(p) == 0:
		return len(p), nil
	case f.none:
		return 0, engine.Misuse(engine.RuleLength, "a response with this status has no content")
	case f.framing == sized && int64(len(p)) > f.left:
		return 0, engine.Misuse(engine.RuleLength, "more content than was declared")
	case f.framing == sized:
		f.left -= int64(len(p))
		out.Content(p)
	case f.framing == chunked:
		out.Buf = appendChunkHead(out.Buf, len(p))
		out.Content(p)
		out.Buf = append(out.Buf, crlf...)
	default:
		out.Content(p)
	}
	return len(p), nil
}

// short reports whether less content was given than declared.
func (f *frame) short() bool { return f.framing == sized && f.left > 0 && !f.silent && !f.none }

func (f *frame) end(out *engine.Output, trailer *semantics.Fields) error {
	if f.short() {
		return engine.Misuse(engine.RuleLength, "less content than was declared")
	}
	if f.framing != chunked || f.silent || f.none {
		return nil // RFC 9110, Section 6.5: trailers need chunked; elsewhere they are left out
	}
	start := len(out.Buf)
	out.Buf = append(out.Buf, "0\r\n"...)
	if trailer != nil {
		buf, _, err := appendFields(out.Buf, trailer, notATrailer)
		if err != nil {
			out.Buf = out.Buf[:start]
			return err
		}
		out.Buf = buf
	}
	out.Buf = append(out.Buf, crlf...)
	return nil
}

func notATrailer(name string) bool { return !semantics.AllowedInTrailer(name) }

// verbatim counts n bytes of content that the loop has put on the wire itself, and returns
// how many may follow.
func (f *frame) verbatim(n int64) int64 {
	switch {
	case f.silent || f.none || f.framing == chunked:
		return 0
	case f.framing == sized:
		f.left -= n
		return f.left
	}
	return math.MaxInt64
}
