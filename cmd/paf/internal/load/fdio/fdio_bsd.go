//go:build unix && !linux

package fdio

import "syscall"

// Read is read(2). The error is a [syscall.Errno]: EAGAIN if nothing is there.
func Read(fd uintptr, p []byte) (int, error) { return syscall.Read(int(fd), p) }

// Write is write(2). The error is a [syscall.Errno]: EAGAIN if there is no room.
func Write(fd uintptr, p []byte) (int, error) { return syscall.Write(int(fd), p) }
