package fdio

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Receive is recv(2). The error is a [syscall.Errno]: EAGAIN if nothing is there.
func Receive(fd uintptr, p []byte) (int, error) { return call(unix.SYS_RECVFROM, fd, p, 0) }

// Send is send(2). The error is a [syscall.Errno]: EAGAIN if there is no room.
func Send(fd uintptr, p []byte) (int, error) { return call(unix.SYS_SENDTO, fd, p, unix.MSG_NOSIGNAL) }

func call(number, fd uintptr, p []byte, flags uintptr) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	// Neither recvfrom(2) nor sendto(2) gets an address.
	n, _, errno := syscall.RawSyscall6(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
