package acme

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	protocol "github.com/mholt/acmez/v3/acme"
)

// A Challenge is a way in which a CA has it proved to itself that a name is yours.
type Challenge string

// The challenges, by their names in the IANA's registry.
const (
	HTTP01    Challenge = protocol.ChallengeTypeHTTP01    // RFC 8555, Section 8.3
	TLSALPN01 Challenge = protocol.ChallengeTypeTLSALPN01 // RFC 8737
	DNS01     Challenge = protocol.ChallengeTypeDNS01     // RFC 8555, Section 8.4
)

// at returns where the CA looks for the proof of a name.
func (ch Challenge) at(name, token string) string {
	switch ch {
	case HTTP01:
		return "http://" + bracketed(name) + challengePath + token
	case TLSALPN01:
		return net.JoinHostPort(name, "443")
	}
	return "the TXT record of _acme-challenge." + strings.TrimPrefix(name, "*.")
}

func bracketed(name string) string {
	if a, err := netip.ParseAddr(name); err == nil && a.Is6() {
		return "[" + name + "]"
	}
	return name
}

// errToken: what a CA calls a token cannot be one.
var errToken = errors.New("the CA's token is none (RFC 8555, Section 8.3)")
