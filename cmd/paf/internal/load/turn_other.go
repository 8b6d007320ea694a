//go:build !unix

package load

import (
	"errors"
	"syscall"
)

// rawOf returns nil: Read and Write do it here.
func rawOf(syscall.Conn) syscall.RawConn { return nil }

func readFD(uintptr, []byte) (n int, wait bool, err error) { return 0, false, errors.ErrUnsupported }

func writeFD(uintptr, []byte) (n int, err error) { return 0, errors.ErrUnsupported }
