package h1

import (
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
	blanks   int  // empty lines that have been skipped before the request line
	said     saying
}

var _ engine.Server = (*ServerConn)(nil)

// NewServer makes the engine of a connection that is opened now. Zero limits mean their defaults.
func NewServer(limits engine.Limits, now engine.Instant) *ServerConn {
	return &ServerConn{conn: newConn(limits, server, now)}
}

// rested is what is left of a connection between two exchanges: HTTP/1 remembers nothing.
type rested struct{}

// Rest implements engine.Rester.
func (s *ServerConn) Rest() engine.Rested {
	if s.id > 0 && s.half == [2]half{idle, idle} && s.persists() && !s.eof && s.blanks == 0 && s.timers.head == 0 && s.broken == ok {
		return rested{}
	}
	s.cache, s.said = headCache{}, saying{}
	return nil
}

// Wake implements engine.Rested.
func (rested) Wake(limits engine.Limits, since engine.Instant) engine.Server {
	s := NewServer(limits, since)
	s.id = 1
	return s
}

// Parts implements engine.Rested.
func (rested) Parts() bool { return false }

// Respond implements engine.Server.
func (s *ServerConn) Respond(out *engine.Output, id engine.StreamID, r *semantics.Response, length int64) error {
	switch {
	case id != s.id || s.State() != engine.Open:
		return engine.Misuse(engine.RuleGone, "")
	case s.half[server] != waiting:
		return engine.Misuse(engine.RuleOrder, "the final response has begun")
	case semantics.Informational(r.Status) && s.version() < semantics.HTTP11:
		// RFC 9110, Section 15.2: "A server MUST NOT send a 1xx response to an HTTP/1.0 client."
		return nil
	}
	start := len(out.Buf)
	buf, err := s.appendHead(out.Buf, r, length)
	if err != nil {
		out.Buf = buf[:start]
		return err
	}
	out.Buf = buf
	return nil
}

// appendHead appends the head of a response and makes its move.
func (s *ServerConn) appendHead(dst []byte, r *semantics.Response, length int64) ([]byte, error) {
	if semantics.Informational(r.Status) {
		dst, err := appendStatusLine(dst, r, s.old(r))
		switch {
		case err != nil:
			return dst, err
		case r.Status == semantics.StatusSwitchingProtocols:
			return s.appendSwitch(dst, r)
		}
		return s.appendInterim(dst, r)
	}
	dst, f, err := s.appendFinal(dst, r)
	if err != nil {
		return dst, err
	}
	if r.Status == semantics.StatusResetContent && length > 0 {
		// Section 15.3.6: "a server MUST NOT generate content in a 205 response."
		return dst, engine.Misuse(engine.RuleLength, "a response with this status has no content")
	}
	if s.method() == semantics.MethodConnect && semantics.Successful(r.Status) && s.half[client] != failed {
		// RFC 9110, Section 9.3.6: "A server MUST NOT send any Transfer-Encoding or
		// Content-Length header fields in a 2xx (Successful) response to CONNECT."
		s.handOver()
		return append(dst, crlf...), nil
	}
	s.close(&f)
	dst = s.appendOwn(dst, r, length, &f)
	s.step(server, head)
	return append(dst, crlf...), nil
}

// appendOwn appends the fields that are the engine's own, or puts them where the head's writer had lines of these names.
func (s *ServerConn) appendOwn(dst []byte, r *semantics.Response, length int64, f *facts) []byte {
	lengthAt, connectionAt := len(dst)-f.places.length, len(dst)-f.places.connection
	end := len(dst)
	length = s.chooseFrame(r.Status, length, f)
	if length >= 0 {
		dst = appendFraming(dst, sized, length)
		if n := shift(dst, lengthAt, end); connectionAt > lengthAt || connectionAt == lengthAt && !f.places.swapped {
			connectionAt += n
		}
	}
	end = len(dst)
	dst = s.appendConnection(dst, r, f.offers)
	if connectionAt != end {
		shift(dst, connectionAt, end)
	}
	if length < 0 && s.frame.framing == chunked {
		dst = appendFraming(dst, chunked, 0)
	}
	return dst
}

