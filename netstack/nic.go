package netstack

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A nic is what gVisor's stack sees of a Link. It has two goroutines: one reads packets from the carrier and delivers
// them, one writes to the carrier what is in the queue. gVisor's own endpoints will not do: each of them drops what it sends when its
// channel or its descriptor is full.
type nic struct {
	link  Link
	queue queue
	down  func(error) // called once, when the carrier has ended by itself
	done  chan struct{}

	// What the packets go to; nil until the stack attaches itself. It is looked at for each packet.
	dispatcher atomic.Pointer[stack.NetworkDispatcher]
	received   atomic.Uint64
	written    atomic.Uint64
	failed     atomic.Uint64 // by the carrier, in writing
}

var _ stack.LinkEndpoint = (*nic)(nil)

func newNIC(link Link, down func(error)) *nic {
	n := &nic{link: link, down: down, done: make(chan struct{})}
	n.queue.init(link.Queue)
	return n
}

// start begins to move packets.
func (n *nic) start() {
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		n.read()
	}()
	go func() {
		defer close(n.done)
		n.write()
		_ = n.link.Carrier.Close() // which ends the reading
		<-reading
	}()
}

// farewell is how long what is in the queue may take to be written once the stack has been closed.
const farewell = time.Second

// stop writes what is in the queue, closes the carrier, and waits for both goroutines.
func (n *nic) stop() {
	n.queue.close()
	late := time.AfterFunc(farewell, func() { _ = n.link.Carrier.Close() })
	defer late.Stop()
	<-n.done
}

// write moves packets from the queue to the carrier until the queue is closed and empty, or the carrier ends.
func (n *nic) write() {
	for {
		p, ok := n.queue.take()
		if !ok {
			return
		}
		_, err := n.link.Carrier.Write(p)
		n.queue.release(p)
		switch {
		case err == nil:
			n.written.Add(1)
		case final(err):
			n.queue.close()
			n.down(err)
			return
		default:
			n.failed.Add(1)
		}
	}
}

// A carrier of which a hundred Reads in a row have failed is gone.
const (
	maxFailures  = 100
	failurePause = 10 * time.Millisecond
)

// read delivers packets until the carrier ends.
func (n *nic) read() {
	buf := make([]byte, max(n.link.size(), maxMTU+etherHeader)) // a peer's packets may be larger than ours
	for failures := 0; ; {
		size, err := n.link.Carrier.Read(buf)
		if size > 0 {
			failures = 0
			n.received.Add(1)
			n.deliver(buf[:size])
		}
		if err == nil {
			continue
		}
		if failures++; final(err) || failures == maxFailures {
			n.queue.close()
			n.down(err)
			return
		}
		time.Sleep(failurePause)
	}
}

// final reports whether an error of a carrier is its end.
func final(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// deliver gives the stack a packet, of which it keeps a copy.
func (n *nic) deliver(p []byte) {
	d := n.dispatcher.Load()
	if d == nil {
		return
	}
	var protocol tcpip.NetworkProtocolNumber // which a frame of Ethernet names itself
	if !n.link.Ethernet {
		switch header.IPVersion(p) {
		case header.IPv4Version:
			protocol = header.IPv4ProtocolNumber
		case header.IPv6Version:
			protocol = header.IPv6ProtocolNumber
		default:
			return
		}
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(p)})
	(*d).DeliverNetworkPacket(protocol, pkt)
	pkt.DecRef()
}

// WritePackets queues packets. TCP waits for room in the queue.
func (n *nic) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	for i, pkt := range pkts.AsSlice() {
		if err := n.queue.put(pkt, patient(pkt)); err != nil {
			return i, err
		}
	}
	return pkts.Len(), nil
}

// patient reports whether the sender of a packet may wait for room. All that a stack sends while it delivers a packet is not TCP's,
// whose endpoints have goroutines of their own, but for a reset that belongs to no endpoint.
func patient(pkt *stack.PacketBuffer) bool {
	if pkt.TransportProtocolNumber != header.TCPProtocolNumber {
		return false
	}
	h := header.TCP(pkt.TransportHeader().Slice())
	return len(h) >= header.TCPMinimumSize && h.Flags()&header.TCPFlagRst == 0
}

// Attach says where packets are delivered.
func (n *nic) Attach(d stack.NetworkDispatcher) {
	if d == nil {
		n.dispatcher.Store(nil)
		return
	}
	n.dispatcher.Store(&d)
}

// IsAttached implements stack.LinkEndpoint.
func (n *nic) IsAttached() bool { return n.dispatcher.Load() != nil }

// MTU is the size of a frame: the stack's endpoint of Ethernet takes off its header.
func (n *nic) MTU() uint32 { return uint32(n.link.size()) }

// LinkAddress implements stack.LinkEndpoint.
func (n *nic) LinkAddress() tcpip.LinkAddress { return tcpip.LinkAddress(n.link.MAC) }

// SupportedGSO lets TCP cut a large segment to packets at the end of its way through the stack.
func (n *nic) SupportedGSO() stack.SupportedGSO { return stack.GVisorGSOSupported }

// GSOMaxSize implements stack.GSOEndpoint.
func (n *nic) GSOMaxSize() uint32 { return maxMTU }

// What is left of stack.LinkEndpoint has nothing to say here.
func (n *nic) SetMTU(uint32)                                {}
func (n *nic) SetLinkAddress(tcpip.LinkAddress)             {}
func (n *nic) MaxHeaderLength() uint16                      { return 0 }
func (n *nic) Capabilities() stack.LinkEndpointCapabilities { return 0 }
func (n *nic) ARPHardwareType() header.ARPHardwareType      { return header.ARPHardwareNone }
func (n *nic) AddHeader(*stack.PacketBuffer)                {}
func (n *nic) ParseHeader(*stack.PacketBuffer) bool         { return true }
func (n *nic) SetOnCloseAction(func())                      {}
func (n *nic) Wait()                                        {} // stop has waited
func (n *nic) Close()                                       {}
