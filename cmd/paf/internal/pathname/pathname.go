// Package pathname turns the path of a request into names of files and routes.
package pathname

import "strings"

// Segment undoes the percent-encoding of one segment of a path. ok is false if
// an encoding is malformed, or if the segment then holds what no name can: a
// control character, "/" or "\" that would make two names of one, or nothing
// but the dots that mean this or the upper directory (RFC 3986, Section 3.3).
func Segment(raw string) (name string, ok bool) {
	name = raw
	if strings.IndexByte(raw, '%') >= 0 {
		if name, ok = decode(raw); !ok {
			return "", false
		}
	}
	if name == "." || name == ".." {
		return "", false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; c < ' ' || c == 0x7f || c == '/' || c == '\\' {
			return "", false
		}
	}
	return name, true
}

func decode(raw string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' {
			b.WriteByte(raw[i])
			continue
		}
		if i+2 >= len(raw) {
			return "", false
		}
		hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// Segments cuts a path that begins with "/" into its segments and undoes the
// encoding of each; a segment between two slashes is "". dir says that the path
// ends in "/". ok is false if a segment is refused by [Segment].
func Segments(path string) (names []string, dir, ok bool) {
	path, ok = strings.CutPrefix(path, "/")
	if path == "" || !ok {
		return nil, true, ok
	}
	path, dir = strings.CutSuffix(path, "/")
	for raw := range strings.SplitSeq(path, "/") {
		name, ok := Segment(raw)
		if !ok {
			return nil, false, false
		}
		names = append(names, name)
	}
	return names, dir, true
}
