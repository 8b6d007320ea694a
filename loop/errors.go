package loop

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// Errors that a connection ends with; compare with errors.Is.
var (
	// ErrPeerGone: the peer has closed the flow, or the flow has failed.
	ErrPeerGone = errors.New("paf: the peer has gone")
	// ErrStopped: the group was stopped.
	ErrStopped = errors.New("paf: stopped")
	// ErrOver: an exchange is used whose handler has returned. It is ErrPeerGone, too.
	ErrOver = fmt.Errorf("%w: the handler has returned", ErrPeerGone)
	// ErrNoCapacity: the connection can take no more exchanges.
	ErrNoCapacity = errors.New("paf: the connection takes no more exchanges")
	// ErrStale: a connection is not fit for another exchange, for it has ended while it lay idle, or its peer takes fewer than it seemed to. Nothing has been
	// sent, and the call is untouched.
	ErrStale = errors.New("paf: the connection is not fit for another exchange")
	// ErrNotKept: a connection is closed after its exchange, as it, its peer or the pool's policy wants it.
	ErrNotKept = errors.New("paf: the connection is not kept")
	// ErrIdleEnough: a connection is closed because enough others are idle.
	ErrIdleEnough = errors.New("paf: enough connections are idle")
)

// A GoneError says which operation found that the flow is over. It is
// ErrPeerGone for errors.Is, and unwraps to the flow's own error.
type GoneError struct {
	Op  string // "read" or "write"
	Err error
}

// Error says what failed and why. An error of package net says the first by itself, and that of the system within once more.
func (e *GoneError) Error() string {
	of, is := e.Err.(*net.OpError)
	if !is || of.Op != e.Op {
		return "paf: " + e.Op + ": " + e.Err.Error()
	}
	once := *of
	if system, is := of.Err.(*os.SyscallError); is && system.Syscall == e.Op {
		once.Err = system.Err
	}
	return "paf: " + once.Error()
}

// Unwrap returns ErrPeerGone and the flow's error.
func (e *GoneError) Unwrap() []error { return []error{ErrPeerGone, e.Err} }

// Timeout reports whether the flow's error was a time-out.
func (e *GoneError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// A SendError is a request that got no response. Sent tells whether the peer
// may have acted on it: if it is false, nothing of the request left us, and it may be
// sent again whatever it is; otherwise only an idempotent one may
// (RFC 9110, Section 9.2.2).
type SendError struct {
	Sent bool
	Err  error
}

// Error says whether the request may have been sent, and what went wrong.
func (e *SendError) Error() string {
	if e.Sent {
		return "paf: no response (the request may have been sent): " + e.Err.Error()
	}
	return "paf: the request was not sent: " + e.Err.Error()
}

// Unwrap returns what went wrong.
func (e *SendError) Unwrap() error { return e.Err }

// Timeout reports whether it was a time-out.
func (e *SendError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}
