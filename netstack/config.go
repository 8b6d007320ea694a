package netstack

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
)

// A Config says what addresses a stack has and how it reaches others. The zero Config is a stack without an address.
type Config struct {
	// Addresses are the stack's own, each with the length of the prefix that is on the link: 10.0.0.2/24.
	Addresses []netip.Prefix

	// Gateways are routers for what is not on the link, one of IPv4 and one of IPv6 at most. On Ethernet each is in a prefix that is on the
	// link: one of Addresses or of Routes without a gateway, fe80::/10, or one that DHCP or SLAAC will bring. On a link that is not
	// Ethernet all packets go to the other end, and none is needed.
	Gateways []netip.Addr

	// Routes are further ways.
	Routes []Route

	// DHCP asks a server for an address of IPv4, a gateway and name servers (RFC 2131), and keeps the lease. It needs a Link
	// of Ethernet.
	DHCP bool

	// SLAAC takes prefixes, gateways and name servers from what routers of IPv6 announce (RFC 4862, RFC 8106). It needs
	// a Link of Ethernet.
	SLAAC bool

	// DNS are name servers. They are asked before those that DHCP and SLAAC have brought. A port of 0 is 53.
	DNS []netip.AddrPort

	// Log receives what happens to leases, routes and the carrier. The default is slog.Default(); there goes what gVisor logs, too.
	Log *slog.Logger
}

// A Route leads to what is in Destination by the gateway Via, or without one if Via is the zero Addr.
type Route struct {
	Destination netip.Prefix
	Via         netip.Addr
}

// check says what is wrong with c for a link.
func (c *Config) check(l Link) error {
	for _, p := range c.Addresses {
		if a := p.Addr(); !p.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" || a.Is4In6() {
			return fmt.Errorf("netstack: %v is no address of a station with its prefix", p)
		}
	}
	var v4, v6 int
	for _, a := range c.Gateways {
		switch {
		case !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Is4In6():
			return fmt.Errorf("netstack: %v is no gateway", a)
		case a.Is4():
			v4++
		default:
			v6++
		}
	}
	if v4 > 1 || v6 > 1 {
		return errors.New("netstack: there may be one gateway of IPv4 and one of IPv6")
	}
	for _, r := range c.Routes {
		if !r.Destination.IsValid() || r.Via.IsValid() && r.Via.Is4() != r.Destination.Addr().Is4() {
			return fmt.Errorf("netstack: no route leads to %v by %v", r.Destination, r.Via)
		}
	}
	if (c.DHCP || c.SLAAC) && !l.Ethernet {
		return errors.New("netstack: DHCP and SLAAC need a link of Ethernet")
	}
	for _, a := range c.Gateways {
		if l.Ethernet && !c.onLink(a) {
			return fmt.Errorf("netstack: the gateway %v is not on the link: it is in no prefix of the addresses %v", a, c.Addresses)
		}
	}
	return nil
}

// onLink reports whether a gateway can be on the link, as far as that is known before DHCP and SLAAC have said more.
func (c *Config) onLink(gateway netip.Addr) bool {
	in := func(p netip.Prefix) bool { return p.Contains(gateway.WithZone("")) }
	return gateway.Is4() && c.DHCP || gateway.Is6() && c.SLAAC || gateway.IsLinkLocalUnicast() || slices.ContainsFunc(c.Addresses, in) ||
		slices.ContainsFunc(c.Routes, func(r Route) bool { return !r.Via.IsValid() && in(r.Destination) })
}
