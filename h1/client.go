package h1

import (
	"strconv"
	"strings"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A ClientConn is the client's side of an HTTP/1 connection. It does not pipeline. It is
// not safe for concurrent use.
type ClientConn struct {
	conn
	cache    headCache
	asking   asking
	method   string // of the exchange in progress
	offered  bool   // the request offers an upgrade
	interims int    // 1xx responses so far
	seen     bool   // something of a response has come
}

var _ engine.Client = (*ClientConn)(nil)

// NewClient makes the engine of a connection that is opened now. Zero limits mean their defaults.
func NewClient(limits engine.Limits, now engine.Instant) *ClientConn {
	return &ClientConn{conn: newConn(limits, client, now)}
}

// Capacity implements engine.Client: 1 between two exchanges, else 0.
func (c *ClientConn) Capacity() int {
	if c.half == [2]half{idle, idle} && c.persists() && !c.eof && c.broken == ok {
		return 1
	}
	return 0
}

// Next implements engine.Engine. A 101, and 2xx to CONNECT, is told as a Response without an
// end; Switch follows it.
func (c *ClientConn) Next(now engine.Instant, in []byte, ev *engine.Event) (n int) {
	switch {
	case c.State() != engine.Open:
		return 0
	case c.half == [2]half{idle, idle}:
		if len(in) > 0 || c.eof {
			// RFC 9112, Section 9.5: nothing can be due to a client that has asked for
			// nothing; a 408 that comes now is the server's farewell.
			c.closeIdle()
		}
		return 0
	case c.half[server] == waiting:
		n = c.readHead(now, in, ev)
	case c.half[server] == content:
		c.timers.pause(now)
		n = c.readContent(in, ev)
	case c.half[server] == ended && c.eof:
		// The response is complete, and nobody takes the rest of the request.
		c.abandon()
	}
	c.expire(ev)
	return n
}

// expire tells that time is up, unless what was waited for has come at last.
func (c *ClientConn) expire(ev *engine.Event) {
	if c.broken != ok && ev.Kind == engine.NoEvent && c.State() == engine.Open {
		c.fault(ev, c.broken, "")
	}
	c.broken = ok
}

// readHead looks for the head of a response.
func (c *ClientConn) readHead(now engine.Instant, in []byte, ev *engine.Event) int {
	c.timers.began(now, len(in))
	c.seen = c.seen || len(in) > 0
	size, broken := c.cache.begins(in), ok
	again := size > 0
	if again {
		c.section = section{}
	} else {
		size, broken = c.section.scan(in, c.limits.HeadBytes, ruleHeadLong)
	}
	switch {
	case broken != ok:
		c.fault(ev, broken, "")
		return len(in)
	case size > 0:
		c.takeHead(in[:size], ev, again)
	case c.eof && !c.seen:
		c.fault(ev, ruleNoResponse, "")
	case c.eof:
		c.fault(ev, ruleTruncated, "inside a response's head")
	}
	return size
}

// takeHead deals with a whole head. again says that it is the one that the cache keeps.
func (c *ClientConn) takeHead(bytes []byte, ev *engine.Event, again bool) {
	c.timers.head = 0
	var f facts
	r := c.cache.response
	if again {
		f = c.cache.facts
	} else {
		var broken rule
		var detail string
		text := string(bytes)
		r, f, broken, detail = parseResponse(text, &c.limits)
		if broken != ok {
			c.fault(ev, broken, detail)
			return
		}
		c.cache.keep(text, f, nil, r)
	}
	ev.Stream, ev.Response = c.id, r
	switch {
	case r.Status == semantics.StatusSwitchingProtocols:
		c.takeSwitch(ev)
	case semantics.Informational(r.Status):
		c.takeInterim(ev)
	default:
		c.takeFinal(ev, r, &f)
	}
}

func (c *ClientConn) takeInterim(ev *engine.Event) {
	c.interims++
	if c.interims > c.limits.Interim {
		c.fault(ev, ruleInterim, "")
		return
	}
	ev.Kind = engine.Interim
	c.step(server, interim)
}

// takeSwitch deals with 101. RFC 9110, Section 7.8: "A server MUST NOT switch to a protocol
// that was not indicated by the client".
func (c *ClientConn) takeSwitch(ev *engine.Event) {
	if !c.offered || c.half[client] == content && c.frame != (frame{}) {
		c.fault(ev, ruleUnasked, "")
		return
	}
	c.swap(ev)
}

// swap ends HTTP on the connection. If our caller has not ended the request yet there is
// nothing left of it to end.
func (c *ClientConn) swap(ev *engine.Event) {
	ev.Kind, ev.Length = engine.Response, -1
	c.timers.whole()
	if c.half[client] == content {
		c.step(client, end)
	}
	c.step(server, swap)
}

func (c *ClientConn) takeFinal(ev *engine.Event, r *semantics.Response, f *facts) {
	kind, length, broken := f.responseFraming(r.Protocol, c.method, r.Status)
	if broken == ok && length > c.limits.ContentBytes {
		broken = ruleContentLong
	}
	if broken != ok {
		detail := ""
		if broken == ruleLength {
			detail = strconv.Quote(f.length)
		}
		c.fault(ev, broken, detail)
		return
	}
	ev.Kind, ev.Length = engine.Response, length
	c.timers.whole()
	if c.method == semantics.MethodConnect && semantics.Successful(r.Status) {
		c.swap(ev)
		return
	}
	c.persistent = c.persistent && f.persists(r.Protocol) && kind != toEOF
	c.body = body{framing: kind, left: length}
	c.step(server, head)
	if length == 0 {
		ev.End = true
		c.step(server, end)
	}
}

// Request implements engine.Client.
func (c *ClientConn) Request(out *engine.Output, r *semantics.Request, length int64) (engine.StreamID, error) {
	if c.Capacity() == 0 {
		return 0, engine.Misuse(engine.RuleOrder, "an exchange is in progress, or the connection is closing")
	}
	start := len(out.Buf)
	buf, f, err := c.appendHead(out.Buf, r, length)
	if err != nil {
		out.Buf = buf[:start]
		return 0, err
	}
	out.Buf = buf
	c.id++
	c.method, c.offered, c.interims, c.seen = r.Method, f.offers, 0, false
	c.timers.whole()
	if f.close {
		c.persistent = false
	}
	c.step(client, head)
	return c.id, nil
}

// appendRequest appends the head of a request.
func (c *ClientConn) appendRequest(dst []byte, r *semantics.Request, length int64) ([]byte, facts, error) {
	var f facts
	switch {
	case !semantics.ValidName(r.Method) || len(r.Method) > maxMethod:
		return dst, f, engine.Misuse(rules[ruleMethod].text, "")
	case length != 0 && (r.Method == semantics.MethodTrace || r.Method == semantics.MethodConnect):
		// RFC 9110, Sections 9.3.8 and 9.3.6: these have no content.
		return dst, f, engine.Misuse(engine.RuleLength, r.Method+" has no content")
	}
	dst = append(append(dst, r.Method...), ' ')
	dst, err := appendTarget(dst, r)
	if err != nil {
		return dst, f, err
	}
	dst = append(dst, " HTTP/1.1\r\n"...)
	dst, err = appendHost(dst, r)
	if err != nil {
		return dst, f, err
	}
	dst, f, err = appendFields(dst, &r.Fields, func(name string) bool {
		// Section 10.1.1: "A client MUST NOT generate a 100-continue expectation in a
		// request that does not include content."
		return length == 0 && semantics.EqualFold(name, "Expect") ||
			ownOfSwitch(name)
	})
	if err == nil {
		dst, err = appendUpgrade(dst, r, &f)
	}
	if err != nil {
		return dst, f, err
	}
	return append(c.appendOwn(dst, r.Method, length, &f), crlf...), f, nil
}

// appendOwn appends the fields that are the engine's own, or puts them where the head's writer had lines of these names.
func (c *ClientConn) appendOwn(dst []byte, method string, length int64, f *facts) []byte {
	end := len(dst)
	lengthAt, connectionAt := end-f.places.length, end-f.places.connection
	c.frame = frame{framing: sized, left: length}
	switch {
	case length < 0:
		c.frame.framing = chunked
		dst = appendFraming(dst, chunked, length)
	case length > 0 || expectsContent(method):
		dst = appendFraming(dst, sized, length)
	}
	if n := shift(dst, lengthAt, end); connectionAt >= lengthAt {
		connectionAt += n
	}
	end = len(dst)
	dst = appendOptions(dst, f)
	shift(dst, connectionAt, end)
	return dst
}

// appendUpgrade offers the protocol that the request is to go on with, unless its fields do.
func appendUpgrade(dst []byte, r *semantics.Request, f *facts) ([]byte, error) {
	switch {
	case r.Upgrade == "" || f.offers:
		return dst, nil
	case !semantics.ValidValue(r.Upgrade) || r.Method == semantics.MethodConnect:
		return dst, engine.Misuse(rules[ruleFieldValue].text, "the value of Upgrade")
	}
	f.offers = true
	return appendField(dst, "Upgrade", r.Upgrade), nil
}

// appendOptions appends our own Connection field. RFC 9110, Section 7.8: "A sender of Upgrade
// MUST also send an "Upgrade" connection option".
func appendOptions(dst []byte, f *facts) []byte {
	switch {
	case f.offers && f.close:
		return append(dst, "Connection: close, Upgrade\r\n"...)
	case f.offers:
		return append(dst, "Connection: Upgrade\r\n"...)
	case f.close:
		return append(dst, "Connection: close\r\n"...)
	}
	return dst
}

// expectsContent: RFC 9110, Section 8.6: "A user agent SHOULD send Content-Length in a
// request when the method defines a meaning for enclosed content […]. For example, […] a
// POST request even when the value is 0".
func expectsContent(method string) bool {
	return method == semantics.MethodPost || method == semantics.MethodPut || method == semantics.MethodPatch
}

// appendHost appends Host, which is the first field (RFC 9110, Section 7.2: "a user agent
// SHOULD generate Host as the first field"): the one in the fields if there is one,
// else the target's authority.
func appendHost(dst []byte, r *semantics.Request) ([]byte, error) {
	host, given := r.Fields.Lookup("Host")
	if !given {
		host = r.Target.Authority
	}
	if !semantics.ValidAuthority(host) || given && r.Fields.Count("Host") > 1 {
		return dst, engine.Misuse(rules[ruleHost].text, host)
	}
	return appendField(dst, "Host", host), nil
}

// appendTarget appends the request target in its form, made of its parts: Raw may be that of another request, which this
// one was made of.
func appendTarget(dst []byte, r *semantics.Request) ([]byte, error) {
	start := len(dst)
	t := &r.Target
	switch {
	case !fits(t, r.Method):
		return dst, engine.Misuse(rules[ruleTarget].text, t.String())
	case t.Form == semantics.AsteriskForm:
		dst = append(dst, '*')
	case t.Form == semantics.AuthorityForm:
		dst = append(dst, t.Authority...)
	default:
		if t.Form == semantics.AbsoluteForm {
			dst = append(append(append(dst, t.Scheme...), "://"...), t.Authority...)
		}
		dst = append(dst, t.Path...)
		if t.Query != "" {
			dst = append(append(dst, '?'), t.Query...)
		}
	}
	// What was assembled must be what a server would read: no white space, no line end.
	for _, b := range dst[start:] {
		if b <= ' ' || b >= 0x7f || b == '#' {
			return dst, engine.Misuse(rules[ruleTarget].text, "")
		}
	}
	return dst, nil
}

// fits reports whether a target has the form that its method demands (RFC 9112, Section 3.2).
func fits(t *semantics.Target, method string) bool {
	switch t.Form {
	case semantics.AuthorityForm:
		_, err := semantics.ParseTarget(semantics.MethodConnect, t.Authority) // which demands a port
		return method == semantics.MethodConnect && err == nil
	case semantics.AsteriskForm:
		return method == semantics.MethodOptions
	case semantics.AbsoluteForm:
		if !semantics.ValidName(t.Scheme) || !semantics.ValidAuthority(t.Authority) {
			return false
		}
	}
	return method != semantics.MethodConnect && t.Path != "" && t.Path[0] == '/' && strings.IndexByte(t.Path, '?') < 0
}
