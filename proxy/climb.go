package proxy

import (
	"errors"
	"strings"
)

var errClimbs = errors.New("its dot segments lead out of the root")

// unescaped writes what a server may take for dots and slashes as such.
var unescaped = strings.NewReplacer("%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/", "%5c", "/", "%5C", "/")

// climbs reports whether the dot segments of a path lead above where it begins (RFC 3986, Section 5.2.4, where they are lost there): behind a
// prefix they would lead out of that.
func climbs(path string) bool {
	if !strings.Contains(path, ".") && !strings.Contains(path, "%") {
		return false
	}
	depth := 0
	for s := range strings.SplitSeq(unescaped.Replace(path), "/") {
		s, _, _ = strings.Cut(s, ";") // what some servers take for parameters
		switch s {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}
