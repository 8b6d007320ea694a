package semantics

import (
	"errors"
	"testing"
)

func TestParseTargetReadsTheFourForms(t *testing.T) {
	for _, c := range []struct {
		method, raw string
		want        Target
	}{
		{"GET", "/", Target{Path: "/"}},
		{"GET", "/a/b?x=1&y=%zz", Target{Path: "/a/b", Query: "x=1&y=%zz"}},
		{"GET", "//a", Target{Path: "//a"}},
		{"GET", "/?", Target{Path: "/"}},
		{"GET", "/%2e%2E/[x]|{y}", Target{Path: "/%2e%2E/[x]|{y}"}},
		{"GET", `/?q={"a":[1]}<\>`, Target{Path: "/", Query: `q={"a":[1]}<\>`}},
		{"GET", "/a?b?c", Target{Path: "/a", Query: "b?c"}},
		{"GET", "/http://x/", Target{Path: "/http://x/"}},
		{"OPTIONS", "*", Target{Form: AsteriskForm, Path: "*"}},
		{"OPTIONS", "/", Target{Path: "/"}},
		{"GET", "http://h", Target{Form: AbsoluteForm, Scheme: "http", Authority: "h", Path: "/"}},
		{"GET", "HTTP://H:80?q", Target{Form: AbsoluteForm, Scheme: "http", Authority: "H:80", Path: "/", Query: "q"}},
		{"GET", "https://[::1]:8443/p?q", Target{Form: AbsoluteForm, Scheme: "https", Authority: "[::1]:8443", Path: "/p", Query: "q"}},
		{"OPTIONS", "http://h:8001", Target{Form: AbsoluteForm, Scheme: "http", Authority: "h:8001", Path: "*"}},
		{"OPTIONS", "http://h/", Target{Form: AbsoluteForm, Scheme: "http", Authority: "h", Path: "/"}},
		{"OPTIONS", "http://h?", Target{Form: AbsoluteForm, Scheme: "http", Authority: "h", Path: "/"}},
		{"GET", "ftp://h/x", Target{Form: AbsoluteForm, Scheme: "ftp", Authority: "h", Path: "/x"}},
		{"CONNECT", "h:443", Target{Form: AuthorityForm, Authority: "h:443"}},
		{"CONNECT", "[2001:db8::1]:443", Target{Form: AuthorityForm, Authority: "[2001:db8::1]:443"}},
	} {
		c.want.Raw = c.raw
		got, err := ParseTarget(c.method, c.raw)
		if err != nil || got != c.want {
			t.Errorf("%s %s: got %+v, %v; want %+v", c.method, c.raw, got, err, c.want)
		}
	}
}

func TestParseTargetRejects(t *testing.T) {
	for _, c := range []struct {
		method, raw, rule string
	}{
		{"GET", "", ruleTargetForm},
		{"GET", "a", ruleTargetForm},
		{"GET", "?q", ruleTargetForm},
		{"GET", "h:80", ruleTargetForm},
		{"GET", "**", ruleTargetForm},
		{"GET", "*", ruleAsterisk},
		{"options", "*", ruleAsterisk},
		{"OPTIONS", "*/", ruleTargetForm},
		{"GET", "/a b", ruleTargetByte},
		{"GET", "/a\tb", ruleTargetByte},
		{"GET", "/a\x00", ruleTargetByte},
		{"GET", "/a\x7f", ruleTargetByte},
		{"GET", "/a\r", ruleTargetByte},
		{"GET", "/\xc0\xaf", ruleTargetByte},
		{"GET", "/é", ruleTargetByte},
		{"GET", "/a#f", ruleTargetByte},
		{"GET", "/a?b#f", ruleTargetByte},
		{"GET", "/a?b c", ruleTargetByte},
		{"GET", "/a?é", ruleTargetByte},
		{"GET", `/a\b`, ruleTargetByte},
		{"GET", `/a"b`, ruleTargetByte},
		{"GET", "/<a>", ruleTargetByte},
		{"GET", "/%", ruleTargetEscape},
		{"GET", "/%a", ruleTargetEscape},
		{"GET", "/%g0", ruleTargetEscape},
		{"GET", "/%2?a", ruleTargetEscape},
		{"GET", "/x%00.html", ruleTargetNUL},
		{"GET", "http:/h/", ruleTargetForm},
		{"GET", "http:h", ruleTargetForm},
		{"GET", "urn:isbn:1", ruleTargetForm},
		{"GET", "://h/", ruleTargetForm},
		{"GET", "1http://h/", ruleTargetForm},
		{"GET", "ht_tp://h/", ruleTargetForm},
		{"GET", " http://h/", ruleTargetForm},
		{"GET", "http://", ruleAbsolute},
		{"GET", "http:///p", ruleAbsolute},
		{"GET", "http://?q", ruleAbsolute},
		{"GET", "http://:80/", ruleAbsolute},
		{"GET", "http://u@h/", ruleAbsolute},
		{"GET", "http://u:p@h/", ruleAbsolute},
		{"GET", "ftp://u@h/", ruleAbsolute},
		{"GET", "http://h:x/", ruleAbsolute},
		{"GET", "http://h:65536/", ruleAbsolute},
		{"GET", "http://h:1:2/", ruleAbsolute},
		{"GET", `http://h\x/`, ruleAbsolute},
		{"GET", "http://h#f", ruleTargetByte},
		{"GET", "http://h/ ", ruleTargetByte},
		{"CONNECT", "", ruleConnect},
		{"CONNECT", "h", ruleConnect},
		{"CONNECT", "h:", ruleConnect},
		{"CONNECT", "h:0", ruleConnect},
		{"CONNECT", "h:00", ruleConnect},
		{"CONNECT", "h:65536", ruleConnect},
		{"CONNECT", "h:99999999999999999999", ruleConnect},
		{"CONNECT", ":443", ruleConnect},
		{"CONNECT", "u@h:443", ruleConnect},
		{"CONNECT", "/", ruleConnect},
		{"CONNECT", "*", ruleConnect},
		{"CONNECT", "http://h:443/", ruleConnect},
		{"CONNECT", "h:443/", ruleConnect},
		{"CONNECT", "::1:443", ruleConnect},
	} {
		got, err := ParseTarget(c.method, c.raw)
		var te *TargetError
		if !errors.As(err, &te) || te.Rule != c.rule || te.Target != c.raw || got != (Target{}) {
			t.Errorf("%s %q: got %+v, %v; want %s", c.method, c.raw, got, err, c.rule)
		}
	}
}
