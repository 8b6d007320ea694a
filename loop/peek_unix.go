//go:build unix

package loop

import "syscall"

// A peeker tells whether a descriptor has something to be read, its end included, without waiting for it.
type peeker struct {
	raw  syscall.RawConn
	look func(fd uintptr) bool // made once
	is   bool
	one  [1]byte

	say   func() bool // what to do when nothing has come; nil: nothing
	asked bool        // it has been done
}

func newPeeker(conn syscall.Conn) *peeker {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peeker{raw: raw}
	p.look = func(fd uintptr) bool {
		if p.asked {
			return true
		}
		_, _, err := syscall.Recvfrom(int(fd), p.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.is = err != syscall.EAGAIN && err != syscall.EINTR
		if p.is || p.say == nil {
			return true
		}
		p.asked = true
		return !p.say() || err != syscall.EAGAIN
	}
	return p
}

// ask calls say if there is nothing to be read, and reports whether it did; if say wants it, it then waits until there is, or the flow is
// closed or interrupted, of which a read will tell. Whoever waits for a descriptor is told of what comes after the wait has
// been prepared, which raw.Read does before it calls look; look has seen that nothing had come before.
func (p *peeker) ask(say func() bool) bool {
	p.say, p.asked, p.is = say, false, false
	_ = p.raw.Read(p.look)
	asked := p.asked
	p.say, p.asked = nil, false
	return asked
}

// pending must not be called while anybody reads.
func (p *peeker) pending() bool {
	return p.raw.Read(p.look) != nil || p.is
}
