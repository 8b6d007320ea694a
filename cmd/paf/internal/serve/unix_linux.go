package serve

import (
	"io/fs"
	"syscall"
)

// restrict gives a socket that is not bound yet the mode that its file is to have: it is at no time open to more than mode allows.
func restrict(c syscall.RawConn, mode fs.FileMode) error {
	var failed error
	if err := c.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), uint32(mode.Perm())) }); err != nil {
		return err
	}
	return failed
}
