//go:build linux

package main

import (
	"errors"
	"os"

	"github.com/paf-go/paf/netstack"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// received is how many bytes of frames the kernel keeps for us while we are busy.
const received = 4 << 20

// openCable makes a link for a stack of our own of an interface: a socket whose reads and writes are single frames.
func openCable(link netlink.Link) (netstack.Link, error) {
	at := link.Attrs()
	// The kernel would put segments together that came one after another. A stack expects what fits the MTU: longer frames would be lost.
	whole := at.MTU + 14
	if err := errors.Join(netlink.LinkSetGROMaxSize(link, whole), netlink.LinkSetUp(link)); err != nil {
		return netstack.Link{}, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return netstack.Link{}, os.NewSyscallError("socket", err)
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, received),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: at.Index}),
	)
	if err != nil {
		_ = unix.Close(fd)
		return netstack.Link{}, os.NewSyscallError("packet socket", err)
	}
	return netstack.Link{Carrier: os.NewFile(uintptr(fd), at.Name), Ethernet: true, MAC: at.HardwareAddr, MTU: at.MTU}, nil
}

// bigEndian returns n with its bytes in the order of the network, on a machine that has the other one.
func bigEndian(n uint16) uint16 { return n<<8 | n>>8 }
