package h2

import (
	"strings"

	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/semantics"
)

// A message is what a field block says, while it is read. A connection has one, used for each block.
type message struct {
	pseudo  [numPseudos]string
	has     [numPseudos]bool
	list    []semantics.Field // what is no pseudo-header field
	broken  rule              // the first rule that was broken
	detail  string
	failed  error // the block could not be decompressed
	cookies int
	facts   facts
}

// facts is what the fields of a head say about the message.
type facts struct {
	length   int64 // -1: no Content-Length
	lengths  int
	hosts    int
	host     string
	expect   bool
	unknown  bool // Expect lists something else than 100-continue
	priority string
}

// A pseudo is a pseudo-header field (Section 8.3).
type pseudo int

const (
	method pseudo = iota
	scheme
	authority
	path
	protocol // RFC 8441, Section 4
	status
	numPseudos
)

func (m *message) reset() {
	clear(m.list)
	*m = message{list: m.list[:0], facts: facts{length: -1}}
}

// letGo is reset for one that may not be needed soon: of many fields not even the memory is kept.
func (m *message) letGo() {
	if cap(m.list) > listMost {
		m.list = nil
	}
	m.reset()
}

// listMost is for how many fields a message keeps memory.
const listMost = 128

// breaks notes that a rule has been broken.
func (m *message) breaks(r rule) {
	if m.broken == ok {
		m.broken = r
	}
}

func (m *message) breaksIn(r rule, name string) {
	if m.broken == ok {
		m.broken, m.detail = r, name
	}
}

// see takes one field line.
func (m *message) see(f *hpack.Field, most int) {
	if m.broken != ok {
		return
	}
	if f.Name != "" && f.Name[0] == ':' {
		m.seePseudo(f)
		return
	}
	// Section 8.2.1: "A field name MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or
	// 0x7f-0xff", nor a colon; this engine takes tokens only, as RFC 9110, Section 5.1 says.
	if !validLowerName(f.Name) {
		m.breaksIn(ruleMalformedName, f.Name)
		return
	}
	if !semantics.ValidValue(f.Value) {
		m.breaksIn(ruleMalformedValue, f.Name)
		return
	}
	if len(m.list) >= most {
		m.breaks(ruleFieldCount)
		return
	}
	m.list = append(m.list, semantics.Field(*f))
	m.note(f)
}

// note takes note of the fields that say something about the message.
func (m *message) note(f *hpack.Field) {
	switch f.Name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		// Section 8.2.2: "Any message containing connection-specific header fields MUST be treated as malformed".
		m.breaksIn(ruleConnectionField, f.Name)
	case "te":
		// "The only exception to this is the TE header field, which MAY be present in an HTTP/2 request; when
		// it is, it MUST NOT contain any value other than "trailers"."
		if !semantics.EqualFold(f.Value, "trailers") {
			m.breaksIn(ruleConnectionField, f.Name)
		}
	case "content-length":
		m.facts.lengths++
		n, valid := semantics.ParseLength(f.Value)
		if !valid || m.facts.lengths > 1 {
			m.breaks(ruleLengthField)
		}
		m.facts.length = n
	case "host":
		m.facts.hosts++
		m.facts.host = f.Value
	case "cookie":
		m.cookies++
	case "expect":
		for member := range semantics.Members(f.Value) {
			if semantics.EqualFold(member, "100-continue") {
				m.facts.expect = true
			} else {
				m.facts.unknown = true
			}
		}
	case "priority":
		m.facts.priority = f.Value
	case "content_length", "transfer_encoding":
		// Gateways of the CGI kind take "_" for "-": what one recipient takes for framing and another does
		// not is how requests are smuggled.
		m.breaksIn(ruleConnectionField, f.Name)
	}
}

// seePseudo takes a pseudo-header field. Section 8.3: "All pseudo-header fields MUST appear in a field block before
// all regular field lines", "the same pseudo-header field name MUST NOT appear more than once".
func (m *message) seePseudo(f *hpack.Field) {
	p := numPseudos
	switch f.Name {
	case ":method":
		p = method
	case ":scheme":
		p = scheme
	case ":authority":
		p = authority
	case ":path":
		p = path
	case ":protocol":
		p = protocol
	case ":status":
		p = status
	}
	switch {
	case p == numPseudos, m.has[p]:
		m.breaksIn(rulePseudo, f.Name)
	case len(m.list) > 0:
		m.breaksIn(rulePseudoLate, f.Name)
	default:
		m.pseudo[p], m.has[p] = f.Value, true
	}
}

// fields returns the fields that are no pseudo-header fields, in memory of their own.
func (m *message) fields() semantics.Fields {
	if len(m.list) == 0 {
		return semantics.Fields{}
	}
	if m.cookies > 1 {
		m.joinCookies()
	}
	return semantics.FieldsFrom(append(make([]semantics.Field, 0, len(m.list)), m.list...))
}

// joinCookies: Section 8.2.3: if there are several Cookie lines, "these MUST be concatenated into a single octet
// string using the two-octet delimiter of 0x3b, 0x20 (the ASCII string "; ") before being passed into a
// non-HTTP/2 context, such as […] a generic HTTP server application".
func (m *message) joinCookies() {
	var crumbs []string
	sensitive := false
	first := -1
	kept := m.list[:0]
	for _, f := range m.list {
		if f.Name == "cookie" {
			crumbs = append(crumbs, f.Value)
			sensitive = sensitive || f.Sensitive
			if first >= 0 {
				continue
			}
			first = len(kept)
		}
		kept = append(kept, f)
	}
	clear(m.list[len(kept):])
	m.list = kept
	m.list[first].Value, m.list[first].Sensitive = strings.Join(crumbs, "; "), sensitive
}

