package serve

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/netstack"
)

// A Tap is a station of our own on a TAP device.
type Tap struct {
	device string
	config netstack.Config
}

// NewTap reads addresses as 10.0.0.2/24, "dhcp" or "slaac", and gateways as 10.0.0.1.
func NewTap(device string, addrs, gateways []string) (*Tap, error) {
	t := &Tap{device: device}
	for _, a := range addrs {
		switch a {
		case "dhcp":
			t.config.DHCP = true
			continue
		case "slaac":
			t.config.SLAAC = true
			continue
		}
		p, err := netip.ParsePrefix(a)
		if err != nil {
			return nil, fmt.Errorf("--addr takes an address with its prefix (as 10.0.0.2/24), dhcp or slaac, not %q", a)
		}
		t.config.Addresses = append(t.config.Addresses, p)
	}
	for _, g := range gateways {
		a, err := netip.ParseAddr(g)
		if err != nil {
			return nil, fmt.Errorf("--gw takes an address (as 10.0.0.1), not %q", g)
		}
		t.config.Gateways = append(t.config.Gateways, a)
	}
	return t, nil
}

// addressWait is how long DHCP and routers may take to answer.
const addressWait = time.Minute

// addressPatience is how long that may take without a word.
const addressPatience = time.Second

// warn tells what is still to be done for packets to pass, if the kernel's end of the device was just made, or is down.
func (t *Tap) warn(log *slog.Logger, made bool) {
	device, err := net.InterfaceByName(t.device)
	if err != nil {
		return // it has gone: the stack says so
	}
	var do []string
	if addrs, err := device.Addrs(); err == nil && len(addrs) == 0 {
		for _, p := range t.config.Addresses {
			do = append(do, fmt.Sprintf("ip address add %v dev %s", t.other(p), t.device))
		}
	}
	if device.Flags&net.FlagUp == 0 {
		do = append(do, "ip link set "+t.device+" up")
	}
	switch {
	case made:
		log.Warn("the device was made for this run, and nothing leads there yet", "device", t.device, "run", strings.Join(do, " && "))
	case device.Flags&net.FlagUp == 0:
		log.Warn("the device is down: no packet passes", "device", t.device, "run", strings.Join(do, " && "))
	}
}

// other returns an address for the kernel's end: the gateway, if it is of the same prefix, else the first that is not ours.
func (t *Tap) other(p netip.Prefix) netip.Prefix {
	for _, g := range t.config.Gateways {
		if p.Contains(g) {
			return netip.PrefixFrom(g, p.Bits())
		}
	}
	a := p.Masked().Addr().Next()
	if a == p.Addr() {
		a = a.Next()
	}
	return netip.PrefixFrom(a, p.Bits())
}

// Open makes the stack, whose addresses may take a minute to come. Whoever calls it closes it.
func (t *Tap) Open(ctx context.Context, log *slog.Logger) (*netstack.Stack, error) {
	_, err := net.InterfaceByName(t.device)
	made := err != nil
	link, err := netstack.OpenTAP(t.device)
	if err != nil {
		return nil, err
	}
	t.warn(log, made)
	if t.config.DHCP || t.config.SLAAC {
		defer time.AfterFunc(addressPatience, func() { log.Info("waiting for an address…", "device", t.device) }).Stop()
	}
	ctx, cancel := context.WithTimeout(ctx, addressWait)
	defer cancel()
	config := t.config
	config.Log = log
	return netstack.New(ctx, link, config)
}

// A network is where addresses are listened on: the kernel's, or a stack's of our own.
type network struct {
	stack    *netstack.Stack
	unixMode fs.FileMode // of the files of Unix sockets, which are the kernel's in any case
	inherits bool        // sockets may be systemd's
}

// network returns the network that is to be used, and how to close it.
func (o *Options) network(ctx context.Context) (*network, func(), error) {
	if o.Tap == nil {
		return &network{inherits: true}, func() {}, nil
	}
	s, err := o.Tap.Open(ctx, o.Log)
	if err != nil {
		return nil, nil, exit.Errorf(exit.Failure, "cannot use the device: %w", err)
	}
	return &network{stack: s, inherits: true}, func() { _ = s.Close() }, nil
}

// tcp listens on "host:port".
func (n *network) tcp(ctx context.Context, addr string) (net.Listener, error) {
	if n.stack != nil {
		return n.stack.Listen("tcp", addr)
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", addr)
}

// reachable returns the addresses at which a listener is reached: a stack's own, where it listens on all.
func (n *network) reachable(addr net.Addr) []net.Addr {
	tcp, is := addr.(*net.TCPAddr)
	if n.stack == nil || !is || !tcp.IP.IsUnspecified() {
		return []net.Addr{addr}
	}
	var all []net.Addr
	for _, p := range n.stack.Addresses() {
		if !p.Addr().IsLinkLocalUnicast() {
			all = append(all, net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.Addr(), uint16(tcp.Port))))
		}
	}
	return all
}
