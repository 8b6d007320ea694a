package semantics

import (
	"slices"
	"strings"
	"testing"
)

func TestValidNameIsAToken(t *testing.T) {
	const delimiters = "\"(),/:;<=>?@[\\]{}"
	for c := range 256 {
		want := c > ' ' && c < 0x7f && !strings.ContainsRune(delimiters, rune(c))
		s := string([]byte{'a', byte(c), 'b'})
		if got := ValidName(s); got != want {
			t.Errorf("ValidName(%q) = %v", s, got)
		}
	}
	if ValidName("") {
		t.Error("the empty name is valid")
	}
}

func TestValidValueHasNoControlsButTab(t *testing.T) {
	for c := range 256 {
		want := c == '\t' || c >= ' ' && c != 0x7f
		s := string([]byte{'a', byte(c), 'b'})
		if got := ValidValue(s); got != want {
			t.Errorf("ValidValue(%q) = %v", s, got)
		}
	}
	for s, want := range map[string]bool{"": true, "a": true, " a": false, "a\t": false, " ": false} {
		if got := ValidValue(s); got != want {
			t.Errorf("ValidValue(%q) = %v", s, got)
		}
	}
}

func TestTrimSpaceTrimsSpacesAndTabsOnly(t *testing.T) {
	for s, want := range map[string]string{"": "", " \t": "", " a b\t": "a b", "\va\r": "\va\r", "\u00a0a": "\u00a0a"} {
		if got := TrimSpace(s); got != want {
			t.Errorf("TrimSpace(%q) = %q", s, got)
		}
	}
}

