package netstack

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	gvisor "gvisor.dev/gvisor/pkg/log"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// A Stack is a station of its own on a network. Its methods may be called at any time and from any goroutine.
type Stack struct {
	link   Link
	config Config
	log    *slog.Logger
	tcpip  *stack.Stack
	nic    *nic
	names  names
	ready  readiness
	tasks  tasks

	mu      sync.Mutex
	sockets map[*socket]struct{} // that are open
	why     error                // why there can be no more; nil while there can
	lease   func()               // stops keeping the lease of DHCP, if there is one
	over    chan struct{}        // closed when why is there
	closing sync.Once
	gone    chan struct{} // closed when everything has ended
	pausing sync.Mutex    // held while gvisor's goroutines are paused, or ended
}

// nicID is the number of the one interface that a stack has.
const nicID tcpip.NICID = 1

// New makes a stack on a link and returns when all of its addresses may be used: no neighbour has one, DHCP has
// given a lease, a router has announced a prefix. When ctx ends before that, or the carrier does, there is no stack, and the error says
// what was waited for. The link's carrier is closed in any case.
func New(ctx context.Context, link Link, config Config) (*Stack, error) {
	full, err := link.complete()
	if err == nil {
		err = config.check(full)
	}
	if err != nil {
		if link.Carrier != nil {
			_ = link.Carrier.Close()
		}
		return nil, err
	}
	s := &Stack{link: full, config: config, log: config.Log, sockets: map[*socket]struct{}{}}
	s.over, s.gone = make(chan struct{}), make(chan struct{})
	if s.log == nil {
		s.log = slog.Default()
	}
	s.log = s.log.With("component", "netstack")
	s.names.given(config.DNS)
	s.ready.init()
	s.nic = newNIC(full, s.lose)
	gvisor.SetTarget(gvisorLog{})
	s.tcpip = stack.New(s.options())
	err = s.configure()
	s.nic.start()
	if err == nil {
		err = s.settle(ctx)
	}
	if err != nil {
		s.end(err)
		return nil, err
	}
	return s, nil
}

// options are those of gVisor's stack.
func (s *Stack) options() stack.Options {
	v6 := ipv6.Options{NDPDisp: &discovery{s}}
	if s.link.Ethernet {
		v6.AutoGenLinkLocal = true // RFC 4291, Section 2.8: each interface has one
		v6.DADConfigs = stack.DefaultDADConfigurations()
	}
	if s.config.SLAAC {
		v6.NDPConfigs = ipv6.DefaultNDPConfigurations()
		v6.NDPConfigs.AutoGenTempGlobalAddresses = false // a server is to be found where it was (RFC 8981, Section 1)
	}
	return stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocolWithOptions(v6), arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
		HandleLocal:        true,
	}
}

// Buffers of TCP, in bytes: what they begin with, and what they grow to where the path holds so much.
const (
	beginsWith  = 1 << 20
	receivesMax = 8 << 20
	sendsMax    = 6 << 20
)

// configure sets TCP's options, and attaches the interface with the addresses and routes that are given.
func (s *Stack) configure() error {
	sack := tcpip.TCPSACKEnabled(true)
	// With gVisor's RACK some transfers over a bad line come to a stand; docs/adr/0010.
	recovery := tcpip.TCPRecovery(0)
	reuse := tcpip.TCPTimeWaitReuseOption(tcpip.TCPTimeWaitReuseGlobal) // RFC 6191
	moderate := tcpip.TCPModerateReceiveBufferOption(true)
	for _, option := range []tcpip.SettableTransportProtocolOption{
		&sack, &recovery, &reuse, &moderate,
		&tcpip.TCPReceiveBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: beginsWith, Max: receivesMax},
		&tcpip.TCPSendBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: beginsWith, Max: sendsMax},
	} {
		if err := s.tcpip.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return fmt.Errorf("netstack: TCP's option %T: %w", option, errorOf(err))
		}
	}
	var link stack.LinkEndpoint = s.nic
	if s.link.Ethernet {
		link = ethernet.New(s.nic)
	}
	if err := s.tcpip.CreateNIC(nicID, link); err != nil {
		return fmt.Errorf("netstack: attach the link: %w", errorOf(err))
	}
	return s.assign()
}

