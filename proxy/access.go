package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/paf-go/paf/semantics"
)

// Access says where clients of a [Forward] may be led to. The zero value is safe to offer: every host, at ports 80, 443 and from 1024 on,
// and no address of a private network, of this machine or of a link (RFC 6890), whatever name leads to it.
type Access struct {
	// Deny names destinations that are refused; it goes before Allow.
	Deny []Rule
	// Allow names the only destinations that are not, if it is not empty. A rule of an address, of a prefix or of a whole name allows
	// private addresses, too: that is what it was written for. One of all names below a domain does not.
	Allow []Rule
	// Private allows private addresses to all.
	Private bool
	// Ports are the ports that rules which name none allow, and that are allowed where there are no rules. Default 80, 443 and 1024 to 65535.
	Ports []Ports
}

// Ports is a range of ports, both ends included.
type Ports struct{ First, Last uint16 }

var usualPorts = []Ports{{80, 80}, {443, 443}, {1024, 65535}}

// A Rule names destinations: see [ParseRule].
type Rule struct {
	name   string       // in lower case; "" with a prefix
	below  bool         // all names below it
	prefix netip.Prefix // of addresses
	ports  Ports        // zero: none was named
}

// ParseRule reads a rule: a name (example.org), all names below one (*.example.org), all names and addresses (*), an address or a prefix
// (192.0.2.1, 2001:db8::/32), each with a port or a range of them behind it if need be (example.org:443, [2001:db8::1]:8000-8999, *:443).
func ParseRule(s string) (Rule, error) {
	if strings.Contains(s, "://") {
		return Rule{}, fmt.Errorf("paf: proxy: rule %q: a rule is no URL: it names a host, as example.org or example.org:443", s)
	}
	host, ports, err := cutPorts(s)
	if err != nil {
		return Rule{}, fmt.Errorf("paf: proxy: rule %q: %w", s, err)
	}
	r := Rule{ports: ports}
	bare := host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		bare = host[1 : len(host)-1]
	}
	if p, err := netip.ParsePrefix(bare); err == nil {
		if p.Addr().Is4In6() { // as addresses are compared
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if r.prefix = p.Masked(); !r.prefix.IsValid() {
			return Rule{}, fmt.Errorf("paf: proxy: rule %q: the prefix is shorter than what says that it is of IPv4", s)
		}
		return r, nil
	}
	if a, err := netip.ParseAddr(bare); err == nil && a.Zone() == "" {
		a = a.Unmap()
		r.prefix = netip.PrefixFrom(a, a.BitLen())
		return r, nil
	}
	name := lowerHost(host)
	if name == "*" {
		r.below = true
		return r, nil
	}
	r.name, r.below = strings.CutPrefix(name, "*.")
	if r.name == "" || strings.ContainsAny(r.name, "*/[]:@ ") || !semantics.ValidAuthority(r.name) {
		return Rule{}, fmt.Errorf("paf: proxy: rule %q: it has the form host, *.domain, address or prefix, and :port or :port-port behind it if need be", s)
	}
	return r, nil
}

// cutPorts cuts a port, or a range of ports, off a rule. An address of IPv6 has colons of its own, and no port unless it is in brackets.
func cutPorts(s string) (host string, ports Ports, err error) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 || strings.Count(s, ":") > 1 && !strings.Contains(s[:at], "]") || strings.HasSuffix(s, "]") {
		return s, Ports{}, nil
	}
	first, last, isRange := strings.Cut(s[at+1:], "-")
	if !isRange {
		last = first
	}
	a, err1 := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	switch {
	case err1 != nil || err2 != nil || a == 0 || b == 0:
		return "", Ports{}, errors.New("a port is a number from 1 to 65535")
	case a > b:
		return "", Ports{}, fmt.Errorf("a range of ports begins with the lower one: %d-%d", b, a)
	}
	return s[:at], Ports{uint16(a), uint16(b)}, nil
}

