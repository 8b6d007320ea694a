package netstack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
)

var (
	// ErrLinkDown is why a stack has ended whose carrier has: sockets, and what is asked of the stack afterwards, fail with it.
	ErrLinkDown = errors.New("netstack: the link is down")

	// ErrAddressInUse says that a neighbour has an address already which the stack was given (RFC 4862, Section 5.4.5).
	ErrAddressInUse = errors.New("address in use")

	errClosed = fmt.Errorf("netstack: the stack is closed: %w", net.ErrClosed)
)

// errorOf returns the error that package net would return for an error of gVisor's, for errors.Is.
func errorOf(err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrConnectionRefused:
		return syscall.ECONNREFUSED
	case *tcpip.ErrConnectionReset:
		return syscall.ECONNRESET
	case *tcpip.ErrConnectionAborted, *tcpip.ErrAborted:
		return syscall.ECONNABORTED
	case *tcpip.ErrClosedForSend:
		return syscall.EPIPE
	case *tcpip.ErrTimeout:
		return syscall.ETIMEDOUT
	case *tcpip.ErrHostUnreachable, *tcpip.ErrHostDown, *tcpip.ErrNoNet:
		return syscall.EHOSTUNREACH
	case *tcpip.ErrNetworkUnreachable:
		return syscall.ENETUNREACH
	case *tcpip.ErrPortInUse, *tcpip.ErrNoPortAvailable, *tcpip.ErrDuplicateAddress:
		return syscall.EADDRINUSE
	case *tcpip.ErrBadLocalAddress:
		return syscall.EADDRNOTAVAIL
	case *tcpip.ErrMessageTooLong:
		return syscall.EMSGSIZE
	case *tcpip.ErrNotConnected:
		return syscall.ENOTCONN
	case *tcpip.ErrInvalidEndpointState:
		return net.ErrClosed
	case *tcpip.ErrWouldBlock:
		return os.ErrDeadlineExceeded
	}
	return errors.New(err.String())
}
