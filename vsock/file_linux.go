package vsock

import (
	"net"
	"os"

	"github.com/mdlayher/socket"
	"golang.org/x/sys/unix"
)

// FileConn makes a connection of an inherited descriptor, as net.FileConn does. It duplicates it: f is still to be closed.
func FileConn(f *os.File) (*Conn, error) {
	s, err := socket.FileConn(f, "vsock")
	if err != nil {
		return nil, &net.OpError{Op: "file+net", Net: "vsock", Err: err}
	}
	local, err := s.Getsockname()
	var remote unix.Sockaddr
	if err == nil {
		remote, err = s.Getpeername()
	}
	here, is := local.(*unix.SockaddrVM)
	there, both := remote.(*unix.SockaddrVM)
	if err == nil && !(is && both) {
		err = os.NewSyscallError("getpeername", unix.EAFNOSUPPORT)
	}
	if err != nil {
		_ = s.Close()
		return nil, &net.OpError{Op: "file+net", Net: "vsock", Err: err}
	}
	return &Conn{socket: s, local: knownTo(there.CID, Addr{here.CID, here.Port}), remote: Addr{there.CID, there.Port}}, nil
}

// findLocal asks for the address at which a connection was accepted, for the listener's may be Any.
func (c *Conn) findLocal() {
	raw, err := c.socket.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		if a, err := unix.Getsockname(int(fd)); err == nil {
			if a, is := a.(*unix.SockaddrVM); is {
				c.local = Addr{a.CID, a.Port}
			}
		}
	})
}

// pieces is how many one writev may have (IOV_MAX).
const pieces = 1024

// writev writes bufs, which are its own to change.
func (c *Conn) writev(bufs [][]byte) (sum int64, err error) {
	raw, err := c.socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	for bufs = rest(bufs, 0); len(bufs) > 0; {
		var n int
		var failed error
		err = raw.Write(func(fd uintptr) bool {
			for {
				n, failed = unix.Writev(int(fd), bufs[:min(len(bufs), pieces)])
				if failed != unix.EINTR {
					return failed != unix.EAGAIN
				}
			}
		})
		if err == nil && failed != nil {
			err = os.NewSyscallError("writev", failed)
		}
		if err != nil {
			return sum, err
		}
		sum += int64(n)
		bufs = rest(bufs, n)
	}
	return sum, nil
}

// rest returns what is left of pieces when n bytes have been written.
func rest(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n > 0 {
		bufs[0] = bufs[0][n:]
	}
	return bufs
}
