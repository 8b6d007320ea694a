package h1

import (
	"strings"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// parseRequest parses the head of a request, which ends with its empty line. The
// request is returned with an error too, if its head could be read.
func parseRequest(text string, limits *engine.Limits) (*semantics.Request, facts, rule, string) {
	var f facts
	i := strings.IndexByte(text, '\n')
	r := &semantics.Request{}
	if broken, detail := parseRequestLine(text[:i-1], limits, r); broken != ok {
		return nil, f, broken, detail
	}
	fields, broken, detail := parseFields(text[i+1:], limits.Fields, &f)
	if broken != ok {
		return nil, f, broken, detail
	}
	r.Fields = fields
	if f.upgrade && f.offers && r.Protocol >= semantics.HTTP11 && r.Method != semantics.MethodConnect {
		// RFC 9110, Section 7.8: "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request", and one
		// that Connection does not name was not meant for this connection.
		r.Upgrade = fields.Get("Upgrade")
	}
	return r, f, f.checkHost(r), ""
}

// parseRequestLine parses
//
//	request-line = method SP request-target SP HTTP-version
//
// RFC 9112, Section 3 lets a recipient split at any white space; this one does not, for
// "lenient parsing can result in request smuggling".
func parseRequestLine(line string, limits *engine.Limits, r *semantics.Request) (rule, string) {
	method, rest, found := strings.Cut(line, " ")
	if !semantics.ValidName(method[:min(len(method), maxMethod+1)]) {
		return ruleMethod, ""
	}
	if len(method) > maxMethod {
		// Section 3 suggests 501 for a method longer than any that a server implements;
		// this engine implements any method, and takes such a line for none.
		return ruleMethodLong, ""
	}
	raw, version, found2 := strings.Cut(rest, " ")
	if len(raw) > limits.TargetBytes {
		return ruleTargetLong, ""
	}
	if !found || !found2 || raw == "" {
		return ruleStartLine, ""
	}
	p, valid := semantics.ParseProtocol(version)
	if !valid {
		return ruleVersion, ""
	}
	if p != semantics.HTTP10 && p != semantics.HTTP11 {
		return ruleVersionUnknown, version
	}
	target, err := semantics.ParseTarget(method, raw)
	if err != nil {
		return ruleTarget, err.Error()
	}
	r.Method, r.Target, r.Protocol = method, target, p
	return ok, ""
}

// maxMethod bounds the length of a method; the longest one registered has 16 letters.
const maxMethod = 64

// checkHost checks Host and fills in the target's authority from it.
//
// RFC 9112, Section 3.2: "A server MUST respond with a 400 […] to any HTTP/1.1 request
// message that lacks a Host header field and to any request message that contains more
// than one Host header field line or a Host header field with an invalid field value."
func (f *facts) checkHost(r *semantics.Request) rule {
	switch {
	case f.hosts > 1:
		return ruleHostTwice
	case f.hosts == 0 && r.Protocol >= semantics.HTTP11:
		return ruleHostMissing
	case f.hosts == 1 && !semantics.ValidAuthority(f.host):
		return ruleHost
	}
	if r.Target.Authority == "" {
		// Section 3.2.2: with the absolute form "the origin server MUST ignore the
		// received Host header field (if any)", hence only where the target has none.
		r.Target.Authority = f.host
	}
	if r.Target.Scheme == "" && r.Target.Form != semantics.AuthorityForm {
		r.Target.Scheme = "http"
	}
	return ok
}
