package netstack

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// assign gives the interface the addresses and routes of the configuration.
func (s *Stack) assign() error {
	for _, p := range s.config.Addresses {
		if s.link.Ethernet && p.Addr().Is6() {
			s.ready.await(p.Addr().String())
		}
		if err := s.addAddress(p); err != nil {
			return err
		}
	}
	for _, via := range s.config.Gateways {
		s.addRoute(Route{Destination: everything(via), Via: via})
	}
	for _, r := range s.config.Routes {
		s.addRoute(r)
	}
	if !s.link.Ethernet { // whatever it is, the other end of the link has to know
		s.addRoute(Route{Destination: everything(netip.IPv4Unspecified())})
		s.addRoute(Route{Destination: everything(netip.IPv6Unspecified())})
	}
	return nil
}

// addAddress adds an address, and the route to what is on the link with it.
func (s *Stack) addAddress(p netip.Prefix) error {
	a := tcpip.ProtocolAddress{
		Protocol:          protocolOf(p.Addr()),
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpipAddr(p.Addr()), PrefixLen: p.Bits()},
	}
	if err := s.tcpip.AddProtocolAddress(nicID, a, stack.AddressProperties{}); err != nil {
		return fmt.Errorf("netstack: the address %v: %w", p, errorOf(err))
	}
	s.addRoute(Route{Destination: p.Masked()})
	return nil
}

// removeAddress takes back what addAddress has done.
func (s *Stack) removeAddress(p netip.Prefix) {
	_ = s.tcpip.RemoveAddress(nicID, tcpipAddr(p.Addr()))
	s.removeRoute(Route{Destination: p.Masked()})
}

func (s *Stack) addRoute(r Route) {
	s.removeRoute(r)
	s.tcpip.AddRoute(tcpip.Route{Destination: subnetOf(r.Destination), Gateway: tcpipAddr(r.Via), NIC: nicID})
}

func (s *Stack) removeRoute(r Route) {
	to, via := subnetOf(r.Destination), tcpipAddr(r.Via)
	s.tcpip.RemoveRoutes(func(other tcpip.Route) bool { return other.Destination == to && other.Gateway == via })
}

// everything returns the prefix that all addresses of a's family have.
func everything(a netip.Addr) netip.Prefix {
	if a.Is4() {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

func protocolOf(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}

// tcpipAddr returns a as gVisor has it; of the zero Addr that is none.
func tcpipAddr(a netip.Addr) tcpip.Address { return tcpip.AddrFromSlice(a.AsSlice()) }

// addrOf returns a as package netip has it; an address of IPv4 is one of IPv4.
func addrOf(a tcpip.Address) netip.Addr {
	addr, _ := netip.AddrFromSlice(a.AsSlice())
	return addr.Unmap()
}

func subnetOf(p netip.Prefix) tcpip.Subnet {
	return tcpip.AddressWithPrefix{Address: tcpipAddr(p.Addr()), PrefixLen: p.Bits()}.Subnet()
}

func prefixOf(s tcpip.Subnet) netip.Prefix { return netip.PrefixFrom(addrOf(s.ID()), s.Prefix()) }

// fullAddress returns where a socket is bound or connected to. An address that means something on one link
// only says on which.
func fullAddress(a netip.AddrPort) tcpip.FullAddress {
	full := tcpip.FullAddress{Addr: tcpipAddr(a.Addr()), Port: a.Port()}
	if header.IsV6LinkLocalUnicastAddress(full.Addr) || full.Addr == header.IPv4Broadcast {
		full.NIC = nicID
	}
	return full
}

// settle waits until all addresses may be used.
func (s *Stack) settle(ctx context.Context) error {
	if s.config.DHCP {
		s.ready.await("DHCP")
		stop, err := s.keepLease()
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.lease = stop
		s.mu.Unlock()
	}
	if s.config.SLAAC {
		s.ready.await("SLAAC")
	}
	return s.ready.wait(ctx)
}

// A readiness is what New waits for.
type readiness struct {
	mu      sync.Mutex
	missing []string
	err     error
	changed chan struct{} // closed, and made anew, at each change
}

func (r *readiness) init() { r.changed = make(chan struct{}) }

// await adds something to wait for.
func (r *readiness) await(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing = append(r.missing, what)
}

// reach says that something is there.
func (r *readiness) reach(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing = slices.DeleteFunc(r.missing, func(m string) bool { return m == what })
	r.change()
}

// fail says that there is no use in waiting.
func (r *readiness) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	r.change()
}

func (r *readiness) change() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *readiness) wait(ctx context.Context) error {
	for {
		r.mu.Lock()
		changed, err, missing := r.changed, r.err, fmt.Sprint(r.missing)
		n := len(r.missing)
		r.mu.Unlock()
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("netstack: waiting for %s: %w", missing, context.Cause(ctx))
		}
	}
}
