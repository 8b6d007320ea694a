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
	s := &ServerConn{}
	s.init(limits, server, now)
	s.life = preface
	return s
}

// Respond implements engine.Server. There is no 101 on HTTP/2 (Section 8.6); 2xx to CONNECT makes the stream a
// tunnel, whose bytes are content on both sides.
func (c *ServerConn) Respond(out *engine.Output, id engine.StreamID, r *semantics.Response, length int64) error {
	s := c.stream(id)
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
	interim := semantics.Informational(r.Status)
	announced := int64(-1)
	if !interim {
		announced = s.announces(r.Status, length)
	}
	repeated := c.said.is(r, announced, c.enc.TableState())
	if !repeated {
		if err := checkFields(&r.Fields); err != nil {
			return err
		}
	}
	c.begin(out)
	start, buf := beginBlock(out)
	if repeated {
		buf = append(buf, c.said.block...)
	} else {
		buf = c.appendResponse(buf, r, announced)
	}
	if !interim {
		s.frame(r.Status, length)
		s.tunnel = s.opens(r.Status)
	}
	end := !interim && (s.silent || s.rest == 0)
	c.endBlock(out, start, buf, s, end)
	if (r.Status == semantics.StatusContinue || !interim) && s.since == 0 && s.state == open && !s.deaf {
		c.awaits(s) // whoever has waited for 100 (Continue) is answered by that or by the final status: nobody says more
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

// announces returns the length that a final response announces, -1 for none.
func (s *stream) announces(status int, length int64) int64 {
	switch {
	case s.opens(status):
		return -1 // RFC 9110, Section 9.3.6
	case s.method == headMethod:
		return length
	case status == semantics.StatusNotModified && length > 0:
		return length
	case semantics.NoContent(status):
		return -1
	case status == semantics.StatusResetContent:
		return 0
	}
	return length
}

// frame says how the content of the final response is framed.
func (s *stream) frame(status int, length int64) {
	switch {
	case s.opens(status):
		s.rest = -1
	case s.method == headMethod:
		s.silent = true
	case semantics.NoContent(status), status == semantics.StatusResetContent:
		s.rest = 0
	default:
		s.rest = length
	}
}

// appendResponse appends the block of a response, and keeps it if that can be said again as it is.
func (c *ServerConn) appendResponse(dst []byte, r *semantics.Response, announced int64) []byte {
	before, start := c.enc.TableState(), len(dst)
	dst = c.enc.AppendField(dst, hpack.Field{Name: ":status", Value: statusText(r.Status)})
	dst = c.appendFields(dst, &r.Fields)
	if announced >= 0 {
		dst = c.appendLength(dst, announced)
	}
	c.said.keep(r, announced, dst[start:], before, c.enc.TableState())
	return dst
}

// A saying is the head of the latest response. Servers send the same one again and again: once it has been said twice, and
// no longer changes the table, its block is said again without being made anew.
type saying struct {
	head      engine.Repeat
	announced int64
	block     []byte
	table     hpack.TableState
	usable    bool
}

func (s *saying) is(r *semantics.Response, announced int64, table hpack.TableState) bool {
	return s.usable && s.table == table && s.announced == announced && s.head.Is(r)
}

// keep takes note of a block. One that was said for the first time may yet be said shorter, by an entry of the table.
func (s *saying) keep(r *semantics.Response, announced int64, block []byte, before, after hpack.TableState) {
	s.usable = before == after && s.announced == announced && s.head.Is(r) && len(block) <= headMax
	if s.usable {
		s.block, s.table = append(s.block[:0], block...), after
		return
	}
	s.announced = announced
	s.head.Note(r)
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