// lowerHost returns a name as it is compared: in lower case, without the dot of the root.
func lowerHost(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// matches reports whether the rule names a destination: by its name, or by an address that it has (which may be the zero Addr, while that is
// not known).
func (r *Rule) matches(name string, addr netip.Addr) bool {
	switch {
	case r.prefix.IsValid():
		return addr.IsValid() && r.prefix.Contains(addr)
	case r.name == "":
		return true
	case r.below:
		return strings.HasSuffix(name, r.name) && len(name) > len(r.name) && name[len(name)-len(r.name)-1] == '.'
	}
	return name == r.name
}

func (r *Rule) at(port uint16, usual []Ports) bool {
	if r.ports != (Ports{}) {
		return r.ports.First <= port && port <= r.ports.Last
	}
	return within(port, usual)
}

func within(port uint16, all []Ports) bool {
	for _, p := range all {
		if p.First <= port && port <= p.Last {
			return true
		}
	}
	return false
}

// Check reports whether clients may be led to a port of an address that a name has led to; the name may be the address itself. The
// error is ErrForbidden.
func (a *Access) Check(name string, port uint16, addr netip.Addr) error {
	name, addr = lowerHost(strings.Trim(name, "[]")), addr.Unmap().WithZone("")
	if err := a.denied(name, port, addr); err != nil {
		return err
	}
	usual := a.usual()
	private := !a.Private && !public(addr)
	if len(a.Allow) == 0 {
		switch {
		case !within(port, usual):
			return fmt.Errorf("%w: port %d", ErrForbidden, port)
		case private:
			return fmt.Errorf("%w: %s is a private address", ErrForbidden, addr)
		}
		return nil
	}
	for i := range a.Allow {
		r := &a.Allow[i]
		if r.matches(name, addr) && r.at(port, usual) && (!private || r.exact()) {
			return nil
		}
	}
	return fmt.Errorf("%w: no rule allows %s (%s)", ErrForbidden, hostPort(name, port), addr)
}

func (a *Access) usual() []Ports {
	if a.Ports == nil {
		return usualPorts
	}
	return a.Ports
}

func hostPort(name string, port uint16) string {
	return net.JoinHostPort(name, strconv.Itoa(int(port)))
}

// hopeless reports whether a destination is refused whatever addresses its name has: then nobody need be asked for them, nor learn of it.
func (a *Access) hopeless(name string, port uint16) error {
	name = strings.Trim(name, "[]")
	if addr, err := netip.ParseAddr(name); err == nil {
		return a.Check(name, port, addr)
	}
	if err := a.denied(name, port, netip.Addr{}); err != nil {
		return err
	}
	name = lowerHost(name)
	if len(a.Allow) == 0 {
		if !within(port, a.usual()) {
			return fmt.Errorf("%w: port %d", ErrForbidden, port)
		}
		return nil
	}
	for i := range a.Allow {
		r := &a.Allow[i]
		if (r.prefix.IsValid() || r.matches(name, netip.Addr{})) && r.at(port, a.usual()) {
			return nil
		}
	}
	return fmt.Errorf("%w: no rule allows %s", ErrForbidden, hostPort(name, port))
}

// denied reports whether a rule denies a destination; addr may be the zero Addr.
func (a *Access) denied(name string, port uint16, addr netip.Addr) error {
	name = lowerHost(name)
	for i := range a.Deny {
		r := &a.Deny[i]
		if r.matches(name, addr) && (r.ports == Ports{} || r.at(port, nil)) {
			return fmt.Errorf("%w: %s is denied by a rule", ErrForbidden, hostPort(name, port))
		}
	}
	return nil
}

// exact reports whether the rule is for addresses, or for one name.
func (r *Rule) exact() bool { return r.prefix.IsValid() || !r.below }

// special are the addresses that are nobody's in the Internet: the registries of RFC 6890, as far as netip.Addr has no word for them.
var special = func() (all []netip.Prefix) {
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

// unicast is all of IPv6 that has been given to the Internet (RFC 4291, Section 2.4). What lies beside it leads nowhere, or to an address of IPv4 by one
// of the many ways to embed that (RFC 6052, RFC 4291, Section 2.5.5.1, RFC 2765).
var unicast = netip.MustParsePrefix("2000::/3")

// public reports whether an address is one of the Internet. Those of IPv6 that embed one of IPv4 are none: they would lead around the rules for that.
func public(a netip.Addr) bool {
	if a.Is6() && !unicast.Contains(a) {
		return false
	}
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
