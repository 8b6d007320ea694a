package record

import (
	"strings"
	"testing"
	"unicode"
)

// TestTextsOfServersDoNotReachATerminal as they are: the JSON may be on standard output.
func TestTextsOfServersDoNotReachATerminal(t *testing.T) {
	for content, want := range map[string]string{
		"a\u009b2J\u202e\x7f\u0085\U000e0001é€😀\"\\\n\t": "a\u009b2J\u202e\x7f\u0085\U000e0001é€😀\"\\\n\t",
		strings.Repeat("x", 199) + "é":                   strings.Repeat("x", 199),
		strings.Repeat("x", 197) + "😀":                   strings.Repeat("x", 197),
		strings.Repeat("x", 198) + "é!":                  strings.Repeat("x", 198) + "é",
		strings.Repeat("x", 199) + "\xff\xff":            strings.Repeat("x", 199) + "\uFFFD",
		"\xff":                                           "\uFFFD",
		"   ":                                            "   ",
	} {
		r := NewRecorder(Settings{}, began)
		r.Shard().Done(0, 0, 1, 1, 404, 1, 1)
		r.Refused(1, 404, []byte(content))
		run := r.Run(2)
		if run.Refused.Content != want {
			t.Errorf("%q is kept of %q", run.Refused.Content, content)
		}
		text := written(t, run)
		for _, c := range text {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("%q is in the file", c)
			}
		}
		if again, err := Read(strings.NewReader(text)); err != nil || again.Refused.Content != want {
			t.Errorf("%v, %q is read of %q", err, again.Refused.Content, text)
		}
	}
}
