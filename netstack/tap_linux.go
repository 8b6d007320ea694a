package netstack

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// OpenTAP opens the TAP device of that name, which carries frames of Ethernet. It has to be up when packets are to pass:
//
//	ip tuntap add tap0 mode tap && ip address add 10.0.0.1/24 dev tap0 && ip link set tap0 up
//
// One that does not exist is made, for as long as the link is open; that needs CAP_NET_ADMIN. The
// link's MTU is the device's; its address is made of the device's, so that it is the same each time.
func OpenTAP(name string) (Link, error) { return openTun(name, unix.IFF_TAP) }

// OpenTUN opens the TUN device of that name, which carries packets of IP. Otherwise it is as OpenTAP.
func OpenTUN(name string) (Link, error) { return openTun(name, unix.IFF_TUN) }

func openTun(name string, mode uint16) (Link, error) {
	if most := unix.IFNAMSIZ - 1; len(name) > most {
		return Link{}, fmt.Errorf("netstack: open the device %q: its name has %d bytes, and that of a device no more than %d", name, len(name), most)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return Link{}, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	if err = attach(fd, name, mode); err != nil {
		_ = unix.Close(fd)
		return Link{}, fmt.Errorf("netstack: open the device %q: %w", name, err)
	}
	link := Link{Carrier: os.NewFile(uintptr(fd), "/dev/net/tun"), Ethernet: mode == unix.IFF_TAP}
	device, err := net.InterfaceByName(name)
	if err != nil {
		_ = link.Carrier.Close()
		return Link{}, fmt.Errorf("netstack: open the device %q: %w", name, err)
	}
	link.MTU = device.MTU
	if link.Ethernet && len(device.HardwareAddr) == 6 {
		link.MAC = append(net.HardwareAddr(nil), device.HardwareAddr...)
		link.MAC[5] ^= 0xff // the two ends of a cable are two stations
		localMAC(link.MAC)
	}
	return link, nil
}

// attach makes a descriptor that of a device.
func attach(fd int, name string, mode uint16) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	request.SetUint16(mode | unix.IFF_NO_PI) // packets as they are, with no header of the kernel's
	return unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
}
