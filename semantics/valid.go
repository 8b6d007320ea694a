package semantics

// ValidName reports whether s may be a field name, or a method: a token, which
// is one or more visible ASCII characters without delimiters (RFC 9110,
// Sections 5.1 and 5.6.2).
func ValidName(s string) bool {
	return s != "" && allIn(s, inToken)
}

// ValidValue reports whether s may be a field value: "Field values containing
// CR, LF, or NUL characters are invalid and dangerous" (RFC 9110, Section 5.5),
// and so are here, as that section lets a recipient choose, all other control
// characters but HTAB. The bytes from 0x80 (obs-text) are allowed.
//
// White space at either end is no part of a value, hence not valid either.
func ValidValue(s string) bool {
	if s == "" {
		return true
	}
	return !isSpace(s[0]) && !isSpace(s[len(s)-1]) && allIn(s, inValue)
}

// TrimSpace returns s without the optional white space, spaces and tabs, at its
// ends (RFC 9110, Section 5.6.3).
func TrimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
