package h1

import (
	"strings"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// parseResponse parses the head of a response, which ends with its empty line.
func parseResponse(text string, limits *engine.Limits) (*semantics.Response, facts, rule, string) {
	var f facts
	i := strings.IndexByte(text, '\n')
	r := &semantics.Response{}
	if broken := parseStatusLine(text[:i-1], r); broken != ok {
		return nil, f, broken, ""
	}
	fields, broken, detail := parseFields(text[i+1:], limits.Fields, &f)
	r.Fields = fields
	return r, f, broken, detail
}

// parseStatusLine parses
//
//	status-line = HTTP-version SP status-code SP [ reason-phrase ]
//	status-code = 3DIGIT
//
// RFC 9112, Section 4: "A server MUST send the space that separates the status-code
// from the reason-phrase even when the reason-phrase is absent". Some do not; as "a client SHOULD ignore the
// reason-phrase content" anyway, and nothing else could be meant, that is let pass.
func parseStatusLine(line string, r *semantics.Response) rule {
	version, rest, found := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	p, valid := semantics.ParseProtocol(version)
	switch {
	case !valid:
		return ruleVersion
	case p != semantics.HTTP10 && p != semantics.HTTP11:
		return ruleVersionUnknown
	case !found || len(code) != 3 || !semantics.ValidValue(strings.TrimSpace(reason)):
		return ruleStatusLine
	}
	for _, d := range []byte(code) {
		if d < '0' || d > '9' {
			return ruleStatusLine
		}
		r.Status = r.Status*10 + int(d-'0')
	}
	// RFC 9110, Section 15: codes from 600 on are invalid, and a client should take them
	// for 5xx, which [semantics.ServerError] does. One below 100 could be taken for anything.
	if r.Status < 100 {
		return ruleStatusLine
	}
	r.Protocol, r.Reason = p, reason
	return ok
}
