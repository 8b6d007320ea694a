package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Resolver returns a resolver that asks the stack's name servers over the stack: those of [Config.DNS], then those that DHCP
// and SLAAC have brought. One that does not answer is passed over until the others do not answer either. As Go's own resolver it is, it
// reads the machine's file of hosts before it asks, and the options and search domains of its resolv.conf, not the servers there; but it is those
// that the Server of its errors names. Errors of [Stack.DialContext] name none.
func (s *Stack) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		server, err := s.names.server()
		if err != nil {
			return nil, err
		}
		kind, _, err := parseNetwork(network)
		if err != nil {
			return nil, err
		}
		c, err := s.connect(ctx, kind, server)
		if err != nil {
			s.names.silent(server)
			return nil, err
		}
		if p, is := c.(*datagramConn); is {
			return &question{p, s, server}, nil
		}
		return c, nil
	}}
}

// A question is a connection to a name server. It is a net.PacketConn, so that the resolver speaks in datagrams.
type question struct {
	*datagramConn
	stack  *Stack
	server netip.AddrPort
}

// Read implements net.Conn. When there is no answer, another server is asked next.
func (q *question) Read(p []byte) (int, error) {
	n, err := q.datagramConn.Read(p)
	if err != nil {
		q.stack.names.silent(q.server)
	}
	return n, err
}

// Names are the name servers.
type names struct {
	mu      sync.Mutex
	static  []netip.AddrPort
	leased  []netip.AddrPort             // by DHCP
	expires map[netip.AddrPort]time.Time // of those that routers have announced
	avoid   netip.AddrPort               // which has not answered
}

var errNoServer = errors.New("netstack: no name server is known")

const portDNS = 53

func (n *names) given(servers []netip.AddrPort) {
	for _, a := range servers {
		if a.Port() == 0 {
			a = netip.AddrPortFrom(a.Addr(), portDNS)
		}
		n.static = append(n.static, a)
	}
}

func (n *names) lease(addrs []netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leased = nil
	for _, a := range addrs {
		n.leased = append(n.leased, netip.AddrPortFrom(a, portDNS))
	}
}

// announced learns of a server that may be asked for some time; none says that it is no longer one (RFC 8106, Section 5.1).
func (n *names) announced(a netip.Addr, lifetime time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.expires == nil {
		n.expires = map[netip.AddrPort]time.Time{}
	}
	n.expires[netip.AddrPortFrom(a, portDNS)] = time.Now().Add(lifetime)
}

// all returns the servers, the first to be asked first.
func (n *names) all() []netip.AddrPort {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := slices.Concat(n.static, n.leased)
	known := len(all)
	for a, end := range n.expires {
		if time.Now().Before(end) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all[known:], netip.AddrPort.Compare)
	return all
}

// server returns whom to ask next: the first, or who comes after the one that has not answered.
func (n *names) server() (netip.AddrPort, error) {
	all := n.all()
	if len(all) == 0 {
		return netip.AddrPort{}, errNoServer
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return all[(slices.Index(all, n.avoid)+1)%len(all)], nil
}

// silent says that a server has not answered.
func (n *names) silent(server netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.avoid = server
}
