package proxyproto

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A Policy says what becomes of the header of a connection.
type Policy uint8

const (
	// Require: a connection without a header is closed.
	Require Policy = iota
	// Accept: a header is believed, and a connection without one is its peer's own. The protocol's authors advise against
	// that ("must not try to guess whether the header is present or not", section 2 of its specification): it is for the time of a change.
	Accept
	// Refuse: the connection is its peer's own. If it begins with a header, it is closed.
	Refuse
)

// Options say what is expected of connections. The zero value requires a header of everybody.
type Options struct {
	// Policy says what is expected of a peer, whose address may be nil. Default: Require of all.
	Policy func(peer net.Addr) Policy

	// Timeout bounds how long the header may take; a peer that says nothing is closed after it, too. Default 5 s, negative: none.
	Timeout time.Duration

	// MaxBytes bounds the size of a header of version 2; one of version 1 has no more than 107 bytes. Default, and the most
	// that there can be: 4096.
	MaxBytes int
}

func (o Options) policy(peer net.Addr) Policy {
	if o.Policy == nil {
		return Require
	}
	return o.Policy(peer)
}

func (o Options) timeout() time.Duration {
	if o.Timeout == 0 {
		return 5 * time.Second
	}
	return o.Timeout
}

// most is what the library takes of the part after the first 16 bytes.
const most = 4096

func (o Options) maxBytes() int {
	if o.MaxBytes <= 0 {
		return most
	}
	return min(o.MaxBytes, most)
}

// Trust returns a policy that requires a header of peers whose IP address is in one of the prefixes and refuses those of all
// others, who are clients themselves. A peer without an IP address, as one of a Unix socket, is of the others.
func Trust(prefixes ...netip.Prefix) func(peer net.Addr) Policy {
	prefixes = slices.Clone(prefixes)
	return func(peer net.Addr) Policy {
		ip := ipOf(peer)
		if ip.IsValid() && slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(ip) }) {
			return Require
		}
		return Refuse
	}
}

// ipOf returns the IP address of a peer, without its zone, or none.
func ipOf(peer net.Addr) netip.Addr {
	var ip netip.Addr
	if peer == nil {
		return ip
	}
	if tcp, is := peer.(*net.TCPAddr); is {
		ip = tcp.AddrPort().Addr()
	} else if p, err := netip.ParseAddrPort(peer.String()); err == nil && strings.HasPrefix(peer.Network(), "tcp") {
		ip = p.Addr()
	}
	return ip.Unmap().WithZone("")
}
