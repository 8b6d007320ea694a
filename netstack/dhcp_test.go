package netstack_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/paf-go/paf/netstack"
)

// A dhcpServer is one on another stack, which gives leases of three seconds.
type dhcpServer struct {
	conn net.PacketConn
	mu   sync.Mutex
	gave string // the address that it gives
	deaf bool   // to renewals
	nak  int    // so many requests are refused
	seen []dhcpv4.MessageType
}

const leaseTime = 3 * time.Second

func serveDHCP(t *testing.T, l netstack.Link) *dhcpServer {
	s := newStack(t, l, configOf(twoV4+"/24"))
	conn, err := s.ListenPacket("udp4", ":67")
	if err != nil {
		t.Fatal(err)
	}
	d := &dhcpServer{conn: conn, gave: "192.0.2.50"}
	go d.serve()
	return d
}

func (d *dhcpServer) serve() {
	p := make([]byte, 1500)
	for {
		n, from, err := d.conn.ReadFrom(p)
		if err != nil {
			return
		}
		m, err := dhcpv4.FromBytes(p[:n])
		if err != nil {
			continue
		}
		if answer, to := d.answer(m, from); answer != nil {
			_, _ = d.conn.WriteTo(answer.ToBytes(), to)
		}
	}
}

// answer returns what to say to a message, and to whom.
func (d *dhcpServer) answer(m *dhcpv4.DHCPv4, from net.Addr) (*dhcpv4.DHCPv4, net.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, m.MessageType())
	kind, to := dhcpv4.MessageTypeAck, net.Addr(&net.UDPAddr{IP: net.IPv4bcast, Port: 68})
	switch {
	case m.MessageType() == dhcpv4.MessageTypeDiscover:
		kind = dhcpv4.MessageTypeOffer
	case !m.ClientIPAddr.IsUnspecified(): // a renewal
		if d.deaf {
			return nil, nil
		}
		to = from
	case d.nak > 0:
		d.nak--
		kind = dhcpv4.MessageTypeNak
	}
	answer, _ := dhcpv4.NewReplyFromRequest(m, dhcpv4.WithMessageType(kind), dhcpv4.WithServerIP(net.ParseIP(twoV4)),
		dhcpv4.WithYourIP(net.ParseIP(d.gave)), dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(net.ParseIP(twoV4)),
		dhcpv4.WithLeaseTime(uint32(leaseTime.Seconds())), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.ParseIP(twoV4))))
	return answer, to
}

func (d *dhcpServer) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// count returns how many messages of a type there have been.
func (d *dhcpServer) count(kind dhcpv4.MessageType) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.seen {
		if k == kind {
			n++
		}
	}
	return n
}

// TestALeaseIsRenewedAndReplaced has a server that refuses at first, then gives an address, has it renewed, turns deaf to renewals, and gives another.
func TestALeaseIsRenewedAndReplaced(t *testing.T) {
	a, b := ethernet()
	server := serveDHCP(t, b)
	server.nak = 1
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := netstack.New(ctx, a, netstack.Config{DHCP: true, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	has := func(addr string) bool { return slices.Contains(s.Addresses(), netip.MustParsePrefix(addr+"/24")) }
	if !has("192.0.2.50") || server.count(dhcpv4.MessageTypeDiscover) != 2 {
		t.Fatalf("after a refusal and a lease: %v, %d messages of discovery", s.Addresses(), server.count(dhcpv4.MessageTypeDiscover))
	}
	await(t, func() bool { return server.count(dhcpv4.MessageTypeRequest) >= 4 }) // two were for the lease
	if !has("192.0.2.50") || server.count(dhcpv4.MessageTypeDiscover) != 2 {
		t.Errorf("after two renewals: %v", s.Addresses())
	}
	server.set(func() { server.deaf, server.gave = true, "192.0.2.51" })
	await(t, func() bool { return has("192.0.2.51") })
	if has("192.0.2.50") {
		t.Error("the lease that has run out is still used")
	}
	c, err := s.Dial("tcp", twoV4+":1") // from the new address
	if err == nil {
		_ = c.Close()
	}
}
