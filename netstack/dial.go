package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Dial is DialContext without an end.
func (s *Stack) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

// DialContext opens a connection as net.Dialer does: the network is "tcp", "tcp4", "tcp6", "udp", "udp4" or "udp6", the
// address "host:port". A host that is a name is looked up by the stack's Resolver; of several addresses those of both families are
// tried, a quarter of a second apart, and the first connection that is there is the one (RFC 8305). A flow over UDP is no
// reliable one. The error is a *net.OpError: syscall.ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT, a *net.DNSError, what ctx says.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.dial(ctx, network, address)
	if err != nil {
		var op *net.OpError
		if !errors.As(err, &op) {
			err = &net.OpError{Op: "dial", Net: network, Addr: named{network, address}, Err: err}
		}
		return nil, err
	}
	return c, nil
}

func (s *Stack) dial(ctx context.Context, network, address string) (net.Conn, error) {
	kind, family, err := parseNetwork(network)
	if err != nil {
		return nil, err
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.LookupPort(kind, service)
	if err != nil {
		return nil, err
	}
	addrs, err := s.lookup(ctx, host, family)
	if err != nil {
		return nil, err
	}
	return s.race(ctx, kind, addrs, uint16(port))
}

// lookup returns the addresses of a host, of both families in turn (RFC 8305, Section 4).
func (s *Stack) lookup(ctx context.Context, host string, family int) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if a = a.Unmap(); !suits(a, family) {
			return nil, &net.AddrError{Err: "not of this family", Addr: host}
		}
		return []netip.Addr{a.WithZone("")}, nil
	}
	all, err := s.Resolver().LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, ours(err)
	}
	var families [2][]netip.Addr
	for _, a := range all {
		if a = a.Unmap(); suits(a, family) {
			i := 0
			if a.Is4() {
				i = 1
			}
			families[i] = append(families[i], a)
		}
	}
	var inTurn []netip.Addr
	for i := range max(len(families[0]), len(families[1])) {
		for _, f := range families {
			if i < len(f) {
				inTurn = append(inTurn, f[i])
			}
		}
	}
	if len(inTurn) == 0 {
		return nil, &net.AddrError{Err: "no suitable address", Addr: host}
	}
	return inTurn, nil
}

// ours returns an error of Go's resolver without the server that it names: the kernel's, which it has not asked.
func ours(err error) error {
	if e, is := err.(*net.DNSError); is {
		own := *e
		own.Server = ""
		return &own
	}
	return err
}

// headStart is how long an address is tried before the next one is, too (RFC 8305, Section 8).
const headStart = 250 * time.Millisecond

// race connects to the first of the addresses that answers. If none does, the error is that of the first.
func (s *Stack) race(ctx context.Context, kind string, addrs []netip.Addr, port uint16) (net.Conn, error) {
	if len(addrs) == 1 {
		return s.connect(ctx, kind, netip.AddrPortFrom(addrs[0], port))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result)
	var first error
	for running, next := 0, 0; running > 0 || next < len(addrs); {
		var later <-chan time.Time
		if next < len(addrs) {
			if running == 0 {
				later = time.After(0)
			} else {
				later = time.After(headStart)
			}
		}
		select {
		case <-later:
			to := netip.AddrPortFrom(addrs[next], port)
			next++
			running++
			go func() {
				c, err := s.connect(ctx, kind, to)
				results <- result{c, err}
			}()
		case r := <-results:
			running--
			if r.err == nil {
				cancel()
				go func() { // who comes late
					for range running {
						if r := <-results; r.err == nil {
							_ = r.conn.Close()
						}
					}
				}()
				return r.conn, nil
			}
			if first == nil {
				first = r.err
			}
			if ctx.Err() != nil {
				next = len(addrs)
			}
		}
	}
	return nil, first
}

// connect connects to one address.
func (s *Stack) connect(ctx context.Context, kind string, to netip.AddrPort) (net.Conn, error) {
	k, err := s.endpoint(kind, to.Addr(), 0)
	if err == nil {
		k.remote = to
		err = s.handshake(ctx, k, to)
	}
	if err == nil {
		k.addresses()
		if err = s.register(k); err == nil {
			if kind == "udp" {
				return &datagramConn{k}, nil
			}
			c := &conn{k}
			c.keepAlive()
			return c, nil
		}
	}
	addr := named{kind, to.String()}
	return nil, &net.OpError{Op: "dial", Net: kind, Addr: addr, Err: err}
}

// handshake connects an endpoint, or closes it.
func (s *Stack) handshake(ctx context.Context, k *socket, to netip.AddrPort) error {
	entry, events := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventErr | waiter.EventHUp)
	k.events.EventRegister(&entry)
	defer k.events.EventUnregister(&entry)
	terr := k.ep.Connect(fullAddress(to))
	err := errorOf(terr)
	if _, started := terr.(*tcpip.ErrConnectStarted); started {
		select {
		case <-events:
			err = errorOf(k.ep.LastError())
		case <-ctx.Done():
			err = context.Cause(ctx)
			k.ep.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
		case <-s.over:
			err = s.reason()
		}
	}
	if err != nil {
		k.ep.Close()
	}
	return err
}
