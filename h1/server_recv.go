package h1

import (
	"bytes"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// This file is what a server's engine makes of its input; server.go is its answers.

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

// blanksMost is how many empty lines may precede a request line. Clients of old sent two behind the content of a POST: the second one is
// skipped there alone.
func (s *ServerConn) blanksMost() int {
	if s.method() == semantics.MethodPost {
		return 2
	}
	return 1
}

// readHead looks for the head of a request.
func (s *ServerConn) readHead(now engine.Instant, in []byte, ev *engine.Event) int {
	if s.section.scanned == 0 && len(in) >= 2 && in[0] == '\r' && in[1] == '\n' {
		// RFC 9112, Section 2.2: "a server that is expecting to receive and parse a
		// request-line SHOULD ignore at least one empty line (CRLF) received prior".
		if s.blanks == s.blanksMost() {
			s.refuse(ev, ruleEmptyLine)
			return 2
		}
		s.blanks++
		s.section = section{}
		return 2 + s.readHead(now, in[2:], ev)
	}
	if len(in) > 1 || len(in) == 1 && in[0] != '\r' {
		s.timers.began(now, len(in)) // an empty line is no beginning
	}
	size, broken := s.cache.begins(in), ok
	again := size > 0
	if again {
		s.section = section{}
	} else if size, broken = s.section.scan(in, s.limits.HeadBytes, ruleHeadLong); size == 0 {
		if early := s.early(in); early != ok {
			broken = early
		}
	}
	switch {
	case broken != ok:
		s.refuse(ev, broken)
		return len(in)
	case size > 0:
		s.takeHead(in[:size], ev, again, len(in) > size)
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
	in = in[:min(len(in), s.limits.HeadBytes)]
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
		return ok
	case !semantics.ValidName(string(method)):
		return ruleMethod
	case !found && len(method) > maxMethod:
		return ruleMethodLong
	case !found:
		return ok
	}
	target := line[len(method)+1:]
	if most := s.limits.TargetBytes; len(target) > most && bytes.IndexByte(target[:most+1], ' ') < 0 {
		return ruleTargetLong
	}
	return ok
}

// takeHead deals with a whole head. again says that it is the one that the cache keeps, more that something follows it already.
func (s *ServerConn) takeHead(raw []byte, ev *engine.Event, again, more bool) {
	s.timers.whole()
	s.blanks = 0
	if !again {
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
