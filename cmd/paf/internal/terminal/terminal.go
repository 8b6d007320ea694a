// Package terminal is for what peers have a hand in and a terminal shows.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible returns s with every byte escaped that a terminal might take for a command, or that changes how others are
// shown: all that is not a printable character in UTF-8, a tab or the end of a line. The controls of ISO 6429 are
// not only those below U+0020: U+0080 to U+009F are the same commands in one character, and terminals that do not
// read UTF-8 know them as bytes.
func Visible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if known := r != utf8.RuneError || n > 1; known && (r == '\t' || r == '\n' || unicode.IsPrint(r)) {
			b.WriteString(s[:n])
		} else {
			for _, c := range []byte(s[:n]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		s = s[n:]
	}
	return b.String()
}
