package pathname

import (
	"slices"
	"testing"
)

func TestSegmentRefusesWhatNoNameHolds(t *testing.T) {
	for _, raw := range []string{
		".", "..", "%2e", "%2E%2e", ".%2e", "a%2fb", "a%2Fb", "a%5cb", `a\b`, "%00", "a%00.html",
		"%0d%0aX", "%7f", "a\x01", "%", "%4", "%zz", "100%",
	} {
		if name, ok := Segment(raw); ok {
			t.Errorf("Segment(%q) = %q, want refused", raw, name)
		}
	}
}

func TestSegmentUndoesTheEncodingOnce(t *testing.T) {
	for raw, want := range map[string]string{
		"": "", "a": "a", "a%20b": "a b", "%252e": "%2e", "...": "...", "..a": "..a",
		"caf%C3%A9": "café", "a+b": "a+b", "a%3fb%23": "a?b#", ".well-known": ".well-known",
	} {
		if name, ok := Segment(raw); !ok || name != want {
			t.Errorf("Segment(%q) = %q, %t; want %q", raw, name, ok, want)
		}
	}
}

func TestSegmentsKeepWhatSlashesMean(t *testing.T) {
	for path, want := range map[string]struct {
		names   []string
		dir, ok bool
	}{
		"/":        {nil, true, true},
		"/a":       {[]string{"a"}, false, true},
		"/a/":      {[]string{"a"}, true, true},
		"/a/b%20c": {[]string{"a", "b c"}, false, true},
		"//":       {[]string{""}, true, true},
		"//a.b/":   {[]string{"", "a.b"}, true, true},
		"/a//b":    {[]string{"a", "", "b"}, false, true},
		"/a/../b":  {nil, false, false},
		"/a/%2e./": {nil, false, false},
		"/..":      {nil, false, false},
		"a":        {nil, false, false},
		"":         {nil, false, false},
		"*":        {nil, false, false},
	} {
		names, dir, ok := Segments(path)
		if ok != want.ok || ok && (dir != want.dir || !slices.Equal(names, want.names)) {
			t.Errorf("Segments(%q) = %q, %t, %t; want %v", path, names, dir, ok, want)
		}
	}
}
