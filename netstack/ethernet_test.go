package netstack_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/netstack"
)

// ethernet is a Pair that carries frames.
func ethernet() (a, b netstack.Link) {
	a, b = netstack.Pair()
	a.Ethernet, b.Ethernet, a.MTU, b.MTU = true, true, 1500, 1500
	return a, b
}

func TestStacksOnEthernetFindEachOther(t *testing.T) {
	a, b := ethernet()
	one, two := stacksOn(t, a, b)
	for _, host := range []string{twoV4, twoV6} {
		from, to := connect(t, one, two, host)
		if err := transfer(from, to, 4<<20, 8); err != nil {
			t.Error(err)
		}
	}
	nothingLost(t, one, two)
}

func TestAnAddressThatANeighbourHasIsRefused(t *testing.T) {
	a, b := ethernet()
	newStack(t, a, configOf(oneV6+"/64"))
	_, err := netstack.New(t.Context(), b, configOf(oneV6+"/64"))
	if !errors.Is(err, netstack.ErrAddressInUse) || !strings.Contains(err.Error(), oneV6) {
		t.Errorf("%v, want that the address is in use", err)
	}
}

func TestNewSaysWhatItWaitsFor(t *testing.T) {
	for want, c := range map[string]netstack.Config{
		"DHCP": {DHCP: true, Log: quiet}, "SLAAC": {SLAAC: true, Log: quiet}, oneV6: configOf(oneV6 + "/64"),
	} {
		a, b := ethernet()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := netstack.New(ctx, a, c)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want that it waited for %s", err, want)
		}
		if _, err := b.Carrier.Read(make([]byte, 2000)); err != nil { // what it had sent
			t.Error(err)
		}
		_, err = io.Copy(io.Discard, b.Carrier)
		if err != nil {
			t.Errorf("the carrier is still open: %v", err)
		}
	}
}

func TestNewRefusesWhatCannotBe(t *testing.T) {
	for want, c := range map[string]struct {
		link   func(*netstack.Link)
		config netstack.Config
	}{
		"no carrier":    {link: func(l *netstack.Link) { _ = l.Carrier.Close(); l.Carrier = nil }},
		"an MTU of 100": {link: func(l *netstack.Link) { l.MTU = 100 }},
		"no address":    {config: netstack.Config{Addresses: make([]netip.Prefix, 1)}},
		"is no gateway": {config: netstack.Config{Gateways: make([]netip.Addr, 1)}},
		"one gateway":   {config: netstack.Config{Gateways: []netip.Addr{netip.MustParseAddr(oneV4), netip.MustParseAddr(twoV4)}}},
		"the gateway 198.51.100.1 is not on the link: it is in no prefix of the addresses [192.0.2.1/24]": {
			link: onEthernet, config: netstack.Config{
				Addresses: []netip.Prefix{netip.MustParsePrefix(oneV4 + "/24")}, Gateways: []netip.Addr{netip.MustParseAddr("198.51.100.1")},
			},
		},
		"the gateway fd99::1 is not on the link": {link: onEthernet, config: netstack.Config{DHCP: true, Gateways: []netip.Addr{netip.MustParseAddr("fd99::1")}}},
		"no route":                               {config: netstack.Config{Routes: make([]netstack.Route, 1)}},
		"need a link":                            {config: netstack.Config{DHCP: true}},
		"of a single station":                    {link: func(l *netstack.Link) { l.Ethernet, l.MAC = true, net.HardwareAddr{1, 2, 3, 4, 5, 6} }},
	} {
		a, _ := netstack.Pair()
		if c.link != nil {
			c.link(&a)
		}
		s, err := netstack.New(t.Context(), a, c.config)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func onEthernet(l *netstack.Link) { l.Ethernet = true }

// TestGatewaysMayBeOnTheLinkInManyWays has gateways that no address's prefix holds, where others may.
func TestGatewaysMayBeOnTheLinkInManyWays(t *testing.T) {
	for gateway, c := range map[string]netstack.Config{
		"fe80::1":      {},
		"192.0.2.9":    configOf(oneV4 + "/24"),
		"198.51.100.1": {Routes: []netstack.Route{{Destination: netip.MustParsePrefix("198.51.100.1/32")}}},
	} {
		a, _ := netstack.Pair()
		a.Ethernet, c.Log = true, quiet
		c.Gateways = []netip.Addr{netip.MustParseAddr(gateway)}
		newStack(t, a, c)
	}
	a, _ := netstack.Pair()
	c := configOf(oneV4 + "/32") // the other end is everybody
	c.Gateways = []netip.Addr{netip.MustParseAddr("198.51.100.1")}
	newStack(t, a, c)
}

// A name is looked up by the stack's servers: of the kernel's there is no word.
func TestALookupThatFailsNamesNoServerOfTheKernel(t *testing.T) {
	a, _ := netstack.Pair()
	s := newStack(t, a, configOf(oneV4+"/24"))
	_, err := s.DialContext(t.Context(), "tcp", "none.test:80")
	var name *net.DNSError
	if !errors.As(err, &name) || name.Server != "" || !strings.HasSuffix(err.Error(), "lookup none.test: netstack: no name server is known") {
		t.Errorf("%v", err)
	}
}

// TestStacksOverDatagrams has two stacks whose packets go through sockets of UDP.
func TestStacksOverDatagrams(t *testing.T) {
	var socks [2]net.PacketConn
	for i := range socks {
		var err error
		if socks[i], err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	a := netstack.Link{Carrier: netstack.Datagrams(socks[0], socks[1].LocalAddr()), MTU: 1400}
	b := netstack.Link{Carrier: netstack.Datagrams(socks[1], socks[0].LocalAddr()), MTU: 1400}
	one, two := stacksOn(t, a, b)
	for _, host := range []string{twoV4, twoV6} {
		from, to := connect(t, one, two, host)
		if err := transfer(from, to, 4<<20, 5); err != nil {
			t.Error(err)
		}
	}
}

// TestRoutesLeadByTheGateway has a packet for elsewhere on Ethernet go to the gateway's station.
func TestRoutesLeadByTheGateway(t *testing.T) {
	a, b := ethernet()
	c := configOf(oneV4+"/24", oneV6+"/64")
	c.Gateways = []netip.Addr{netip.MustParseAddr(twoV4)}
	c.Routes = []netstack.Route{{Destination: netip.MustParsePrefix("fd99::/16"), Via: netip.MustParseAddr(twoV6)}}
	made := make(chan *netstack.Stack)
	go func() { made <- newStack(t, b, configOf(twoV4+"/24", twoV6+"/64", "203.0.113.1/32", "fd99::1/128")) }()
	one := newStack(t, a, c)
	two := <-made
	for _, host := range []string{"203.0.113.1", "fd99::1"} {
		from, to := connect(t, one, two, host)
		if err := transfer(from, to, 1000, 6); err != nil {
			t.Error(err)
		}
	}
}
