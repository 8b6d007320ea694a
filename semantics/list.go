package semantics

import "iter"

// Members iterates over the members of a comma-separated list that one field
// value holds (RFC 9110, Section 5.6.1). A comma in a quoted string separates
// nothing. Members come without white space around them; empty ones are left
// out: "a recipient MUST parse and ignore a reasonable number of empty list
// elements" (Section 5.6.1.2).
func Members(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			member, rest, ok := CutMember(value)
			if !ok || !yield(member) {
				return
			}
			value = rest
		}
	}
}

// Members iterates over the members of the list that all lines named name hold
// together, in order: such lines mean the same as one line that joins their
// values with commas (RFC 9110, Section 5.3).
func (f *Fields) Members(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range f.list {
			if !EqualFold(f.list[i].Name, name) {
				continue
			}
			for m := range Members(f.list[i].Value) {
				if !yield(m) {
					return
				}
			}
		}
	}
}

// HasToken reports whether the list in the lines named name has the member
// token, without regard to case, as in HasToken(&f, "Connection", "close").
// A member with parameters is not equal to its token alone.
func HasToken(f *Fields, name, token string) bool {
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) && listHas(f.list[i].Value, token) {
			return true
		}
	}
	return false
}

func listHas(value, token string) bool {
	for {
		member, rest, ok := CutMember(value)
		if !ok {
			return false
		}
		if EqualFold(member, token) {
			return true
		}
		value = rest
	}
}

// CutMember returns the first member of a comma-separated list that is not
// empty, and what follows its comma; ok is false when there is none. It is
// [Members] for a caller that keeps its place.
func CutMember(list string) (member, rest string, ok bool) {
	for list != "" {
		member, rest = cutOutside(list, ',')
		if member = TrimSpace(member); member != "" {
			return member, rest, true
		}
		list = rest
	}
	return "", "", false
}

// cutOutside cuts s at the first separator that is not in a quoted string. A
// string that is never closed reaches to the end.
func cutOutside(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++ // quoted-pair (RFC 9110, Section 5.6.4)
		case c == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
