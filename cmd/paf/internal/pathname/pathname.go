// Package pathname turns the path of a request into names of files and routes.
package pathname

import (
	"net/url"
	"strings"
)

// Segment undoes the percent-encoding of one segment of a path. ok is false if
// an encoding is malformed, or if the segment then holds what no name can: a
// control character, "/" or "\" that would make two names of one, or nothing
// but the dots that mean this or the upper directory (RFC 3986, Section 3.3).
func Segment(raw string) (name string, ok bool) {
	name, err := url.PathUnescape(raw)
	if err != nil || name == "." || name == ".." {
		return "", false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; c < ' ' || c == 0x7f || c == '/' || c == '\\' {
			return "", false
		}
	}
	return name, true
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