// Addresses returns the addresses that the stack has at this time, in order, those of IPv4 first and those of the link itself
// (fe80::/10) included.
func (s *Stack) Addresses() []netip.Prefix {
	var all []netip.Prefix
	for _, a := range s.tcpip.AllAddresses()[nicID] {
		addr := a.AddressWithPrefix.Address
		if addr != header.IPv4Broadcast && !addr.Unspecified() { // which each interface of gVisor's has
			all = append(all, netip.PrefixFrom(addrOf(addr), a.AddressWithPrefix.PrefixLen))
		}
	}
	slices.SortFunc(all, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return all
}

// Stats are numbers of packets since the stack was made, and of what was lost on the way out.
type Stats struct {
	Received, Sent uint64
	// Dropped packets found the queue full, and were answers of the stack itself, or the carrier a broken line.
	Dropped uint64
	// Failed packets were refused by the carrier.
	Failed uint64
	// Retransmitted segments of TCP were sent once more.
	Retransmitted uint64
}

// Stats returns the numbers at this time.
func (s *Stack) Stats() Stats {
	q := &s.nic.queue
	q.mu.Lock()
	dropped := q.dropped
	q.mu.Unlock()
	return Stats{
		Received: s.nic.received.Load(), Sent: s.nic.written.Load(), Dropped: dropped, Failed: s.nic.failed.Load(),
		Retransmitted: s.tcpip.Stats().TCP.Retransmits.Value(),
	}
}

// Done is closed when the stack's link is down, or the stack closed. It has to be closed in any case.
func (s *Stack) Done() <-chan struct{} { return s.over }

// lingering is how long what was written to connections that are closed by now may take to arrive.
const lingering = 2 * time.Second

// Close ends the stack. What was written to connections that have been closed is still delivered, if that takes no longer than two
// seconds; connections that are open are reset. Close returns when all goroutines of the stack have ended and the carrier is closed;
// only the first one does anything.
func (s *Stack) Close() error {
	for k := range s.open() {
		if k.listening {
			k.end(errClosed)
		}
	}
	for until := time.Now().Add(lingering); s.delivering() && time.Now().Before(until); {
		select {
		case <-s.over:
		case <-time.After(2 * time.Millisecond):
		}
	}
	s.end(errClosed)
	return nil
}

// delivering reports whether a connection that was closed still has to send something, and can.
func (s *Stack) delivering() bool {
	if s.reason() != nil {
		return false
	}
	open := map[stack.TransportEndpoint]bool{}
	for k := range s.open() {
		if e, ok := k.ep.(stack.TransportEndpoint); ok {
			open[e] = true
		}
	}
	for _, e := range append(s.tcpip.RegisteredEndpoints(), s.tcpip.CleanupEndpoints()...) {
		if c, ok := e.(*tcp.Endpoint); ok && !open[e] {
			switch c.EndpointState() {
			case tcp.StateEstablished, tcp.StateCloseWait, tcp.StateFinWait1, tcp.StateClosing, tcp.StateLastAck:
				return true
			}
		}
	}
	return false
}

// open returns the sockets that are open.
func (s *Stack) open() map[*socket]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.sockets)
}

// reason returns why there can be no more sockets, or nil.
func (s *Stack) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// stop says that there can be no more sockets.
func (s *Stack) stop(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == nil {
		s.why = why
		close(s.over)
	}
}

// lose is called when the carrier has ended. What has been received can still be read: first it has to be where it is read.
func (s *Stack) lose(err error) {
	s.pausing.Lock()
	defer s.pausing.Unlock()
	if s.reason() != nil { // by our own doing
		return
	}
	s.tcpip.Pause() // returns when TCP's goroutines have nothing more to do
	s.tcpip.Resume()
	err = fmt.Errorf("%w: %w", ErrLinkDown, err)
	s.log.Error("the link is down", "error", err)
	s.stop(err)
	s.ready.fail(err)
}

// end ends the stack for a reason, which open sockets are told.
func (s *Stack) end(why error) {
	s.closing.Do(func() {
		s.stop(why)
		s.ready.fail(why)
		s.mu.Lock()
		stopLease := s.lease
		s.mu.Unlock()
		if stopLease != nil {
			stopLease()
		}
		for k := range s.open() {
			k.ep.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true}) // a reset: nobody has meant this end
			k.end(why)
		}
		s.tasks.stop()
		s.pausing.Lock()
		s.tcpip.Close()
		s.pausing.Unlock()
		s.nic.stop()
		for _, e := range append(s.tcpip.RegisteredEndpoints(), s.tcpip.CleanupEndpoints()...) {
			e.Abort() // what has come since; Wait would wait for it until TCP gives it up
		}
		s.tcpip.Wait()
		close(s.gone)
	})
	<-s.gone
}
