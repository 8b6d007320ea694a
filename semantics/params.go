package semantics

import (
	"iter"
	"strings"
)

// CutParams cuts a value such as "text/html; charset=utf-8" at its first
// semicolon that is not in a quoted string. Both sides come without white space
// around them.
func CutParams(value string) (first, params string) {
	first, params = cutOutside(value, ';')
	return TrimSpace(first), TrimSpace(params)
}

// Params iterates over the parameters in what [CutParams] returned, as
// "charset=utf-8; q=0.5": names as they are written, to be compared without
// regard to case, and values with their quotes undone (RFC 9110, Section
// 5.6.6). It leaves out what is not name=value with a token or a quoted string
// for value.
func Params(params string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for params != "" {
			var p string
			p, params = cutOutside(params, ';')
			name, value, ok := cutParam(p)
			if ok && !yield(name, value) {
				return
			}
		}
	}
}

// Param returns the first parameter of the name in a value such as
// "text/html; charset=utf-8", and whether there is one.
func Param(value, name string) (string, bool) {
	_, params := CutParams(value)
	for n, v := range Params(params) {
		if EqualFold(n, name) {
			return v, true
		}
	}
	return "", false
}

// cutParam reads parameter-name "=" parameter-value, around which alone there
// may be white space (RFC 9110, Section 5.6.6).
func cutParam(p string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(TrimSpace(p), "=")
	if !ok || !ValidName(name) {
		return "", "", false
	}
	if ValidName(value) {
		return name, value, true
	}
	value, ok = Unquote(value)
	return name, value, ok
}

// Unquote returns the text of a quoted string (RFC 9110, Section 5.6.4), and
// whether s is one. It allocates only where a backslash has to go.
func Unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	escapes := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			escapes++
			i++
		} else if s[i] == '"' {
			return "", false
		}
		if i == len(s) || classes[s[i]]&inValue == 0 {
			return "", false
		}
	}
	if escapes == 0 {
		return s, true
	}
	b := make([]byte, 0, len(s)-escapes)
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b = append(b, s[i])
	}
	return string(b), true
}

// AppendQuoted appends s as a quoted string. s must be a valid field value,
// but may begin and end with white space (see [ValidValue]).
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}
