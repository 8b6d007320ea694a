package semantics

import "strings"

// Host returns the host of the authority without its port and, if it is an IP
// literal, without its brackets; "" if there is none.
func (t *Target) Host() string {
	host, _, _ := SplitAuthority(t.Authority)
	if len(host) >= 2 && host[0] == '[' {
		return host[1 : len(host)-1]
	}
	return host
}

// Port returns the port of the authority in decimal digits, or "" if it names
// none.
func (t *Target) Port() string {
	_, port, _ := SplitAuthority(t.Authority)
	return port
}

// HasQuery reports whether the target has a query, which may be empty.
func (t *Target) HasQuery() bool {
	return t.Query != "" || t.Form != AuthorityForm && strings.IndexByte(t.Raw, '?') >= 0
}

// PathUnescaped returns the path with percent-encoding undone (RFC 3986,
// Section 2.4). What it returns may hold any byte but NUL and need not be UTF-8;
// a "/" in it may have been encoded, and dot segments are still there: who maps
// it to files must clean it. The error is a [*TargetError]; a target from
// [ParseTarget] has none. Without an encoded byte it allocates nothing.
func (t *Target) PathUnescaped() (string, error) {
	n := strings.Count(t.Path, "%")
	if n == 0 {
		return t.Path, nil
	}
	var b strings.Builder
	b.Grow(max(len(t.Path)-2*n, 0))
	for i := 0; i < len(t.Path); i++ {
		c := t.Path[i]
		if c == '%' {
			if !escapeAt(t.Path, i) {
				return "", &TargetError{Target: t.Path, Offset: i, Rule: ruleTargetEscape}
			}
			c = unhex(t.Path[i+1])<<4 | unhex(t.Path[i+2])
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// String returns the target as it was sent, or one made of the parts.
func (t *Target) String() string {
	if t.Raw != "" {
		return t.Raw
	}
	s := t.Path
	if t.Query != "" {
		s += "?" + t.Query
	}
	switch t.Form {
	case AbsoluteForm:
		return t.Scheme + "://" + t.Authority + s
	case AuthorityForm:
		return t.Authority
	}
	return s
}