func TestMembersRespectQuotedStrings(t *testing.T) {
	for list, want := range map[string][]string{
		"":                  nil,
		" \t":               nil,
		", ,,":              nil,
		"a":                 {"a"},
		"a,b":               {"a", "b"},
		" a ,\t, b\t":       {"a", "b"},
		"a;q=\"x,y\", b":    {"a;q=\"x,y\"", "b"},
		`"a\",b", c`:        {`"a\",b"`, "c"},
		`"a\\", b`:          {`"a\\"`, "b"},
		`a\, b`:             {`a\`, "b"}, // a backslash outside quotes is none
		`a, "b, c`:          {"a", `"b, c`},
		`"unfinished\`:      {`"unfinished\`},
		"gzip;q=1.0, br, *": {"gzip;q=1.0", "br", "*"},
	} {
		if got := slices.Collect(Members(list)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
}

func TestFieldsMembersJoinsLines(t *testing.T) {
	f := FieldsOf("a", "1, 2", "b", "x", "A", "", "A", "3")
	if got := slices.Collect(f.Members("a")); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("got %q", got)
	}
	for m := range f.Members("a") {
		if m != "1" {
			t.Errorf("goes on after break: %q", m)
		}
		break
	}
}

func TestHasTokenComparesWholeMembers(t *testing.T) {
	f := FieldsOf("Connection", "keep-alive, Upgrade", "connection", `"close", x;close, HTTP2-Settings`)
	for token, want := range map[string]bool{
		"upgrade": true, "UPGRADE": true, "http2-settings": true, "keep-alive": true,
		"close": false, "keep": false, "x": false, "": false,
	} {
		if got := HasToken(&f, "CONNECTION", token); got != want {
			t.Errorf("%s: %v", token, got)
		}
	}
	if HasToken(&f, "Upgrade", "upgrade") {
		t.Error("found in another field")
	}
}

func TestParamsAreReadAndUnquoted(t *testing.T) {
	for value, want := range map[string]string{
		"text/html":                              "text/html",
		"text/html;":                             "text/html",
		"text/html ; charset=utf-8":              "text/html|charset=utf-8",
		`text/html;charset="utf-8" ;q=0.1`:       "text/html|charset=utf-8|q=0.1",
		`form-data; name="a\"b;c"; filename="x"`: `form-data|name=a"b;c|filename=x`,
		"a; ;;b=1":                               "a|b=1",
		"a; b; c=; =d; e =f; g= h; i=\"j":        "a",
		`a; b=""`:                                "a|b=",
		`a; b="c"d; e=f`:                         "a|e=f",
	} {
		first, params := CutParams(value)
		got := first
		for n, v := range Params(params) {
			got += "|" + n + "=" + v
		}
		if got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if v, ok := Param("multipart/mixed; a=b; Boundary=x", "boundary"); !ok || v != "x" {
		t.Errorf("Param: %q, %v", v, ok)
	}
	if v, ok := Param("boundary=x", "boundary"); ok {
		t.Errorf("Param reads what is no parameter: %q", v)
	}
}

func TestQuotedStringsGoRound(t *testing.T) {
	for _, s := range []string{"", "a", `"`, `\`, `\"`, "a b\tc", " ", "\x80é"} {
		q := string(AppendQuoted(nil, s))
		if got, ok := Unquote(q); !ok || got != s {
			t.Errorf("%q: %q is read as %q, %v", s, q, got, ok)
		}
	}
	for _, q := range []string{"", `"`, "a", `"a`, `a"`, `"a"b"`, `"\"`, "\"\n\"", "\"\\\x00\"", `"a\`} {
		if got, ok := Unquote(q); ok || got != "" {
			t.Errorf("%q is read as %q", q, got)
		}
	}
}

func TestParseWeight(t *testing.T) {
	for s, want := range map[string]Weight{
		"0": 0, "1": 1000, "0.": 0, "1.": 1000, "0.5": 500, "0.25": 250, "0.001": 1, "0.999": 999, "1.000": 1000, "0.000": 0,
		"": -1, "2": -1, "1.001": -1, "1.1": -1, "0.0001": -1, ".5": -1, "-0": -1, "0.a": -1, "05": -1, "0,5": -1, "1 ": -1,
	} {
		got, ok := ParseWeight(s)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d, %v", s, got, ok)
		}
	}
}

func TestWeightedCutsTheWeightOff(t *testing.T) {
	got := map[string]Weight{}
	for m, w := range Weighted(`gzip;q=0.8, br , identity; Q=0, bad;q=7, text/html;level=1;q=0.25, a;b=";q=0";q=0.5;x=1`) {
		got[m] = w
	}
	for m := range Weighted("a, b") {
		if m != "a" {
			t.Errorf("goes on after break: %q", m)
		}
		break
	}
	want := map[string]Weight{"gzip": 800, "br": 1000, "identity": 0, "text/html;level=1": 250, `a;b=";q=0"`: 500}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for m, w := range want {
		if g, ok := got[m]; !ok || g != w {
			t.Errorf("%s: %d, %v; want %d", m, g, ok, w)
		}
	}
}

func TestTokenWeightPrefersTheTokenToTheStar(t *testing.T) {
	for _, c := range []struct {
		value  string
		w      Weight
		listed bool
	}{
		{"gzip", 1000, true},
		{"*;q=0.1, GZIP;q=0.5", 500, true},
		{"gzip;q=0, *", 0, true},
		{"br, *;q=0.3", 300, true},
		{"*;q=0.3, *;q=0.4", 300, true},
		{"br", 0, false},
		{"", 0, false},
		{"gzip;q=x", 0, false},
	} {
		f := FieldsOf("Accept-Encoding", c.value)
		if w, listed := TokenWeight(&f, "accept-encoding", "gzip"); w != c.w || listed != c.listed {
			t.Errorf("%q: %d, %v", c.value, w, listed)
		}
	}
}

func TestParseProtocol(t *testing.T) {
	for s, want := range map[string]Protocol{
		"HTTP/1.0": HTTP10, "HTTP/1.1": HTTP11, "HTTP/1.2": HTTP11, "HTTP/1.9": HTTP11, "HTTP/2.0": HTTP2,
		"HTTP/0.9": 0, "HTTP/2.1": 0, "HTTP/3.0": 0, "HTTP/9.9": 0,
	} {
		if got, ok := ParseProtocol(s); !ok || got != want {
			t.Errorf("%s: %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "HTTP/1", "HTTP/1.", "HTTP/11", "HTTP/1.10", "HTTP/01.1", "HTTP/ 1.1", "http/1.1", "HTTP/1,1", "HTTP/x.1", "HTTP/1.x", "HTTP/-1.1", "HTTPS/1.1"} {
		if got, ok := ParseProtocol(s); ok || got != 0 {
			t.Errorf("%s: %v", s, got)
		}
	}
}

// version/compare and version/to_string.
func TestVersionCompareToString(t *testing.T) {
	if !(HTTP10 < HTTP11 && HTTP11 < HTTP2) {
		t.Error("versions are not in order")
	}
	for _, p := range []Protocol{HTTP10, HTTP11, HTTP2} {
		if got, ok := ParseProtocol(p.String()); !ok || got != p {
			t.Errorf("%s is read as %v", p, got)
		}
	}
	if got := Protocol(0).String(); got != "HTTP/?" {
		t.Errorf("unknown version: %s", got)
	}
}

func TestKnownNameKeepsTheCase(t *testing.T) {
	for _, name := range []string{
		"Host", "host", "User-Agent", "user-agent", "ETag", "Etag", "etag", "WWW-Authenticate", "Www-Authenticate",
		"TE", "Te", "te", "Sec-CH-UA", "sec-ch-ua", "Sec-Ch-Ua", "X-Forwarded-For", "Content-Length",
		"content-length", "Transfer-Encoding", "DNT", "Sec-WebSocket-Key", "Sec-Websocket-Key",
	} {
		if got, ok := KnownName([]byte(name)); !ok || got != name {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "HOST", "hosT", "Hos", "Hostt", "x-unknown", "\x00", strings.Repeat("a", 100)} {
		if got, ok := KnownName([]byte(name)); ok || got != "" {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestKnownNamesAreAllFoundInFewSteps(t *testing.T) {
	steps, most := 0, 0
	for _, name := range known.names[1:] {
		if !ValidName(name) {
			t.Errorf("%q is no name", name)
		}
		if got, ok := KnownName([]byte(name)); !ok || got != name {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
		mask := uint32(len(known.slots) - 1)
		n := 1 + int((known.slot([]byte(name))-hashName([]byte(name)))&mask)
		steps, most = steps+n, max(most, n)
	}
	n := len(known.names) - 1
	t.Logf("%d names, %.2f steps on average, %d at most", n, float64(steps)/float64(n), most)
	if n*2 > len(known.slots) || steps > 2*n || most > 12 {
		t.Errorf("%d names in %d slots: %d steps, %d at most", n, len(known.slots), steps, most)
	}
}

func TestKnownNameAllocatesNothing(t *testing.T) {
	b, unknown := []byte("Accept-Encoding"), []byte("X-Unheard-Of")
	if n := testing.AllocsPerRun(100, func() {
		KnownName(b)
		KnownName(unknown)
		KnownMethod(b)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkKnownName(b *testing.B) {
	names := [][]byte{[]byte("Host"), []byte("User-Agent"), []byte("Accept"), []byte("Accept-Encoding"), []byte("cookie"), []byte("X-Unheard-Of")}
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range names {
			KnownName(name)
		}
	}
}
