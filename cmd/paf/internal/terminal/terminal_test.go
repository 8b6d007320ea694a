package terminal

import "testing"

func TestVisibleLeavesNothingThatATerminalObeys(t *testing.T) {
	for s, want := range map[string]string{
		"":                          "",
		"plain text, é, 漢字, \uFFFD": "plain text, é, 漢字, \uFFFD",
		"a\tb\nc":                   "a\tb\nc",
		"\x1b[2J\r\x00\x7f":         `\x1b[2J\x0d\x00\x7f`,
		"\u009b2J\u009d0;x\u009c":   `\xc2\x9b2J\xc2\x9d0;x\xc2\x9c`,
		"\x9b2J\xe9\xff":            `\x9b2J\xe9\xff`,
		"\u202egnp.exe":             `\xe2\x80\xaegnp.exe`, // the rest from right to left
		`\x1b`:                      `\x1b`,
	} {
		if got := Visible(s); got != want {
			t.Errorf("Visible(%q) = %q, want %q", s, got, want)
		}
	}
}
