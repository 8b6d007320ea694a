package semantics

import (
	"errors"
	"net/url"
	"strings"
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

func TestTargetOfReadsPseudoHeaderFields(t *testing.T) {
	for _, c := range []struct {
		method, scheme, authority, path string
		want                            Target
	}{
		{"GET", "https", "h:1", "/a?b", Target{Raw: "/a?b", Scheme: "https", Authority: "h:1", Path: "/a", Query: "b"}},
		{"GET", "HTTPS", "", "/", Target{Raw: "/", Scheme: "https", Path: "/"}},
		{"OPTIONS", "http", "h", "*", Target{Form: AsteriskForm, Raw: "*", Scheme: "http", Authority: "h", Path: "*"}},
		{"CONNECT", "", "h:443", "", Target{Form: AuthorityForm, Raw: "h:443", Authority: "h:443"}},
		{"CONNECT", "https", "h", "/chat", Target{Raw: "/chat", Scheme: "https", Authority: "h", Path: "/chat"}},
	} {
		got, err := TargetOf(c.method, c.scheme, c.authority, c.path)
		if err != nil || got != c.want {
			t.Errorf("%s %s %s %s: %+v, %v", c.method, c.scheme, c.authority, c.path, got, err)
		}
	}
	for _, c := range [][4]string{
		{"GET", "", "h", "/"}, {"GET", "1", "h", "/"}, {"GET", "http", "u@h", "/"}, {"GET", "http", "h", ""},
		{"GET", "http", "h", "a"}, {"GET", "http", "h", "*"}, {"OPTIONS", "http", "h", "*x"}, {"GET", "http", "h", "/ "},
		{"GET", "http", "h", "http://h/"}, {"GET", "http", "h", "/#"}, {"CONNECT", "", "h", ""}, {"CONNECT", "https", "h", ""},
	} {
		got, err := TargetOf(c[0], c[1], c[2], c[3])
		var te *TargetError
		if !errors.As(err, &te) || got != (Target{}) {
			t.Errorf("%q: %+v, %v", c, got, err)
		}
	}
}

func TestTargetParts(t *testing.T) {
	for _, c := range []struct {
		method, raw, host, port, path string
		query                         bool
	}{
		{"GET", "http://h:80/a%20b%2F%c3%A9?", "h", "80", "/a b/é", true},
		{"GET", "http://[::1]/", "::1", "", "/", false},
		{"GET", "/a+b?c", "", "", "/a+b", true},
		{"CONNECT", "[::1]:443", "::1", "443", "", false},
		{"OPTIONS", "*", "", "", "*", false},
	} {
		target, err := ParseTarget(c.method, c.raw)
		if err != nil {
			t.Fatal(err)
		}
		path, err := target.PathUnescaped()
		if target.Host() != c.host || target.Port() != c.port || path != c.path || err != nil || target.HasQuery() != c.query {
			t.Errorf("%s: %q %q %q %v %v", c.raw, target.Host(), target.Port(), path, target.HasQuery(), err)
		}
		if target.String() != c.raw {
			t.Errorf("%s: String: %s", c.raw, target.String())
		}
	}
	bad := Target{Path: "/%%%"}
	if got, err := bad.PathUnescaped(); err == nil {
		t.Errorf("a path that does not decode is %q", got)
	}
}

func TestTargetStringIsMadeOfThePartsWithoutRaw(t *testing.T) {
	for _, c := range []struct {
		target Target
		want   string
	}{
		{Target{Path: "/a", Query: "b"}, "/a?b"},
		{Target{Form: AbsoluteForm, Scheme: "http", Authority: "h", Path: "/"}, "http://h/"},
		{Target{Form: AuthorityForm, Authority: "h:1"}, "h:1"},
		{Target{Form: AsteriskForm, Path: "*"}, "*"},
	} {
		if got := c.target.String(); got != c.want {
			t.Errorf("%+v: %q", c.target, got)
		}
	}
}

func TestTargetErrorNamesRuleAndPlaceAndIsPrintable(t *testing.T) {
	_, err := ParseTarget("GET", "/a\r\nb")
	if want := ruleTargetByte + `: target "/a\r\nb", byte 2`; err.Error() != want {
		t.Errorf("got %s", err)
	}
	_, err = ParseTarget("GET", "é"+strings.Repeat("x", 1000))
	if s := err.Error(); len(s) > 200 || !strings.HasPrefix(s, ruleTargetForm) || firstNotIn(s, inValue) >= 0 {
		t.Errorf("got %q", s)
	}
}

func TestFormsHaveNames(t *testing.T) {
	for f, want := range map[Form]string{OriginForm: "origin-form", AbsoluteForm: "absolute-form",
		AuthorityForm: "authority-form", AsteriskForm: "asterisk-form", 9: "unknown form"} {
		if f.String() != want {
			t.Errorf("%d: %s", f, f)
		}
	}
}

func TestParseTargetAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		for _, c := range [][2]string{{"GET", "/a/b%20c?d=e"}, {"GET", "http://h:80/a"}, {"CONNECT", "h:443"}, {"OPTIONS", "*"}} {
			target, err := ParseTarget(c[0], c[1])
			if err != nil || target.Host() == "x" || target.Port() == "x" {
				t.Fatal(err)
			}
		}
		if !ValidAuthority("[2001:db8::1.2.3.4]:80") || !ValidName("Accept") || !ValidValue("a, b") {
			t.Fatal("not valid")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzTarget: a target that is accepted has no byte that could end a line, and
// where net/url reads it too it reads the same.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		"/", "//a/b", "/a?b", "/a%2fb?%zz", "*", "h:443", "[::1]:443", "http://h", "HTTPS://[::1]:8/a?b", "http://h?q",
		"/a#b", "/\x7f", "ftp://a%20b:/", "/[x]{y}|^`", "http://u@h/", "/%00", "http://h:", "/a:b@c", "///", "/%", "a://",
	} {
		f.Add("GET", s)
		f.Add("OPTIONS", s)
		f.Add("CONNECT", s)
	}
	f.Fuzz(func(t *testing.T, method, raw string) {
		target, err := ParseTarget(method, raw)
		if err != nil {
			var te *TargetError
			if !errors.As(err, &te) || te.Target != raw || te.Offset > len(raw) || target != (Target{}) {
				t.Fatalf("%q: %+v, %#v", raw, target, err)
			}
			return
		}
		for _, c := range []byte(raw) {
			if c <= ' ' || c >= 0x7f || c == '#' {
				t.Fatalf("%q is accepted", raw)
			}
		}
		if target.Raw != raw || target.Form == AuthorityForm != (method == "CONNECT") {
			t.Fatalf("%s %q: %+v", method, raw, target)
		}
		checkParts(t, target)
	})
}

// checkParts compares a target with net/url's reading. A CONNECT target is
// read as net/http does it, with a scheme in front.
func checkParts(t *testing.T, target Target) {
	raw := target.Raw
	if target.Form == AuthorityForm {
		raw = "http://" + raw
	}
	u, err := url.ParseRequestURI(raw)
	if err != nil {
		return // it knows fewer hosts than RFC 3986 does
	}
	path, err := target.PathUnescaped()
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	if u.Path == "" && target.Form == AbsoluteForm { // ours is never empty
		u.Path = path
	}
	host, err := url.PathUnescape(target.Host())
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	if path != u.Path || target.Query != u.RawQuery || target.Scheme != u.Scheme && target.Form != AuthorityForm ||
		host != u.Hostname() || target.Port() != u.Port() || u.User != nil || u.Opaque != "" {
		t.Fatalf("%q: %+v, net/url: %#v", raw, target, u)
	}
	if target.HasQuery() != (u.ForceQuery || u.RawQuery != "") {
		t.Fatalf("%q: HasQuery %v, net/url: %#v", raw, target.HasQuery(), u)
	}
}

func BenchmarkParseTarget(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseTarget("GET", "/search/some/path?q=1&lang=en"); err != nil {
			b.Fatal(err)
		}
	}
}
