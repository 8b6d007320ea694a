package netstack

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
)

// A Link is the way from a stack to its network.
type Link struct {
	// Carrier moves the packets: a Read returns one, a Write takes one, and neither a part of one. One Read and one
	// Write may run at the same time. Close makes both return. An error of Write loses the packet, one of Read is tried
	// again; net.ErrClosed, os.ErrClosed, io.ErrClosedPipe and io.EOF end the stack. The stack closes the carrier.
	Carrier io.ReadWriteCloser

	// Ethernet says that the packets are frames of Ethernet, without preamble and checksum. Otherwise they are packets of IP.
	Ethernet bool

	// MAC is the stack's own address on Ethernet. The default is a random one.
	MAC net.HardwareAddr

	// MTU is the size of the largest packet of IP in bytes, the header of Ethernet not counted. The default is 1500; IPv6 needs 1280.
	MTU int

	// Queue is how many bytes may wait for the carrier before senders are held up. The default is 512 KiB.
	Queue int
}

const (
	defaultMTU   = 1500
	minMTU       = 1280 // RFC 8200, Section 5
	maxMTU       = 65535
	defaultQueue = 512 << 10
	etherHeader  = 14
)

// complete returns l with its defaults filled in.
func (l Link) complete() (Link, error) {
	l.MTU = cmp.Or(l.MTU, defaultMTU)
	l.Queue = cmp.Or(l.Queue, defaultQueue)
	switch {
	case l.Carrier == nil:
		return l, errors.New("netstack: the link has no carrier")
	case l.MTU < minMTU || l.MTU > maxMTU:
		return l, fmt.Errorf("netstack: an MTU of %d bytes is not between %d and %d", l.MTU, minMTU, maxMTU)
	case l.Queue < 0:
		return l, fmt.Errorf("netstack: a queue of %d bytes", l.Queue)
	}
	if !l.Ethernet {
		l.MAC = nil
		return l, nil
	}
	if l.MAC == nil {
		l.MAC = make(net.HardwareAddr, 6)
		_, _ = rand.Read(l.MAC) // which never fails
		localMAC(l.MAC)
	}
	if len(l.MAC) != 6 || l.MAC[0]&1 != 0 {
		return l, fmt.Errorf("netstack: %v is no address of a single station on Ethernet", l.MAC)
	}
	return l, nil
}

// localMAC marks an address as one of a single station, administered locally (IEEE 802, Section 8.4).
func localMAC(mac net.HardwareAddr) { mac[0] = mac[0]&^1 | 2 }

// size returns the size of the largest packet that the carrier moves.
func (l *Link) size() int {
	if l.Ethernet {
		return l.MTU + etherHeader
	}
	return l.MTU
}
