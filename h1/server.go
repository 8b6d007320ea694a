package h1

import (
	"bytes"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A ServerConn is the server's side of an HTTP/1 connection. It is not safe for concurrent use.
type ServerConn struct {
	conn
	cache    headCache
	request  *semantics.Request // of the exchange in progress; nil if its head could not be read
	facts    facts
	expected bool // the client waits for 100 (Continue), and has not got it
	rested   bool // a response has ended, and nobody has told the time since
	blank    bool // an empty line has been skipped before the request line
}

var _ engine.Server = (*ServerConn)(nil)

// NewServer makes the engine of a connection that is opened now. Zero limits mean their defaults.
func NewServer(limits engine.Limits, now engine.Instant) *ServerConn {
	return &ServerConn{conn: newConn(limits, server, now)}
}

// Next implements engine.Engine.
func (s *ServerConn) Next(now engine.Instant, in []byte, ev *engine.Event) (n int) {
	switch {
	case s.State() != engine.Open:
		return 0
	case s.half[client] == idle:
		n = s.readHead(now, in, ev)
		s.expire(ev)
		return n
	case s.half[client] == content:
		s.timers.pause(now)
		n = s.readContent(in, ev)
		s.expire(ev)
		if ev.Kind == engine.Data {
			s.expected = false // the client has not waited
		}
		s.rest(now)
		return n
	}
	return 0 // a request is complete: its response comes first (RFC 9112, Section 9.3.2)
}

// expire tells that time is up, unless what was waited for has come at last.
func (s *ServerConn) expire(ev *engine.Event) {
	if s.broken != ok && ev.Kind == engine.NoEvent && s.State() == engine.Open {
		s.refuse(ev, s.broken)
	}
	s.broken = ok
}

// readHead looks for the head of a request.
func (s *ServerConn) readHead(now engine.Instant, in []byte, ev *engine.Event) int {
	if s.section.scanned == 0 && len(in) >= 2 && in[0] == '\r' && in[1] == '\n' {
		// RFC 9112, Section 2.2: "a server that is expecting to receive and parse a
		// request-line SHOULD ignore at least one empty line (CRLF) received prior".
		if s.blank {
			s.refuse(ev, ruleEmptyLine)
			return 2
		}
		s.blank = true
		return 2 + s.readHead(now, in[2:], ev)
	}
	if len(in) > 1 || len(in) == 1 && in[0] != '\r' {
		s.timers.began(now, len(in)) // an empty line is no beginning
	}
	size, broken := s.section.scan(in, s.limits.HeadBytes, ruleHeadLong)
	if size == 0 {
		if early := s.early(in); early != ok {
			broken = early
		}
	}
	switch {
	case broken != ok:
		s.refuse(ev, broken)
		return len(in)
	case size > 0:
		s.takeHead(in[:size], ev, len(in) > size)
	case s.eof && len(in) == 0:
		s.closeIdle()
	case s.eof:
		s.refuse(ev, ruleTruncated)
	}
	return size
}

// refuse faults what came; before a head was read it belongs to no request.
func (s *ServerConn) refuse(ev *engine.Event, r rule) {
	if s.half[client] == idle {
		s.request, s.facts, s.expected = nil, facts{}, false
	}
	s.fault(ev, r, "")
}

// early judges the first line of a head that is not complete, or broken further down, so that nobody
// has to wait for the rest of what is none, and the first fault is the one that is told.
func (s *ServerConn) early(in []byte) rule {
	if s.section.started {
		return ok
	}
	end := bytes.IndexByte(in, '\n')
	if end < 0 {
		return s.earlier(in)
	}
	s.section.started = true
	if broken := s.earlier(in[:end]); broken != ok {
		return broken
	}
	line, whole := bytes.CutSuffix(in[:end], []byte{'\r'})
	if !whole || bytes.IndexByte(line, '\r') >= 0 {
		return ok // scan says so
	}
	broken, _ := parseRequestLine(string(line), &s.limits, &semantics.Request{})
	return broken
}

// earlier judges the beginning of a request line.
func (s *ServerConn) earlier(in []byte) rule {
	line := bytes.TrimSuffix(in, []byte{'\r'}) // which may be half of a line end
	method, _, found := bytes.Cut(line[:min(len(line), maxMethod+1)], []byte{' '})
	switch {
	case len(line) == 0:
	case !semantics.ValidName(string(method)):
		return ruleMethod
	case !found && len(method) > maxMethod:
		return ruleMethodLong
	case len(line) > s.limits.TargetBytes+2*maxMethod:
		return ruleTargetLong
	}
	return ok
}

// takeHead deals with a whole head. more says that something follows it already.
func (s *ServerConn) takeHead(raw []byte, ev *engine.Event, more bool) {
	s.timers.whole()
	s.blank = false
	if !s.cache.has(raw) {
		text := string(raw)
		r, f, broken, detail := parseRequest(text, &s.limits)
		if broken == ok {
			s.cache.keep(text, f, r, nil)
		}
		s.request, s.facts = r, f
		if broken != ok {
			ev.Request = r
			s.fault(ev, broken, detail)
			return
		}
	} else {
		s.request, s.facts = s.cache.request, s.cache.facts
	}
	ev.Request = s.request
	p := s.request.Protocol
	kind, length, broken := s.facts.requestFraming(p)
	if broken == ok && length > s.limits.ContentBytes {
		broken = ruleContentLong
	}
	if broken == ok && length != 0 {
		broken = s.contentOf(s.request)
	}
	if broken == ok {
		broken = s.expectation(p, length != 0 && !more)
	}
	if broken != ok {
		s.fault(ev, broken, "")
		return
	}
	s.id++
	s.persistent = s.facts.persists(p)
	s.body = body{framing: kind, left: length}
	s.step(client, head)
	ev.Kind, ev.Stream, ev.Length, ev.Expect = engine.Request, s.id, length, s.expected
	if length == 0 {
		ev.End = true
		s.step(client, end)
	}
}

// contentOf says whether a request may have content at all.
func (s *ServerConn) contentOf(r *semantics.Request) rule {
	switch r.Method {
	case semantics.MethodTrace:
		// RFC 9110, Section 9.3.8: "A client MUST NOT send content in a TRACE request."
		return ruleTraceContent
	case semantics.MethodConnect:
		// Section 9.3.6: "A CONNECT request message does not have content." What follows
		// it belongs to the tunnel, if there will be one.
		return ruleConnectContent
	case semantics.MethodOptions:
		// Section 9.3.7: "A client that generates an OPTIONS request containing content
		// MUST send a valid Content-Type header field".
		if !r.Fields.Has("Content-Type") {
			return ruleOptionsContent
		}
	}
	return ok
}

// expectation reads Expect (RFC 9110, Section 10.1.1): "A server that receives an Expect
// field value containing a member other than 100-continue MAY respond with a 417", "A
// server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore
// that expectation", and it "MAY omit sending a 100 […] if it has already received some or all of the content".
func (s *ServerConn) expectation(p semantics.Protocol, awaits bool) rule {
	s.expected = false
	switch {
	case p < semantics.HTTP11:
	case s.facts.unknown:
		return ruleExpect
	case s.facts.expect:
		s.expected = awaits
	}
	return ok
}

// rest notes when the connection has become idle.
func (s *ServerConn) rest(now engine.Instant) {
	if s.half[client] == idle {
		s.timers.idle = now
	}
}

// Deadline implements engine.Engine. A response ends without a time being told; the
// idle time counts from the wait for what comes next.
func (s *ServerConn) Deadline(now engine.Instant) engine.Instant {
	if s.rested {
		s.rested = false
		s.timers.idle = now
	}
	return s.conn.Deadline(now)
}

// Respond implements engine.Server.
func (s *ServerConn) Respond(out *engine.Output, id engine.StreamID, r *semantics.Response, length int64) error {
	switch {
	case id != s.id || s.State() != engine.Open:
		return misuse(engine.RuleGone, "")
	case s.half[server] != waiting:
		return misuse(engine.RuleOrder, "the final response has begun")
	case semantics.Informational(r.Status) && s.version() < semantics.HTTP11:
		// RFC 9110, Section 15.2: "A server MUST NOT send a 1xx response to an HTTP/1.0 client."
		return nil
	}
	start := len(out.Buf)
	buf, err := s.appendResponse(out.Buf, r, length)
	if err != nil {
		out.Buf = buf[:start]
		return err
	}
	out.Buf = buf
	return nil
}

// appendResponse appends the head of a response and makes its move.
func (s *ServerConn) appendResponse(dst []byte, r *semantics.Response, length int64) ([]byte, error) {
	dst, err := appendStatusLine(dst, r)
	if err != nil {
		return dst, err
	}
	switch {
	case r.Status == semantics.StatusSwitchingProtocols:
		return s.appendSwitch(dst, r)
	case semantics.Informational(r.Status):
		return s.appendInterim(dst, r)
	}
	upgrade := r.Status == semantics.StatusUpgradeRequired
	own := ownField
	if upgrade {
		// RFC 9110, Section 15.5.22: "The server MUST send an Upgrade header field in a 426".
		own = ownOfSwitch
	}
	dst, f, err := appendFields(dst, &r.Fields, own)
	if err != nil {
		return dst, err
	}
	if r.Status == semantics.StatusResetContent && length > 0 {
		// Section 15.3.6: "a server MUST NOT generate content in a 205 response."
		return dst, misuse(engine.RuleLength, "a response with this status has no content")
	}
	if s.method() == semantics.MethodConnect && semantics.Successful(r.Status) {
		// RFC 9110, Section 9.3.6: "A server MUST NOT send any Transfer-Encoding or
		// Content-Length header fields in a 2xx (Successful) response to CONNECT."
		s.handOver()
		return append(dst, crlf...), nil
	}
	s.close(&f)
	dst = s.appendFrame(dst, r.Status, length)
	dst = s.appendConnection(dst, upgrade && f.offers)
	s.step(server, head)
	return append(dst, crlf...), nil
}

// close notes what makes this exchange the connection's last one.
func (s *ServerConn) close(f *facts) {
	if f.close || s.expected || s.method() == semantics.MethodConnect {
		// With 100 (Continue) never sent, nobody can tell whether the content will come;
		// and what follows a CONNECT that is refused may have been meant for the tunnel.
		s.persistent = false
	}
}

// appendFrame chooses how the response's content is framed (RFC 9112, Section 6.3).
func (s *ServerConn) appendFrame(dst []byte, status int, length int64) []byte {
	f := frame{framing: sized, left: length, silent: s.method() == semantics.MethodHead, none: semantics.NoContent(status)}
	switch {
	case f.none:
		s.frame = f
		if status == semantics.StatusNotModified && length > 0 {
			return appendFraming(dst, sized, length)
		}
		return dst
	case status == semantics.StatusResetContent:
		f.none, length = true, 0
	case length < 0 && f.silent:
		s.frame = f
		return dst // it is not known what GET would have said
	case length < 0 && s.version() >= semantics.HTTP11:
		f.framing = chunked
	case length < 0:
		f.framing = toEOF
		s.persistent = false
	}
	s.frame = f
	return appendFraming(dst, f.framing, length)
}

// appendConnection says whether the connection lives on (RFC 9112, Section 9.6: "A server
// that does not support persistent connections MUST send the close connection option").
func (s *ServerConn) appendConnection(dst []byte, upgrade bool) []byte {
	switch {
	case upgrade && !s.persists():
		return append(dst, "Connection: close, Upgrade\r\n"...)
	case upgrade:
		return append(dst, "Connection: Upgrade\r\n"...)
	case !s.persists():
		return append(dst, "Connection: close\r\n"...)
	case s.version() < semantics.HTTP11:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

// appendInterim appends the rest of an interim response.
func (s *ServerConn) appendInterim(dst []byte, r *semantics.Response) ([]byte, error) {
	dst, _, err := appendFields(dst, &r.Fields, ownField)
	if err != nil {
		return dst, err
	}
	if r.Status == semantics.StatusContinue {
		s.expected = false
	}
	s.step(server, interim)
	return append(dst, crlf...), nil
}

// appendSwitch appends the rest of a 101 (RFC 9110, Section 7.8).
func (s *ServerConn) appendSwitch(dst []byte, r *semantics.Response) ([]byte, error) {
	if !s.facts.upgrade || !s.facts.offers {
		return dst, misuse(rules[ruleUnasked].text, "")
	}
	dst, f, err := appendFields(dst, &r.Fields, ownOfSwitch)
	if err != nil {
		return dst, err
	}
	if !f.offers {
		// Section 15.2.2: "The server MUST generate an Upgrade header field in the response".
		return dst, misuse(engine.RuleOrder, "101 without an Upgrade field")
	}
	s.handOver()
	return append(dst, "Connection: Upgrade\r\n\r\n"...), nil
}

// handOver gives the connection to another protocol.
func (s *ServerConn) handOver() {
	s.step(server, swap)
	s.step(server, take)
}

// End implements engine.Engine.
func (s *ServerConn) End(out *engine.Output, id engine.StreamID, trailer *semantics.Fields) error {
	err := s.conn.End(out, id, trailer)
	s.rested = s.half[client] == idle
	return err
}

// version returns the version of the request, 0 if it is not known.
func (s *ServerConn) version() semantics.Protocol {
	if s.request == nil {
		return 0
	}
	return s.request.Protocol
}

func (s *ServerConn) method() string {
	if s.request == nil {
		return ""
	}
	return s.request.Method
}
