//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"

	"github.com/paf-go/paf/netstack"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A network is a TCP/IP that has joined the cable of the machine.
type network struct {
	what      string
	listen    func(addr string) (net.Listener, error)
	addresses func() []netip.Prefix
	close     func() error
}

func join(ctx context.Context, c config) (*network, error) {
	link, err := ethernet()
	if err != nil {
		return nil, err
	}
	switch c.network {
	case "kernel":
		return joinKernel(link, c)
	case "netstack":
		return joinNetstack(ctx, link, c)
	}
	return nil, fmt.Errorf("-net %s: there are netstack and kernel", c.network)
}

// ethernet returns the first interface that has an address of Ethernet.
func ethernet() (netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		if link.Attrs().EncapType == "ether" {
			return link, nil
		}
	}
	return nil, errors.New("the machine has no interface of Ethernet: has it a device of virtio-net, and a module for that?")
}

// joinKernel gives the kernel's TCP/IP an address. IPv6 it configures by itself.
func joinKernel(link netlink.Link, c config) (*network, error) {
	addr, err := netlink.ParseAddr(c.address)
	if err != nil {
		return nil, fmt.Errorf("-addr %s: the kernel's TCP/IP needs an address and the length of its prefix", c.address)
	}
	if err := errors.Join(netlink.AddrAdd(link, addr), netlink.LinkSetUp(link)); err != nil {
		return nil, err
	}
	if c.gateway != "" {
		gw := net.ParseIP(c.gateway)
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: gw}); err != nil {
			return nil, fmt.Errorf("-gw %s: %w", c.gateway, err)
		}
	}
	return &network{
		what:      "TCP/IP of the kernel",
		listen:    func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) },
		addresses: func() []netip.Prefix { return kernelAddresses(link) },
		close:     func() error { return nil },
	}, nil
}

func kernelAddresses(link netlink.Link) []netip.Prefix {
	addrs, err := netlink.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		slog.Warn("the addresses are not known", "error", err)
	}
	var all []netip.Prefix
	for _, a := range addrs {
		ip, _ := netip.AddrFromSlice(a.IP)
		bits, _ := a.Mask.Size()
		all = append(all, netip.PrefixFrom(ip.Unmap(), bits))
	}
	return all
}

// joinNetstack leaves the kernel the driver alone: frames of Ethernet go through a socket, and TCP/IP is in this program.
func joinNetstack(ctx context.Context, link netlink.Link, c config) (*network, error) {
	// What the kernel's IPv6 would answer in our name.
	if err := silence(link.Attrs().Name); err != nil {
		slog.Warn("the kernel may speak IPv6 beside us", "error", err)
	}
	cable, err := openCable(link)
	if err != nil {
		return nil, err
	}
	var stack netstack.Config
	if stack.DHCP = c.address == "dhcp"; !stack.DHCP {
		prefix, err := netip.ParsePrefix(c.address)
		if err != nil {
			return nil, fmt.Errorf("-addr: %w", err)
		}
		stack.Addresses = []netip.Prefix{prefix}
	}
	if c.gateway != "" {
		gw, err := netip.ParseAddr(c.gateway)
		if err != nil {
			return nil, fmt.Errorf("-gw: %w", err)
		}
		stack.Gateways = []netip.Addr{gw}
	}
	s, err := netstack.New(ctx, cable, stack)
	if err != nil {
		return nil, err
	}
	return &network{
		what:      "TCP/IP in this program (netstack)",
		listen:    func(addr string) (net.Listener, error) { return s.Listen("tcp", addr) },
		addresses: s.Addresses,
		close:     s.Close,
	}, nil
}

// silence keeps the kernel's IPv6 off an interface: its address would be ours, as it is made of the same address of Ethernet.
func silence(name string) error {
	if err := os.MkdirAll("/proc", 0o555); err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	defer unix.Unmount("/proc", 0)
	return os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0)
}
