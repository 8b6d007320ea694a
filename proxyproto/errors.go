package proxyproto

import (
	"errors"
	"net"
)

// What can be wrong with the beginning of a connection; each within an *Error.
var (
	ErrMissing   = errors.New("proxyproto: there is no header, and one is required")
	ErrRefused   = errors.New("proxyproto: there is a header from a peer that is not to send one")
	ErrMalformed = errors.New("proxyproto: malformed header")
	ErrTooLong   = errors.New("proxyproto: the header is too long")
	ErrTimeout   = errors.New("proxyproto: there was no whole header in time")
)

// An Error is why a connection was closed before its first byte. It wraps one of the errors above and its cause, or whatever has
// ended the flow.
type Error struct {
	Peer net.Addr // who has connected; nil if the flow does not know
	Err  error
}

// Error says what is wrong, and by whom.
func (e *Error) Error() string {
	if e.Peer == nil {
		return e.Err.Error()
	}
	return e.Err.Error() + ", from " + e.Peer.String()
}

// Unwrap returns the error within.
func (e *Error) Unwrap() error { return e.Err }
