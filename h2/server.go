package h2

import (
	"strconv"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// A ServerConn is the server's side of an HTTP/2 connection. It is not safe for concurrent use.
type ServerConn struct{ conn }

var (
	_ engine.Server      = (*ServerConn)(nil)
	_ engine.Multiplexed = (*ServerConn)(nil)
)

// NewServer makes the engine of a connection that is opened now. Zero limits mean their defaults.
func NewServer(limits engine.Limits, now engine.Instant) *ServerConn {
	s := &ServerConn{newConn(limits, server, now)}
	s.life = preface
	return s
}

// Respond implements engine.Server. There is no 101 on HTTP/2 (Section 8.6); 2xx to CONNECT makes the stream a
// tunnel, whose bytes are content on both sides.
func (c *ServerConn) Respond(out *engine.Output, id engine.StreamID, r *semantics.Response, length int64) error {
	s := c.streams[id]
	switch {
	case s == nil || c.life == over || s.done || s.state.over():
		return engine.Misuse(engine.RuleGone, "")
	case s.begun:
		return engine.Misuse(engine.RuleOrder, "the final response has begun")
	case !semantics.ValidStatus(r.Status) || r.Status == semantics.StatusSwitchingProtocols:
		return engine.Misuse(rules[ruleStatus].text, strconv.Itoa(r.Status))
	case r.Status == semantics.StatusResetContent && length > 0:
		// RFC 9110, Section 15.3.6: "a server MUST NOT generate content in a 205 response."
		return engine.Misuse(engine.RuleLength, "a response with this status has no content")
	}
	if err := checkFields(&r.Fields); err != nil {
		return err
	}
	c.begin(out)
	interim := semantics.Informational(r.Status)
	if !interim {
		length = s.frame(r.Status, length)
	}
	start, buf := beginBlock(out)
	buf = c.enc.AppendField(buf, hpack.Field{Name: ":status", Value: statusText(r.Status)})
	buf = c.appendFields(buf, &r.Fields)
	if length >= 0 && !interim {
		buf = c.appendLength(buf, length)
	}
	end := !interim && (s.silent || s.rest == 0)
	c.endBlock(out, start, buf, s, end)
	if r.Status == semantics.StatusContinue && s.since == 0 && s.state == open {
		c.awaits(s)
	}
	if interim {
		return nil
	}
	s.begun = true
	if end {
		s.step(sendEnd)
	}
	return nil
}

// frame says how the final response is framed, and returns the length that it announces.
func (s *stream) frame(status int, length int64) int64 {
	tunnel := s.method == semantics.MethodConnect && semantics.Successful(status)
	switch {
	case tunnel:
		// RFC 9110, Section 9.3.6: no Content-Length.
		s.rest = -1
		return -1
	case s.method == semantics.MethodHead:
		s.silent = true
		return length
	case semantics.NoContent(status):
		s.rest = 0
		if status == semantics.StatusNotModified && length > 0 {
			return length
		}
		return -1
	case status == semantics.StatusResetContent:
		s.rest = 0
		return 0
	}
	s.rest = length
	return length
}

// statusText returns a status code as text, without making the usual ones anew.
func statusText(code int) string {
	switch code {
	case 200:
		return "200"
	case 204:
		return "204"
	case 206:
		return "206"
	case 304:
		return "304"
	case 404:
		return "404"
	}
	return strconv.Itoa(code)
}
