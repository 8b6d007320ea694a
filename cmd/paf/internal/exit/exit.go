// Package exit tells the failures of a command apart by its exit status. Where
// curl has a number for a failure, it is the same here.
package exit

import (
	"errors"
	"fmt"
)

// A Code is an exit status.
type Code int

// The exit statuses of the program.
const (
	OK          Code = 0
	Failure     Code = 1   // whatever has no status of its own
	Usage       Code = 2   // wrong flags or arguments
	URL         Code = 3   // a URL, or another part of the request, cannot be used
	Resolve     Code = 6   // the host's name has no address
	Connect     Code = 7   // nothing accepts connections there
	Protocol    Code = 8   // the server broke the protocol
	Challenge   Code = 9   // a CA has not seen the proof that a name is ours
	Partial     Code = 18  // the response ended before it was complete
	Status      Code = 22  // --fail, and the status is 400 or more; a CA has refused
	Write       Code = 23  // the output could not be written
	Read        Code = 26  // the content to send could not be read
	Timeout     Code = 28  // time is up
	TLS         Code = 35  // the TLS handshake failed
	Redirects   Code = 47  // too many redirects
	Empty       Code = 52  // the server closed the connection without a response
	Send        Code = 55  // sending failed
	Receive     Code = 56  // receiving failed
	Certificate Code = 60  // the server's certificate is not to be trusted
	TooOften    Code = 75  // a CA was asked too often, and may be asked again later (EX_TEMPFAIL of sysexits.h)
	Signal      Code = 128 // plus the number of the signal that ended the command
)

// An Error is an error that knows its exit status.
type Error struct {
	Code Code
	Err  error
}

// Error returns the message of the error within.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error within.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error; %w wraps as in fmt.Errorf.
func Errorf(code Code, format string, args ...any) error {
	return &Error{code, fmt.Errorf(format, args...)}
}

// CodeOf returns the exit status for the outcome of a command: OK for nil, that
// of the first *Error in the chain, else Failure.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	}
	return Failure
}
