package acme

import (
	"net/netip"
	"strings"
)

// nameOfChallenge returns the name that a server name stands for: itself, or the address of which it is the name in the reverse tree, as a CA gives it that
// asks for an address (RFC 8738, Section 6).
func nameOfChallenge(serverName string) string {
	name := strings.TrimSuffix(strings.ToLower(serverName), ".")
	if v4, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		if a, err := netip.ParseAddr(strings.Join(reversed(strings.Split(v4, ".")), ".")); err == nil {
			return a.String()
		}
	}
	if v6, ok := strings.CutSuffix(name, ".ip6.arpa"); ok {
		digits := reversed(strings.Split(v6, "."))
		if len(digits) != 32 {
			return name
		}
		var text strings.Builder
		for i, d := range digits {
			if i > 0 && i%4 == 0 {
				text.WriteByte(':')
			}
			text.WriteString(d)
		}
		if a, err := netip.ParseAddr(text.String()); err == nil {
			return a.String()
		}
	}
	return name
}

func reversed(s []string) []string {
	r := make([]string, len(s))
	for i, x := range s {
		r[len(s)-1-i] = x
	}
	return r
}