// appendFinal appends the status line and the fields of a final response, all but those that are the engine's own, and
// returns what they say about the connection.
func (s *ServerConn) appendFinal(dst []byte, r *semantics.Response) ([]byte, facts, error) {
	again := s.said.head.Is(r)
	if again && len(s.said.text) > 0 {
		return append(dst, s.said.text...), s.said.facts, nil
	}
	start := len(dst)
	dst, err := appendStatusLine(dst, r, s.old(r))
	if err != nil {
		return dst, facts{}, err
	}
	own := ownField
	if r.Status == semantics.StatusUpgradeRequired {
		// RFC 9110, Section 15.5.22: "The server MUST send an Upgrade header field in a 426".
		own = ownOfSwitch
	}
	dst, f, err := appendFields(dst, &r.Fields, own)
	if err == nil {
		s.said.keep(r, again, dst[start:], f)
	}
	return dst, f, err
}

// A saying is the latest response's status line and fields. What has been said twice is not made anew the third time.
type saying struct {
	head  engine.Repeat
	text  []byte // empty after the first time
	facts facts
}

// sayingMost is how much text a connection keeps.
const sayingMost = 1 << 10

func (s *saying) keep(r *semantics.Response, again bool, text []byte, f facts) {
	s.text = s.text[:0]
	switch {
	case len(text) > sayingMost:
		s.head.Forget()
	case again:
		s.text, s.facts = append(s.text, text...), f
	default:
		s.head.Note(r)
	}
}

// close notes what makes this exchange the connection's last one.
func (s *ServerConn) close(f *facts) {
	if f.close || s.expected || s.method() == semantics.MethodConnect {
		// With 100 (Continue) never sent, nobody can tell whether the content will come;
		// and what follows a CONNECT that is refused may have been meant for the tunnel.
		s.persistent = false
	}
}

// chooseFrame chooses how the response's content is framed (RFC 9112, Section 6.3), and returns the length to be said, -1 for none.
func (s *ServerConn) chooseFrame(status int, length int64, said *facts) int64 {
	f := frame{framing: sized, left: length, silent: s.method() == semantics.MethodHead, none: semantics.NoContent(status)}
	switch {
	case f.none:
		if status != semantics.StatusNotModified || length == 0 {
			length = -1
		}
	case status == semantics.StatusResetContent:
		f.none, length = true, 0
	case length < 0 && f.silent:
		// it is not known what GET would have said
	case length < 0 && s.version() >= semantics.HTTP11 && !semantics.EqualFold(said.coding, "identity"):
		f.framing = chunked
	case length < 0:
		// For a client that knows no chunks, or a handler that asks for none by the coding's name of old (RFC 2616, Section 3.6).
		f.framing = toEOF
		s.persistent = false
	}
	s.frame = f
	return length
}

// appendConnection says whether the connection lives on (RFC 9112, Section 9.6: "A server
// that does not support persistent connections MUST send the close connection option").
func (s *ServerConn) appendConnection(dst []byte, r *semantics.Response, offers bool) []byte {
	upgrade := offers && r.Status == semantics.StatusUpgradeRequired
	switch {
	case s.old(r) && !s.persists():
		return dst // HTTP/1.0 ends a connection that nobody has asked to keep
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
	if !s.facts.upgrade || !s.facts.offers || s.half[client] == failed {
		return dst, engine.Misuse(rules[ruleUnasked].text, "")
	}
	dst, f, err := appendFields(dst, &r.Fields, ownOfSwitch)
	if err != nil {
		return dst, err
	}
	if !f.offers {
		// Section 15.2.2: "The server MUST generate an Upgrade header field in the response".
		return dst, engine.Misuse(engine.RuleOrder, "101 without an Upgrade field")
	}
	s.handOver()
	return append(dst, "Connection: Upgrade\r\n\r\n"...), nil
}

// handOver gives the connection to another protocol.
func (s *ServerConn) handOver() {
	s.step(server, swap)
}

// version returns the version of the request, 0 if it is not known.
func (s *ServerConn) version() semantics.Protocol {
	if s.request == nil {
		return 0
	}
	return s.request.Protocol
}

// old reports whether a response is to be one of HTTP/1.0, to a request that is.
func (s *ServerConn) old(r *semantics.Response) bool {
	return r.Protocol == semantics.HTTP10 && s.version() == semantics.HTTP10
}

func (s *ServerConn) method() string {
	if s.request == nil {
		return ""
	}
	return s.request.Method
}
