package vsock

import (
	"errors"
	"os"
	"syscall"
)

// unreached is why nobody was reached, with what may be missing.
type unreached struct {
	why  syscall.Errno
	hint string
}

// Error says why, and what to look for.
func (e *unreached) Error() string { return e.why.Error() + "; " + e.hint }

// Unwrap returns what the system has said.
func (e *unreached) Unwrap() error { return os.NewSyscallError("connect", e.why) }

// Timeout reports whether it was that nobody has answered.
func (e *unreached) Timeout() bool { return e.why.Timeout() }

// dialing adds to an error of Dial what has to be there for a machine to be reached. Without a transport of its own for that machine a kernel
// has no such device, or hands the request to another transport, where nobody answers.
func dialing(cid uint32, err error) error {
	var why syscall.Errno
	if !errors.As(err, &why) || why != syscall.ETIMEDOUT && why != syscall.ENODEV {
		return err
	}
	hint := "is the machine there, and this kernel's module vhost_vsock?"
	switch cid {
	case Local:
		hint = "is this kernel's module vsock_loopback there?"
	case Host:
		hint = "is this a virtual machine with a vsock device, and its module (of virtio: vmw_vsock_virtio_transport) there?"
	}
	return &unreached{why, hint}
}
