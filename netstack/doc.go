// Package netstack is TCP/IP in user space: IPv4 and IPv6 at once, over a TAP or TUN device, over anything that
// carries packets, or between two stacks in memory. The kernel's network is not asked: a program that has a way to move packets
// needs neither an interface nor a port of its machine. TCP, IP, ARP and neighbour discovery are gVisor's.
//
// # A stack
//
// A [Link] says what carries the packets, a [Config] what addresses the stack has:
//
//	link, err := netstack.OpenTAP("tap0")
//	…
//	s, err := netstack.New(ctx, link, netstack.Config{
//		Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24"), netip.MustParsePrefix("fd00::2/64")},
//		Gateways:  []netip.Addr{netip.MustParseAddr("10.0.0.1")},
//	})
//	…
//	defer s.Close()
//
// A stack listens and dials as package net does, with the same errors to match (os.ErrDeadlineExceeded,
// syscall.ECONNREFUSED, net.ErrClosed), so a server and a client of paf run over it as they are:
//
//	ln, err := s.Listen("tcp", ":80")
//	…
//	err = server.Serve(ctx, ln)
//
//	client := paf.Client{Context: s.Context(paf.Host, paf.Port)}
//
// # Links
//
//   - [OpenTAP] and [OpenTUN] open a device of Linux: frames of Ethernet, or IP packets.
//   - [Pair] makes two links that lead to each other, in memory.
//   - Any io.ReadWriteCloser whose Read returns one packet and whose Write takes one will do as a Link's Carrier: the device of
//     a WireGuard, the network socket of a virtual machine. [Datagrams] makes one of a net.PacketConn.
//
// # Addresses
//
// Addresses are given, or asked for: [Config.DHCP] gets a lease for IPv4 (RFC 2131) and renews it, [Config.SLAAC] takes what
// routers of IPv6 announce (RFC 4862). Both bring routes and name servers along. [New] returns once all that was
// asked for is there; that no neighbour has an address of IPv6 already takes a second to find out on Ethernet (RFC 4862,
// Section 5.4).
//
// # Names
//
// [Stack.Resolver] is a net.Resolver that asks the stack's own name servers over the stack. [Stack.DialContext] uses it.
//
// # Nothing is dropped on the way out
//
// Between TCP and the carrier stands a queue of [Link.Queue] bytes. When it is full, what sends waits until the carrier has
// taken some: a slow carrier slows its senders, and TCP is not told of a congestion that is none. Two things are lost all the
// same. A stack must answer pings and the like while it reads, and reading must not wait for writing, or two stacks
// could wait for each other for ever: such answers are dropped when the queue holds twice its size. And a carrier
// that has taken nothing for three seconds is a broken line: what is sent meanwhile is dropped, and sent again by
// TCP. [Stack.Stats] counts both.
//
// # TCP
//
// Selective acknowledgements (RFC 2018), window scaling and timestamps (RFC 7323) are on, Nagle's algorithm is off as in package
// net. Buffers begin with a MiB and grow with the path to 8 MiB (receiving) and 6 MiB (sending). An idle connection is
// probed every 15 seconds.
package netstack
