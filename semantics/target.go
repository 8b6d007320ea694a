package semantics

import (
	"strconv"
	"strings"
)

// A Form is one of the four forms of a request target (RFC 9112, Section 3.2).
type Form uint8

const (
	OriginForm    Form = iota // /path?query
	AbsoluteForm              // http://host/path?query
	AuthorityForm             // host:port, with CONNECT only
	AsteriskForm              // *, with OPTIONS only
)

// String returns the name of the form as RFC 9112 writes it, "origin-form".
func (f Form) String() string {
	switch f {
	case OriginForm:
		return "origin-form"
	case AbsoluteForm:
		return "absolute-form"
	case AuthorityForm:
		return "authority-form"
	case AsteriskForm:
		return "asterisk-form"
	}
	return "unknown form"
}

// A Target is a request target, taken apart. The parts are as they were sent:
// percent-encoding is not undone (but see [Target.PathUnescaped]), and dot
// segments are not removed.
type Target struct {
	Form      Form
	Raw       string // as in the request line; not looked at when a request is sent
	Scheme    string // in lower case; absolute-form; on HTTP/2 always
	Authority string // host[:port]: of the target if it names one, else of Host
	Path      string // "" with AuthorityForm, "*" with AsteriskForm
	Query     string // without "?"
}

// A TargetError says why a request target is not valid. A server answers it
// with 400 (RFC 9112, Section 3).
type TargetError struct {
	Target string // as it was given
	Offset int    // of what is at fault, its length if something is missing; or -1
	Rule   string // the sentence that was broken, with its document and section
}

// Error names the rule and quotes the target, or the beginning of a long one.
func (e *TargetError) Error() string {
	const most = 80
	t := e.Target
	if len(t) > most {
		t = t[:most] + "…"
	}
	s := e.Rule + ": target " + strconv.QuoteToASCII(t)
	if e.Offset >= 0 {
		s += ", byte " + strconv.Itoa(e.Offset)
	}
	return s
}

const (
	ruleTargetForm   = "RFC 9112, Section 3.2: a target has one of four forms"
	ruleTargetByte   = "RFC 9112, Section 3.2: only visible ASCII, and no fragment, in a target"
	ruleTargetEscape = "RFC 3986, Section 2.1: a percent sign in a path begins an encoded byte"
	ruleTargetNUL    = "RFC 3986, Section 7.3: no encoded NUL in a path"
	ruleAbsolute     = "RFC 9112, Section 3.2.2: absolute-form is scheme://host[:port][/path]"
	ruleConnect      = "RFC 9112, Section 3.2.3: CONNECT takes host:port and nothing else"
	ruleAsterisk     = "RFC 9112, Section 3.2.4: asterisk-form only with OPTIONS"
)

// ParseTarget takes the target of a request line apart (RFC 9112, Section 3.2).
// The error is a [*TargetError]. It allocates nothing for a valid target whose
// scheme, if any, is in lower case; the parts share raw's memory.
//
// It is strict: control characters, spaces, bytes beyond ASCII and fragments
// are refused, and nothing is repaired: "A recipient SHOULD NOT attempt to
// autocorrect … since the invalid request-line might be deliberately crafted to
// bypass security filters along the request chain" (Section 3.2). Where the grammar of RFC 3986 and real clients disagree:
//
//   - A query may hold any visible character but "#", and a percent sign that
//     encodes nothing: browsers and many libraries send queries as typed, and
//     no reader of HTTP takes them apart.
//   - A path may hold [ ] ^ ` { | }, which clients leave unencoded, but
//     not " < > \, which they encode.
//   - A percent sign in a path must encode a byte, and not NUL: a server
//     must decode paths, and what decodes badly has no one meaning.
//
// An absolute-form needs an authority, valid by [ValidAuthority] and for every
// scheme without user information ("a recipient SHOULD parse for userinfo and
// treat its presence as an error", RFC 9110, Section 4.2.4, of http and https). When its
// path is empty Path is "/", or "*" with OPTIONS and without a query (RFC 9112,
// Section 3.2.4).
//
// CONNECT takes the authority-form only, with a port from 1 to 65535: "A
// server MUST reject a CONNECT request that targets an empty or invalid port
// number" (RFC 9110, Section 9.3.6).
func ParseTarget(method, raw string) (Target, error) {
	t := Target{Raw: raw}
	switch {
	case method == MethodConnect:
		return t.parseAuthorityForm()
	case raw == "":
		return t.fail(-1, ruleTargetForm)
	case raw[0] == '/':
		return t.parsePath(0)
	case raw[0] == '*':
		return t.parseAsterisk(method)
	}
	return t.parseAbsolute(method)
}

