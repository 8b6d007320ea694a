package netstack

import (
	"fmt"
	"net"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// backlog is how many connections may wait to be accepted; what comes then is answered by a cookie (RFC 4987, Section 3.6).
const backlog = 4096

// Listen listens for connections. The network is "tcp", "tcp4" or "tcp6", the address "host:port" as net.Listen has it: without a host, all
// addresses of the stack, of both families unless the network says which; a host must be an address. Port 0 is any that is free.
// Errors are those of net.Listen: a *net.OpError, for syscall.EADDRINUSE and others.
func (s *Stack) Listen(network, address string) (net.Listener, error) {
	k, err := s.bind(network, address, "tcp")
	if err == nil {
		if terr := k.ep.Listen(backlog); terr != nil {
			k.ep.Close()
			err = errorOf(terr)
		}
	}
	if err == nil {
		l := &listener{k}
		l.listening = true
		l.addresses()
		if err = s.register(k); err == nil {
			return l, nil
		}
	}
	return nil, &net.OpError{Op: "listen", Net: network, Addr: named{network, address}, Err: err}
}

// ListenPacket receives datagrams: the network is "udp", "udp4" or "udp6". Otherwise it is as Listen.
func (s *Stack) ListenPacket(network, address string) (net.PacketConn, error) {
	k, err := s.bind(network, address, "udp")
	if err == nil {
		c := &datagramConn{k}
		c.addresses()
		c.ep.SocketOptions().SetBroadcast(true) // as package net does
		if err = s.register(k); err == nil {
			return c, nil
		}
	}
	return nil, &net.OpError{Op: "listen", Net: network, Addr: named{network, address}, Err: err}
}

// bind makes an endpoint with an address of its own.
func (s *Stack) bind(network, address, want string) (*socket, error) {
	kind, family, err := parseNetwork(network)
	if err != nil || kind != want {
		return nil, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.LookupPort(kind, service)
	if err != nil {
		return nil, err
	}
	var addr netip.Addr // none: all
	if host != "" {
		if addr, err = netip.ParseAddr(host); err != nil || !suits(addr, family) {
			return nil, &net.AddrError{Err: "no address of " + network, Addr: host}
		}
	}
	if addr.IsUnspecified() && (addr.Is4() || family != 0) {
		family, addr = familyOf(addr), netip.Addr{}
	} else if addr.IsUnspecified() {
		addr = netip.Addr{} // "[::]" is both families, as in package net
	}
	k, err := s.endpoint(kind, addr, family)
	if err != nil {
		return nil, err
	}
	if terr := k.ep.Bind(fullAddress(netip.AddrPortFrom(addr.WithZone(""), uint16(port)))); terr != nil {
		k.ep.Close()
		return nil, errorOf(terr)
	}
	return k, nil
}

// endpoint makes one of gVisor's endpoints for an address, or for all of a family, or, where that is 0, of both.
func (s *Stack) endpoint(kind string, addr netip.Addr, family int) (*socket, error) {
	k := &socket{stack: s, network: kind, events: &waiter.Queue{}}
	transport, protocol := tcp.ProtocolNumber, ipv6.ProtocolNumber
	if kind == "udp" {
		transport = udp.ProtocolNumber
	}
	if addr.Is4() || family == 4 {
		protocol = ipv4.ProtocolNumber
	}
	if err := s.reason(); err != nil {
		return nil, err
	}
	var terr tcpip.Error
	if k.ep, terr = s.tcpip.NewEndpoint(transport, protocol, k.events); terr != nil {
		return nil, errorOf(terr)
	}
	if protocol == ipv6.ProtocolNumber {
		k.ep.SocketOptions().SetV6Only(family == 6 || addr.IsValid())
	}
	return k, nil
}

// parseNetwork tells the protocol and the family of a network: 4, 6, or 0 for both.
func parseNetwork(network string) (kind string, family int, err error) {
	switch network {
	case "tcp", "udp":
		return network, 0, nil
	case "tcp4", "udp4":
		return network[:3], 4, nil
	case "tcp6", "udp6":
		return network[:3], 6, nil
	}
	return "", 0, net.UnknownNetworkError(network)
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

// suits reports whether an address is of a family.
func suits(a netip.Addr, family int) bool { return family == 0 || familyOf(a) == family }

// A named address is one that could not be used.
type named struct{ network, text string }

func (a named) Network() string { return a.network }
func (a named) String() string  { return a.text }

// A listener is a net.Listener.
type listener struct{ *socket }

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.LocalAddr() }

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	l.reading.Lock()
	defer l.reading.Unlock()
	for {
		if err := l.check(&l.readEnd); err != nil {
			return nil, l.fail("accept", err)
		}
		ep, events, terr := l.ep.Accept(nil)
		switch terr.(type) {
		case nil:
			c := &conn{&socket{network: l.network, ep: ep, events: events}}
			c.addresses()
			if err := l.stack.register(c.socket); err != nil {
				return nil, l.fail("accept", err)
			}
			c.keepAlive()
			return c, nil
		case *tcpip.ErrWouldBlock:
			if err := l.wait(l.readable, &l.readEnd); err != nil {
				return nil, l.fail("accept", err)
			}
		default:
			return nil, l.fail("accept", fmt.Errorf("the listener has ended: %w", errorOf(terr)))
		}
	}
}
