//go:build !js && !wasip1

package netstack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// A lease is what a DHCP server has given.
type lease struct {
	prefix  netip.Prefix
	gateway netip.Addr // not valid if there is none
	names   []netip.Addr
	server  netip.Addr
	ack     *dhcpv4.DHCPv4
	begun   time.Time
}

// Times of DHCP (RFC 2131, Section 4.1 and Section 4.4.5).
const (
	firstPatience = time.Second // with an answer; it doubles, and is spread by a tenth
	maxPatience   = 16 * time.Second
	defaultLease  = time.Hour   // where a server names none
	minRenewal    = time.Second // lest an odd lease make us flood the server
	offerTries    = 4           // of a request for what was offered
)

// keepLease gets a lease and renews it until stop is called. "DHCP" is reached with the first.
func (s *Stack) keepLease() (stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			l, err := s.getLease(ctx)
			if err != nil {
				s.log.Warn("no lease", "error", err)
				_ = sleep(ctx, spread(firstPatience))
				continue
			}
			if err := s.useLease(l); err != nil {
				s.ready.fail(err)
				return
			}
			s.ready.reach("DHCP")
			s.holdLease(ctx, &l)
			s.dropLease(l)
		}
	}()
	return func() { cancel(); <-done }, nil
}

// getLease asks until a server answers (RFC 2131, Section 3.1).
func (s *Stack) getLease(ctx context.Context) (lease, error) {
	talk, err := s.beginDHCP(netip.IPv4Unspecified())
	if err != nil {
		return lease{}, err
	}
	defer talk.end()
	discover, err := dhcpv4.NewDiscovery(s.link.MAC, dhcpv4.WithBroadcast(true), dhcpv4.WithRequestedOptions(wanted...))
	if err != nil {
		return lease{}, err
	}
	offer, err := talk.ask(ctx, discover, netip.AddrFrom4([4]byte{255, 255, 255, 255}), 0, dhcpv4.MessageTypeOffer)
	if err != nil {
		return lease{}, err
	}
	request, err := dhcpv4.NewRequestFromOffer(offer, dhcpv4.WithBroadcast(true), dhcpv4.WithRequestedOptions(wanted...))
	if err != nil {
		return lease{}, err
	}
	begun := time.Now()
	ack, err := talk.ask(ctx, request, netip.AddrFrom4([4]byte{255, 255, 255, 255}), offerTries, dhcpv4.MessageTypeAck)
	if err != nil {
		return lease{}, err
	}
	return leaseOf(ack, begun)
}

var wanted = []dhcpv4.OptionCode{dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionDomainNameServer}

// leaseOf reads what a server has given.
func leaseOf(ack *dhcpv4.DHCPv4, begun time.Time) (lease, error) {
	l := lease{ack: ack, begun: begun}
	addr, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	bits, size := ack.SubnetMask().Size()
	if !ok || addr.IsUnspecified() {
		return l, errors.New("the server gave no address")
	}
	if size == 0 {
		bits = 24
	}
	l.prefix = netip.PrefixFrom(addr, bits)
	if routers := ack.Router(); len(routers) > 0 {
		l.gateway, _ = netip.AddrFromSlice(routers[0].To4())
	}
	for _, ip := range ack.DNS() {
		if a, ok := netip.AddrFromSlice(ip.To4()); ok {
			l.names = append(l.names, a)
		}
	}
	l.server, _ = netip.AddrFromSlice(ack.ServerIdentifier().To4())
	return l, nil
}

func (s *Stack) useLease(l lease) error {
	if err := s.addAddress(l.prefix); err != nil {
		return err
	}
	if l.gateway.IsValid() {
		s.addRoute(Route{everything(l.gateway), l.gateway})
	}
	s.names.lease(l.names)
	s.log.Info("lease", "address", l.prefix, "gateway", l.gateway, "server", l.server, "time", l.ack.IPAddressLeaseTime(defaultLease))
	return nil
}

func (s *Stack) dropLease(l lease) {
	s.removeAddress(l.prefix)
	if l.gateway.IsValid() {
		s.removeRoute(Route{everything(l.gateway), l.gateway})
	}
	s.names.lease(nil)
}

