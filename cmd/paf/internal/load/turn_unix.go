//go:build unix

package load

import (
	"syscall"

	"github.com/paf-go/paf/cmd/paf/internal/load/fdio"
)

// rawOf returns what gives a flow's descriptor, nil if there is none.
func rawOf(pollable syscall.Conn) syscall.RawConn {
	if pollable == nil {
		return nil
	}
	raw, err := pollable.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// readFD reads what is there. wait: nothing is.
func readFD(fd uintptr, p []byte) (n int, wait bool, err error) {
	for {
		n, err = fdio.Receive(fd, p)
		switch err {
		case nil:
			return n, false, nil
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return 0, true, nil
		}
		return 0, false, err
	}
}

// writeFD writes what there is room for.
func writeFD(fd uintptr, p []byte) (n int, err error) {
	for n < len(p) {
		m, err := fdio.Send(fd, p[n:])
		switch err {
		case nil:
			n += m
		case syscall.EINTR:
		case syscall.EAGAIN:
			return n, nil
		default:
			return n, err
		}
	}
	return n, nil
}
