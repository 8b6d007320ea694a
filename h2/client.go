package h2

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// A ClientConn is the client's side of an HTTP/2 connection. It is not safe for concurrent use.
type ClientConn struct {
	conn
	asked asking // the head of the latest request
}

var (
	_ engine.Client      = (*ClientConn)(nil)
	_ engine.Multiplexed = (*ClientConn)(nil)
	_ engine.Extender    = (*ClientConn)(nil)
)

// NewClient makes the engine of a connection that is opened now. Zero limits mean their defaults.
func NewClient(limits engine.Limits, now engine.Instant) *ClientConn {
	c := &ClientConn{}
	c.init(limits, client, now)
	return c
}

// Capacity implements engine.Client: the peer's limit of streams, less those that are open.
func (c *ClientConn) Capacity() int {
	if c.life != running && c.life != settings || c.eof || c.lastOwn >= maxStream-2 {
		return 0
	}
	most := min(int64(c.peer.maxStreams), int64(c.limits.Streams))
	return int(max(0, most-int64(len(c.streams))))
}

// ExtendedConnect implements engine.Extender.
func (c *ClientConn) ExtendedConnect() (takes, known bool) {
	return c.peer.connectProtocol, c.life != settings
}

// Request implements engine.Client.
func (c *ClientConn) Request(out *engine.Output, r *semantics.Request, length int64) (engine.StreamID, error) {
	if c.Capacity() == 0 {
		return 0, engine.Misuse(engine.RuleOrder, "the connection takes no exchange now")
	}
	before := c.enc.TableState()
	repeated := c.asked.is(r, length, before)
	var p [numPseudos]string
	if !repeated {
		var err error
		if p, err = c.checkRequest(r, length); err != nil {
			return 0, err
		}
	}
	c.begin(out)
	c.lastOwn = (c.lastOwn + 1) | 1
	s := c.open(c.lastOwn)
	s.told, s.begun, s.method = true, true, specialOf(methodOf(r))
	s.rest = length
	if s.method == connectMethod {
		s.rest = -1
	}
	start, buf := beginBlock(out)
	if repeated {
		buf = append(buf, c.asked.block...)
	} else {
		at := len(buf)
		buf = c.appendPseudo(buf, &p)
		buf = c.appendFields(buf, &r.Fields)
		if length > 0 || length == 0 && (r.Method == semantics.MethodPost || r.Method == semantics.MethodPut || r.Method == semantics.MethodPatch) {
			buf = c.appendLength(buf, length) // RFC 9110, Section 8.6
		}
		c.asked.keep(r, length, buf[at:], before, c.enc.TableState())
	}
	c.endBlock(out, start, buf, s, s.rest == 0)
	if s.rest == 0 {
		s.step(sendEnd)
	}
	return s.id, nil
}

// checkRequest reports what in a request cannot be sent, and returns its pseudo-header fields.
func (c *ClientConn) checkRequest(r *semantics.Request, length int64) (p [numPseudos]string, err error) {
	tunnel := methodOf(r) == semantics.MethodConnect
	switch {
	case !semantics.ValidName(r.Method):
		return p, engine.Misuse(rules[rulePseudo].text, "method "+r.Method)
	case length != 0 && r.Method == semantics.MethodTrace:
		return p, engine.Misuse(engine.RuleLength, "TRACE has no content")
	case length > 0 && tunnel:
		return p, engine.Misuse(engine.RuleLength, "a tunnel has no length")
	case r.Upgrade != "" && !c.peer.connectProtocol:
		return p, engine.Misuse(rules[rulePseudo].text, ":protocol, which the server does not take")
	}
	if err := checkFields(&r.Fields); err != nil {
		return p, err
	}
	return pseudoOf(r)
}

// methodOf returns the method that a request is sent with (RFC 8441, Section 4).
func methodOf(r *semantics.Request) string {
	if r.Upgrade != "" {
		return semantics.MethodConnect
	}
	return r.Method
}

// pseudoOf returns the pseudo-header fields of a request (Section 8.3.1), as a server would read them.
func pseudoOf(r *semantics.Request) (p [numPseudos]string, err error) {
	t := &r.Target
	p[method], p[authority], p[protocol] = methodOf(r), t.Authority, r.Upgrade
	if r.Method == semantics.MethodConnect && r.Upgrade == "" {
		// Section 8.5: ":authority" is where the tunnel leads to, whatever Host says.
		if _, err := semantics.ParseTarget(r.Method, p[authority]); err != nil {
			return p, engine.Misuse(rules[ruleTarget].text, err.Error())
		}
		return p, nil
	}
	if host, given := r.Fields.Lookup("Host"); given {
		if r.Fields.Count("Host") > 1 {
			return p, engine.Misuse(rules[ruleAuthority].text, "")
		}
		p[authority] = host
	}
	p[scheme], p[path] = t.Scheme, t.Path
	if t.Query != "" {
		p[path] = t.Path + "?" + t.Query
	}
	if p[scheme] == "" {
		p[scheme] = "https"
	}
	if t.Form == semantics.AsteriskForm {
		p[path] = "*"
	}
	if r.Upgrade != "" && !semantics.ValidName(r.Upgrade) {
		return p, engine.Misuse(rules[rulePseudo].text, ":protocol is one token")
	}
	if !semantics.ValidAuthority(p[authority]) {
		return p, engine.Misuse(rules[ruleAuthority].text, p[authority])
	}
	if _, err := semantics.TargetOf(p[method], p[scheme], p[authority], p[path]); err != nil {
		return p, engine.Misuse(rules[ruleTarget].text, err.Error())
	}
	return p, nil
}

var pseudoNames = [numPseudos]string{method: ":method", scheme: ":scheme", authority: ":authority", path: ":path", protocol: ":protocol"}

func (c *ClientConn) appendPseudo(dst []byte, p *[numPseudos]string) []byte {
	for i, name := range pseudoNames {
		if p[i] != "" {
			dst = c.enc.AppendField(dst, hpack.Field{Name: name, Value: p[i]})
		}
	}
	return dst
}