// TargetOf makes a target of the parts that HTTP/2 sends in pseudo-header
// fields: scheme, authority and path, which is the path with the query (RFC
// 9113, Section 8.3.1). They are held to the rules of [ParseTarget]; the error
// is a [*TargetError]. authority may be empty only where the protocol lets a
// Host field stand for it; the caller then puts that in its place.
//
// With CONNECT an empty scheme and path make an authority-form; with both it
// is the extended CONNECT of RFC 8441, Section 4, and read as any method is.
func TargetOf(method, scheme, authority, path string) (Target, error) {
	if method == MethodConnect && scheme == "" && path == "" {
		return ParseTarget(method, authority)
	}
	t := Target{Raw: path}
	switch {
	case !validScheme(scheme):
		return Target{Raw: scheme}.fail(-1, ruleTargetForm)
	case authority != "" && !ValidAuthority(authority):
		return Target{Raw: authority}.fail(-1, ruleAbsolute)
	case path == "" || path[0] != '/' && path[0] != '*':
		return t.fail(-1, ruleTargetForm)
	}
	var err error
	if path[0] == '*' {
		t, err = t.parseAsterisk(method)
	} else {
		t, err = t.parsePath(0)
	}
	if err == nil {
		t.Scheme, t.Authority = strings.ToLower(scheme), authority
	}
	return t, err
}

// fail returns the error for the byte of t.Raw at offset.
func (t Target) fail(offset int, rule string) (Target, error) {
	return Target{}, &TargetError{Target: t.Raw, Offset: offset, Rule: rule}
}

// parsePath reads path and query, of which the path begins at t.Raw[from:].
func (t Target) parsePath(from int) (Target, error) {
	raw := t.Raw
	i := from
	for ; i < len(raw) && raw[i] != '?'; i++ {
		switch {
		case classes[raw[i]]&inPlainPath != 0:
		case classes[raw[i]]&inPath == 0:
			return t.fail(i, ruleTargetByte)
		case !escapeAt(raw, i):
			return t.fail(i, ruleTargetEscape)
		case raw[i+1] == '0' && raw[i+2] == '0':
			return t.fail(i, ruleTargetNUL)
		}
	}
	t.Path = raw[from:i]
	if i < len(raw) {
		t.Query = raw[i+1:]
		if bad := firstNotIn(t.Query, inQuery); bad >= 0 {
			return t.fail(i+1+bad, ruleTargetByte)
		}
	}
	return t, nil
}

func (t Target) parseAsterisk(method string) (Target, error) {
	if len(t.Raw) != 1 {
		return t.fail(1, ruleTargetForm)
	}
	// "The asterisk-form of request-target is only used for a server-wide
	// OPTIONS request" (RFC 9112, Section 3.2.4).
	if method != MethodOptions {
		return t.fail(0, ruleAsterisk)
	}
	t.Form, t.Path = AsteriskForm, t.Raw
	return t, nil
}

func (t Target) parseAuthorityForm() (Target, error) {
	host, port, ok := SplitAuthority(t.Raw)
	if !ok || !validHost(host) || !validPort(port) || strings.Trim(port, "0") == "" {
		return t.fail(-1, ruleConnect)
	}
	t.Form, t.Authority = AuthorityForm, t.Raw
	return t, nil
}

// parseAbsolute reads scheme "://" authority, then path and query.
func (t Target) parseAbsolute(method string) (Target, error) {
	raw := t.Raw
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !validScheme(scheme) {
		return t.fail(-1, ruleTargetForm)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	t.Form = AbsoluteForm
	t.Scheme = strings.ToLower(scheme)
	if t.Authority = rest[:end]; !ValidAuthority(t.Authority) {
		return t.fail(len(scheme)+len("://"), ruleAbsolute)
	}
	t, err := t.parsePath(len(raw) - len(rest) + end)
	if err == nil && t.Path == "" {
		t.Path = "/"
		if method == MethodOptions && end == len(rest) {
			t.Path = "*"
		}
	}
	return t, err
}

// validScheme: ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) (RFC 3986, Section 3.1).
func validScheme(s string) bool {
	return s != "" && isLetter(s[0]) && allIn(s, inScheme)
}
