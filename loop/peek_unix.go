//go:build unix

package loop

import "syscall"

// A peeker tells whether a descriptor has something to be read, its end included, without waiting for it.
type peeker struct {
	raw  syscall.RawConn
	look func(fd uintptr) bool // made once
	is   bool
	one  [1]byte
}

func newPeeker(conn syscall.Conn) *peeker {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peeker{raw: raw}
	p.look = func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), p.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.is = err != syscall.EAGAIN && err != syscall.EINTR
		return true
	}
	return p
}

// pending must not be called while anybody reads.
func (p *peeker) pending() bool {
	return p.raw.Read(p.look) != nil || p.is
}
