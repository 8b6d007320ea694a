package acme

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// What a name of the DNS has at the most (RFC 1035, Section 2.3.4): certmagic's work for a handshake grows with the square of the labels.
const (
	nameMost  = 253 // bytes, without the dot at the end
	labelMost = 63
	dotsMost  = 126
)

// checkServerName refuses what is no name of anything, before work is done for it.
func checkServerName(hello *tls.ClientHelloInfo) error {
	name := strings.TrimSuffix(hello.ServerName, ".")
	if len(name) > nameMost || strings.Count(name, ".") > dotsMost {
		return fmt.Errorf("acme: a handshake asks for a name of %d bytes, and names have %d at the most (RFC 1035, Section 2.3.4)", len(name), nameMost)
	}
	return nil
}

// bareName returns the name of a host, or an address, as certificates have it, whether it can be proved or not: in lower case, without a dot at the end, letters outside of ASCII as
// A-labels (RFC 5890, Section 2.3.2.1); a wildcard keeps its "*.". Its error says why no CA would issue a certificate for it.
func bareName(name string) (string, error) {
	bare := strings.TrimSuffix(strings.TrimSpace(name), ".")
	if a, err := netip.ParseAddr(bare); err == nil && a.Zone() == "" {
		return a.Unmap().String(), nil
	}
	base, wild := strings.CutPrefix(bare, "*.")
	ascii, err := hostName(base)
	if err != nil {
		return "", fmt.Errorf("acme: %.300q is no name of a host (%w): as example.org, *.example.org or 192.0.2.1, without scheme and port", name, err)
	}
	if wild {
		return "*." + ascii, nil
	}
	return ascii, nil
}

// checkName is bareName for names that can be proved.
func (c *Config) checkName(name string) (string, error) {
	bare, err := bareName(name)
	switch none := err == nil && len(c.suited(bare)) == 0; {
	case none && strings.HasPrefix(bare, "*."):
		return "", fmt.Errorf("acme: %s: a wildcard is proved by DNS01 alone (RFC 8555, Section 7.1.3): set Config.DNS, and have DNS01 in Challenges", name)
	case none:
		return "", fmt.Errorf("acme: %s: none of the challenges %v proves an address (RFC 8738, Section 4): use HTTP01 or TLSALPN01", name, c.Challenges)
	}
	return bare, err
}

// hostName returns a name of letters, digits and hyphens (RFC 5890, Section 2.3.1), in lower case.
func hostName(name string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return "", err
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > labelMost {
			return "", fmt.Errorf("it has a part of %d bytes", len(label))
		}
	}
	if len(ascii) > nameMost {
		return "", fmt.Errorf("it has %d bytes", len(ascii))
	}
	return ascii, nil
}