// request makes a request of what the block says (Section 8.3.1).
func (m *message) request(c *conn, end bool) (*semantics.Request, facts, rule, string) {
	f := m.facts
	connect := m.pseudo[method] == semantics.MethodConnect && !m.has[protocol]
	switch {
	case m.broken != ok:
		return nil, f, m.broken, m.detail
	case m.has[status]:
		return nil, f, rulePseudo, ":status"
	case m.has[protocol] && (!c.limits.ExtendedConnect || m.pseudo[method] != semantics.MethodConnect):
		return nil, f, rulePseudo, ":protocol"
	case connect && (m.has[scheme] || m.has[path] || !m.has[authority]):
		// Section 8.5: "The ":scheme" and ":path" pseudo-header fields MUST be omitted."
		return nil, f, rulePseudo, "of CONNECT"
	case !m.has[method], !connect && (!m.has[scheme] || !m.has[path]), m.has[protocol] && !m.has[authority]:
		return nil, f, rulePseudoMissing, ""
	case !semantics.ValidName(m.pseudo[method]):
		return nil, f, rulePseudo, ":method"
	case len(m.pseudo[path]) > c.limits.TargetBytes:
		return nil, f, ruleTargetLong, ""
	case m.has[protocol] && !semantics.ValidName(m.pseudo[protocol]):
		return nil, f, rulePseudo, ":protocol"
	case m.has[protocol] && (m.pseudo[scheme] == "" || m.pseudo[path] == ""):
		// RFC 8441, Section 4: an extended CONNECT has the :scheme and :path of its target URI. Empty ones would make it
		// a plain CONNECT.
		return nil, f, ruleTarget, "of an extended CONNECT"
	}
	target, err := semantics.TargetOf(m.pseudo[method], m.pseudo[scheme], m.pseudo[authority], m.pseudo[path])
	if err != nil {
		return nil, f, ruleTarget, err.Error()
	}
	if !m.agree(&target) {
		return nil, f, ruleAuthority, ""
	}
	r := &semantics.Request{
		Method:   m.pseudo[method],
		Target:   target,
		Protocol: semantics.HTTP2,
		Upgrade:  m.pseudo[protocol],
		Fields:   m.fields(),
	}
	return r, f, m.content(c, r, end), ""
}

// agree reports whether :authority and Host name one and the same host, and puts Host in the place of an
// absent :authority. Section 8.3.1: "A server SHOULD treat a request as malformed if it contains a
// Host header field that identifies an entity that differs from the entity in the ":authority"".
func (m *message) agree(t *semantics.Target) bool {
	switch {
	case m.facts.hosts > 1:
		return false
	case m.has[authority] && m.pseudo[authority] == "" && t.Scheme != "":
		return false // "the ":authority" […] MUST NOT be empty" where the scheme has one
	case m.facts.hosts == 0:
		return m.has[authority] || t.Form == semantics.AsteriskForm
	case !semantics.ValidAuthority(m.facts.host):
		return false
	case !m.has[authority]:
		t.Authority = m.facts.host
		return true
	}
	return semantics.EqualFold(m.facts.host, t.Authority)
}

// content says whether a request may have the content that it announces.
func (m *message) content(c *conn, r *semantics.Request, end bool) rule {
	switch {
	case end && m.facts.length > 0:
		return ruleLengthSum
	case m.facts.length > c.limits.ContentBytes:
		return ruleContentLong
	case m.facts.length > 0 && r.Method == semantics.MethodConnect:
		return ruleConnectContent
	case !end && r.Method == semantics.MethodTrace:
		return ruleTraceContent
	case m.facts.unknown:
		return ruleExpect
	}
	return ok
}

// response makes a response of what the block says (Section 8.3.2).
func (m *message) response(c *conn) (*semantics.Response, facts, rule, string) {
	f := m.facts
	if m.broken != ok {
		return nil, f, m.broken, m.detail
	}
	for p := range status {
		if m.has[p] {
			return nil, f, rulePseudo, ""
		}
	}
	if !m.has[status] {
		return nil, f, rulePseudoMissing, ":status"
	}
	code := m.pseudo[status]
	if len(code) != 3 || code[0] < '1' || code[0] > '9' || !isDigit(code[1]) || !isDigit(code[2]) || code == "101" {
		return nil, f, ruleStatus, code // Section 8.6: "HTTP/2 removes support for the 101 (Switching Protocols)"
	}
	if f.length > c.limits.ContentBytes {
		return nil, f, ruleContentLong, ""
	}
	n := int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return &semantics.Response{Status: n, Protocol: semantics.HTTP2, Fields: m.fields()}, f, ok, ""
}

// trailer makes a trailer section of what the block says: "Trailers MUST NOT include pseudo-header fields"; and none of the
// fields that would change how the message is framed, routed or authorized.
func (m *message) trailer() (*semantics.Fields, rule, string) {
	if m.broken != ok {
		return nil, m.broken, m.detail
	}
	for p := range numPseudos {
		if m.has[p] {
			return nil, rulePseudo, "in a trailer section"
		}
	}
	for i := range m.list {
		if !semantics.AllowedInTrailer(m.list[i].Name) {
			return nil, ruleTrailerField, m.list[i].Name
		}
	}
	fields := m.fields()
	return &fields, ok, ""
}

// bodiless reports whether a response has no content whatever its fields say (RFC 9110, Section 6.4.1).
func bodiless(method special, status int) bool {
	return method == headMethod || semantics.NoContent(status)
}

func validLowerName(name string) bool {
	for i := 0; i < len(name); i++ {
		if 'A' <= name[i] && name[i] <= 'Z' {
			return false
		}
	}
	return semantics.ValidName(name)
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }
