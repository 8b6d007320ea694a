package netstack

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A discovery is told by gVisor's stack what it has learnt of its neighbours and routers (RFC 4861). It must not call the
// stack back: what has to be done there is a task.
type discovery struct{ s *Stack }

var _ ipv6.NDPDispatcher = (*discovery)(nil)

// OnDuplicateAddressDetectionResult learns whether an address is the stack's alone.
func (d *discovery) OnDuplicateAddressDetectionResult(_ tcpip.NICID, a tcpip.Address, result stack.DADResult) {
	addr := addrOf(a)
	switch r := result.(type) {
	case *stack.DADSucceeded:
		d.s.ready.reach(addr.String())
		if !addr.IsLinkLocalUnicast() && !d.s.given(addr) {
			d.s.ready.reach("SLAAC")
		}
	case *stack.DADDupAddrDetected:
		err := fmt.Errorf("netstack: %w: %v is the address of %v, too", ErrAddressInUse, addr, r.HolderLinkAddress)
		d.s.log.Error("duplicate address", "error", err)
		d.s.ready.fail(err)
	}
}

// given reports whether an address is one of the configuration.
func (s *Stack) given(a netip.Addr) bool {
	return slices.ContainsFunc(s.config.Addresses, func(p netip.Prefix) bool { return p.Addr() == a })
}

// OnOffLinkRouteUpdated learns of a router.
func (d *discovery) OnOffLinkRouteUpdated(_ tcpip.NICID, to tcpip.Subnet, via tcpip.Address, _ header.NDPRoutePreference) {
	d.route(d.s.addRoute, "route", Route{prefixOf(to), addrOf(via)})
}

// OnOffLinkRouteInvalidated learns that a router is one no longer.
func (d *discovery) OnOffLinkRouteInvalidated(_ tcpip.NICID, to tcpip.Subnet, via tcpip.Address) {
	d.route(d.s.removeRoute, "no route", Route{prefixOf(to), addrOf(via)})
}

// OnOnLinkPrefixDiscovered learns who is on the link.
func (d *discovery) OnOnLinkPrefixDiscovered(_ tcpip.NICID, to tcpip.Subnet) {
	d.route(d.s.addRoute, "route", Route{Destination: prefixOf(to)})
}

// OnOnLinkPrefixInvalidated learns who is not.
func (d *discovery) OnOnLinkPrefixInvalidated(_ tcpip.NICID, to tcpip.Subnet) {
	d.route(d.s.removeRoute, "no route", Route{Destination: prefixOf(to)})
}

func (d *discovery) route(do func(Route), what string, r Route) {
	d.s.tasks.add(func() {
		do(r)
		d.s.log.Debug(what, "to", r.Destination, "via", r.Via)
	})
}

// OnAutoGenAddress learns that the stack has given itself an address, of which it is still to be seen whether it is the only one.
func (d *discovery) OnAutoGenAddress(_ tcpip.NICID, a tcpip.AddressWithPrefix) stack.AddressDispatcher {
	d.s.log.Debug("address", "address", a)
	return nil
}

// OnAutoGenAddressInvalidated learns that it has taken the address away.
func (d *discovery) OnAutoGenAddressInvalidated(_ tcpip.NICID, a tcpip.AddressWithPrefix) {
	d.s.tasks.add(func() { d.s.log.Debug("no address", "address", a) }) // which the end of the stack does not say
}

// OnRecursiveDNSServerOption learns of name servers (RFC 8106).
func (d *discovery) OnRecursiveDNSServerOption(_ tcpip.NICID, addrs []tcpip.Address, lifetime time.Duration) {
	for _, a := range addrs {
		d.s.names.announced(addrOf(a), lifetime)
	}
}

// OnAutoGenAddressDeprecated and what follows are of no concern here.
func (d *discovery) OnAutoGenAddressDeprecated(tcpip.NICID, tcpip.AddressWithPrefix) {}

// OnDNSSearchListOption is of no concern: names are asked for as they are.
func (d *discovery) OnDNSSearchListOption(tcpip.NICID, []string, time.Duration) {}

// OnDHCPv6Configuration is of no concern: DHCPv6 is not spoken.
func (d *discovery) OnDHCPv6Configuration(tcpip.NICID, ipv6.DHCPv6ConfigurationFromNDPRA) {}

// Tasks are done one after the other, on a goroutine that lives as long as there are any.
type tasks struct {
	mu      sync.Mutex
	waiting []func()
	busy    chan struct{} // closed when there is nothing to do; nil if there never was anything
	stopped bool
}

func (t *tasks) add(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	t.waiting = append(t.waiting, do)
	if len(t.waiting) == 1 {
		t.busy = make(chan struct{})
		go t.run(t.busy)
	}
}

func (t *tasks) run(busy chan struct{}) {
	defer close(busy)
	for {
		t.mu.Lock()
		do := t.waiting[0]
		t.mu.Unlock()
		do()
		t.mu.Lock()
		if t.waiting = t.waiting[1:]; len(t.waiting) == 0 {
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
	}
}

// stop lets nothing more begin, and waits for what has begun.
func (t *tasks) stop() {
	t.mu.Lock()
	t.stopped = true
	busy := t.busy
	t.mu.Unlock()
	if busy != nil {
		<-busy
	}
}
