//go:build unix && !linux

package fdio

import "syscall"

// Receive is read(2). The error is a [syscall.Errno]: EAGAIN if nothing is there.
func Receive(fd uintptr, p []byte) (int, error) { return syscall.Read(int(fd), p) }

// Send is write(2). The error is a [syscall.Errno]: EAGAIN if there is no room.
func Send(fd uintptr, p []byte) (int, error) { return syscall.Write(int(fd), p) }