// holdLease renews a lease until it has run out or ctx has ended (RFC 2131, Section 4.4.5).
func (s *Stack) holdLease(ctx context.Context, l *lease) {
	for {
		whole := l.ack.IPAddressLeaseTime(defaultLease)
		renew := max(l.ack.IPAddressRenewalTime(whole/2), minRenewal)
		if sleep(ctx, time.Until(l.begun.Add(renew))) != nil {
			return
		}
		end, cancel := context.WithDeadline(ctx, l.begun.Add(whole))
		next, err := s.renewLease(end, l)
		cancel()
		if err != nil || next.prefix != l.prefix {
			s.log.Warn("the lease was not renewed", "error", err)
			return
		}
		s.log.Debug("lease renewed", "address", l.prefix)
		*l = next
	}
}

// renewLease asks the server that gave the lease, until ctx ends.
func (s *Stack) renewLease(ctx context.Context, l *lease) (lease, error) {
	talk, err := s.beginDHCP(l.prefix.Addr())
	if err != nil {
		return lease{}, err
	}
	defer talk.end()
	request, err := dhcpv4.NewRenewFromAck(l.ack, dhcpv4.WithRequestedOptions(wanted...))
	if err != nil {
		return lease{}, err
	}
	begun := time.Now()
	ack, err := talk.ask(ctx, request, l.server, 0, dhcpv4.MessageTypeAck)
	if err != nil {
		return lease{}, err
	}
	return leaseOf(ack, begun)
}

// A dhcpTalk is a conversation with servers.
type dhcpTalk struct {
	conn net.PacketConn
	end  func()
}

// beginDHCP begins a conversation from an address. From none (0.0.0.0) the interface has that one meanwhile: gVisor
// sends nothing from an interface without an address.
func (s *Stack) beginDHCP(from netip.Addr) (*dhcpTalk, error) {
	none := netip.PrefixFrom(from, 32)
	if from.IsUnspecified() {
		if err := s.addAddress(none); err != nil {
			return nil, err
		}
	}
	conn, err := s.ListenPacket("udp4", ":68")
	end := func() {
		if conn != nil {
			_ = conn.Close()
		}
		if from.IsUnspecified() {
			s.removeAddress(none)
		}
	}
	if err != nil {
		end()
		return nil, err
	}
	return &dhcpTalk{conn, end}, nil
}

var errRefused = errors.New("the server refused")

// ask sends a message, again and again, until an answer to it of one type is there; tries of 0 are without bound.
func (t *dhcpTalk) ask(ctx context.Context, m *dhcpv4.DHCPv4, to netip.Addr, tries int, want dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	stop := context.AfterFunc(ctx, func() { _ = t.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	patience := firstPatience
	for try := 1; ; try++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		_, err := t.conn.WriteTo(m.ToBytes(), net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, dhcpv4.ServerPort)))
		if err == nil {
			var answer *dhcpv4.DHCPv4
			if answer, err = t.answer(ctx, m, spread(patience), want); answer != nil || errors.Is(err, errRefused) {
				return answer, err
			}
		} else {
			_ = sleep(ctx, spread(patience))
		}
		if try == tries {
			return nil, fmt.Errorf("no answer to %v: %w", m.MessageType(), err)
		}
		patience = min(2*patience, maxPatience)
	}
}

// answer waits for the answer to m.
func (t *dhcpTalk) answer(ctx context.Context, m *dhcpv4.DHCPv4, patience time.Duration, want dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	if err := t.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // it ended before the deadline was set
		return nil, context.Cause(ctx)
	}
	buf := make([]byte, maxMTU)
	for {
		n, _, err := t.conn.ReadFrom(buf)
		if err != nil {
			return nil, err
		}
		got, err := dhcpv4.FromBytes(buf[:n])
		if err != nil || got.OpCode != dhcpv4.OpcodeBootReply || got.TransactionID != m.TransactionID {
			continue
		}
		switch got.MessageType() {
		case want:
			return got, nil
		case dhcpv4.MessageTypeNak:
			return nil, fmt.Errorf("%w: %s", errRefused, got.Message())
		}
	}
}

// spread returns about d, so that many stations do not ask at the same time.
func spread(d time.Duration) time.Duration {
	return d - d/10 + time.Duration(rand.Int64N(int64(d/5)))
}

// sleep waits, or returns why ctx has ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
