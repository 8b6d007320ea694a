package semantics

import (
	"net/netip"
	"strings"
	"testing"
)

func TestValidAuthority(t *testing.T) {
	for _, s := range []string{
		"h", "example.com", "example.com:80", "example.com:", "EXAMPLE.com:65535", "a_b", "127.0.0.1", "127.0.0.1:0",
		"[::1]", "[::1]:8080", "[::1]:", "[2001:DB8::1]", "[::ffff:1.2.3.4]:1", "[v1.a:b]", "[V1f.x]:80",
		"xn--bcher-kva.example", "a%20b", "h!$&'()*+,;=", "999.999.999.999", "localhost:00080",
	} {
		if !ValidAuthority(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{
		"", ":80", "u@h", "u:p@h", "h/", "h/path", "h?", "h#", "h h", " h", "h ", "h\t", "h\x00", "bücher.example",
		"h:80:80", "h:x", "h:-1", "h:+1", "h:65536", "h:99999999999999999999", "h: 80", "::1", "2001:db8::1",
		"[]", "[", "]", "[::1", "::1]", "[::1]x", "[::1]80", "[[::1]]", "x[::1]", "[::1%25eth0]", "[::1%eth0]", "[127.0.0.1]",
		"[v.a]", "[v1]", "[v1.]", "[vg.a]", "[v1.a/b]", "a%", "a%2", "a%zz", "a\\b", "a\"b", "a<b", "a|b", "a^b", "h:80]",
	} {
		if ValidAuthority(s) {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestPercentIsFollowedByTwoHexadecimalDigits(t *testing.T) {
	for c := range 256 {
		want := strings.IndexByte("0123456789abcdefABCDEF", byte(c)) >= 0
		for _, s := range []string{string([]byte{'%', byte(c), '1'}), string([]byte{'%', '1', byte(c)})} {
			if got := ValidAuthority(s); got != want {
				t.Errorf("ValidAuthority(%q) = %v", s, got)
			}
			if _, err := ParseTarget("GET", "/"+s); (err == nil) != want {
				t.Errorf("%q: %v", "/"+s, err)
			}
		}
	}
}

func TestSplitAuthority(t *testing.T) {
	for _, c := range []struct {
		s, host, port string
		ok            bool
	}{
		{"h", "h", "", true},
		{"h:80", "h", "80", true},
		{"h:", "h", "", true},
		{"[::1]:80", "[::1]", "80", true},
		{"[::1]", "[::1]", "", true},
		{"", "", "", true},
		{"::1", "", "", false},
		{"h:80:80", "", "", false},
	} {
		host, port, ok := SplitAuthority(c.s)
		if host != c.host || port != c.port || ok != c.ok {
			t.Errorf("%q: %q %q %v", c.s, host, port, ok)
		}
	}
}

// FuzzIPv6 compares the reader of literals with net/netip's.
func FuzzIPv6(f *testing.F) {
	for _, s := range []string{
		"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "1:2:3:4:5:6:1.2.3.4",
		"::1.2.3.4", "1:2:3:4:5::1.2.3.4", "1:2:3:4:5:6::1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8:9", ":::", "1:::2",
		"1::2::3", "12345::", "::g", ":1", "1:", "::1.2.3", "::1.2.3.256", "::01.2.3.4", "::1.2.3.4.5", "1.2.3.4",
		"::1.2.3.4:5", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", ":", "::1.", "::.1", "::ffff:1.2.3.0004",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || strings.Contains(s, "%") { // zones are not for HTTP
			return
		}
		addr, err := netip.ParseAddr(s)
		if want := err == nil && strings.Contains(s, ":") && addr.Is6(); validIPv6(s) != want {
			t.Errorf("%q: %v, net/netip: %v", s, !want, want)
		}
	})
}
