package netstack

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/paf-go/paf/flow"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// A socket is what listeners and connections of TCP and UDP have in common: an endpoint of gVisor's, waiting for
// it, deadlines, and an end.
type socket struct {
	stack   *Stack
	ep      tcpip.Endpoint
	events  *waiter.Queue
	entry   waiter.Entry
	network string // "tcp" or "udp"
	local   netip.AddrPort
	remote  netip.AddrPort // not valid if there is none

	listening bool

	reading, writing   sync.Mutex // held by the call that goes on
	readable, writable chan struct{}
	readEnd, writeEnd  deadline

	closing sync.Once
	closed  chan struct{}
	reason  error // of the end; read it after closed
}

// register makes a socket of an endpoint that is bound, connected or accepted. It fails when the stack has ended.
func (s *Stack) register(k *socket) error {
	k.stack = s
	k.readable, k.writable, k.closed = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	k.readEnd.init()
	k.writeEnd.init()
	s.mu.Lock()
	err := s.why
	if err == nil {
		s.sockets[k] = struct{}{}
	}
	s.mu.Unlock()
	if err != nil {
		k.ep.Close()
		return err
	}
	k.entry = waiter.NewFunctionEntry(waiter.ReadableEvents|waiter.WritableEvents|waiter.EventErr|waiter.EventHUp, k.notify)
	k.events.EventRegister(&k.entry)
	return nil
}

// notify wakes who waits for one of the events. An error and a hang-up concern both.
func (k *socket) notify(events waiter.EventMask) {
	if events&(waiter.ReadableEvents|waiter.EventErr|waiter.EventHUp) != 0 {
		signal(k.readable)
	}
	if events&(waiter.WritableEvents|waiter.EventErr|waiter.EventHUp) != 0 {
		signal(k.writable)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// check says why an operation must not begin.
func (k *socket) check(d *deadline) error {
	select {
	case <-k.closed:
		return k.reason
	default:
	}
	select {
	case <-d.passed():
		return os.ErrDeadlineExceeded
	default:
		return nil
	}
}

// wait waits until an operation is worth another try.
func (k *socket) wait(ready <-chan struct{}, d *deadline) error {
	select {
	case <-ready:
		return nil
	case <-d.passed():
		return os.ErrDeadlineExceeded
	case <-k.closed:
		return k.reason
	case <-k.stack.over:
		return k.stack.reason()
	}
}

// end closes the socket for a reason that what waits and what comes later is told. It reports whether it was open.
func (k *socket) end(reason error) (first bool) {
	k.closing.Do(func() {
		first = true
		k.reason = reason
		close(k.closed)
		k.readEnd.stop()
		k.writeEnd.stop()
		k.events.EventUnregister(&k.entry)
		k.stack.mu.Lock()
		delete(k.stack.sockets, k)
		k.stack.mu.Unlock()
		k.ep.Close()
	})
	return first
}

// Close implements net.Conn and net.Listener.
func (k *socket) Close() error {
	if !k.end(net.ErrClosed) {
		return k.fail("close", net.ErrClosed)
	}
	return nil
}

// fail returns err as package net would. An error that came because the socket was closed meanwhile is that.
func (k *socket) fail(op string, err error) error {
	select {
	case <-k.closed:
		err = k.reason
	default:
	}
	e := &net.OpError{Op: op, Net: k.network, Addr: k.LocalAddr(), Err: err}
	if k.remote.IsValid() {
		e.Source, e.Addr = k.LocalAddr(), k.RemoteAddr()
	}
	return e
}

func (k *socket) LocalAddr() net.Addr  { return k.addr(k.local) }
func (k *socket) RemoteAddr() net.Addr { return k.addr(k.remote) }

func (k *socket) addr(a netip.AddrPort) net.Addr {
	switch {
	case !a.IsValid():
		return nil
	case k.network == "udp":
		return net.UDPAddrFromAddrPort(a)
	}
	return net.TCPAddrFromAddrPort(a)
}

// addresses asks the endpoint for its addresses.
func (k *socket) addresses() {
	if a, err := k.ep.GetLocalAddress(); err == nil {
		k.local = addrPortOf(a)
	}
	if a, err := k.ep.GetRemoteAddress(); err == nil {
		k.remote = addrPortOf(a)
	}
}

// addrPortOf returns a as package netip has it; no address is all addresses.
func addrPortOf(a tcpip.FullAddress) netip.AddrPort {
	addr := addrOf(a.Addr)
	if !addr.IsValid() {
		addr = netip.IPv6Unspecified()
	}
	return netip.AddrPortFrom(addr, a.Port)
}

func (k *socket) SetDeadline(t time.Time) error {
	if err := k.SetReadDeadline(t); err != nil {
		return err
	}
	return k.SetWriteDeadline(t)
}

func (k *socket) SetReadDeadline(t time.Time) error  { return k.set(&k.readEnd, t) }
func (k *socket) SetWriteDeadline(t time.Time) error { return k.set(&k.writeEnd, t) }

func (k *socket) set(d *deadline, t time.Time) error {
	select {
	case <-k.closed:
		return k.fail("set", net.ErrClosed)
	default:
	}
	d.set(t)
	return nil
}

// A deadline has a channel that is closed while it has passed.
type deadline struct {
	mu   sync.Mutex
	end  flow.Deadline
	late chan struct{}
}

func (d *deadline) init() { d.late = make(chan struct{}) }

func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.late
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end.Past() {
		d.late = make(chan struct{})
	}
	d.end.Set(&d.mu, t, func() { close(d.late) })
}

func (d *deadline) stop() { d.set(time.Time{}) }
