package semantics

import "iter"

// Entity tags are strings here, as they stand in a field: "\"xyz\"" or
// "W/\"xyz\"" (RFC 9110, Section 8.8.3).

// ValidETag reports whether s is an entity tag: visible characters but the
// double quote in double quotes, after "W/" (in this case) if it is weak.
func ValidETag(s string) bool {
	tag, rest := cutETag(s)
	return tag != "" && rest == ""
}

// StrongMatch reports whether two entity tags are the same and neither is weak
// (RFC 9110, Section 8.8.3.2): the representations are the same byte by byte.
func StrongMatch(a, b string) bool {
	return a == b && ValidETag(a) && a[0] == '"'
}

// WeakMatch reports whether two entity tags are the same but for their weakness
// (RFC 9110, Section 8.8.3.2).
func WeakMatch(a, b string) bool {
	return ValidETag(a) && ValidETag(b) && opaqueTag(a) == opaqueTag(b)
}

// opaqueTag returns a valid entity tag without its W/.
func opaqueTag(s string) string {
	if s[0] == 'W' {
		return s[len("W/"):]
	}
	return s
}

// ETags iterates over a list of entity tags, the value of an If-Match or
// If-None-Match field (RFC 9110, Section 13.1.1). A comma or a backslash in a
// tag is a character like any other, hence no [Members]. It ends at the first
// thing that is not an entity tag.
func ETags(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			for list != "" && (isSpace(list[0]) || list[0] == ',') {
				list = list[1:]
			}
			tag, rest := cutETag(list)
			if tag == "" || !yield(tag) {
				return
			}
			if rest = TrimSpace(rest); rest != "" && rest[0] != ',' {
				return
			}
			list = rest
		}
	}
}

// cutETag cuts an entity tag off the beginning of s; tag is "" if there is none.
func cutETag(s string) (tag, rest string) {
	i := 0
	if len(s) >= 2 && s[:2] == "W/" {
		i = 2
	}
	if i >= len(s) || s[i] != '"' {
		return "", s
	}
	for i++; i < len(s) && classes[s[i]]&inETag != 0; i++ {
	}
	if i == len(s) || s[i] != '"' {
		return "", s
	}
	return s[:i+1], s[i+1:]
}
