package proxy

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// An Error is why a request was not passed on, or its response not passed back.
type Error struct {
	// Status is what the client got for it, 0 if a response had begun already, which was cut off then.
	Status int
	// Upstream is where the request went: the URL of an [Upstream], or the host that the client of a [Forward] has named, and the port if it has; "" if nowhere.
	Upstream string
	// Tries is how many upstreams were tried.
	Tries int
	// Err is the last failure: often a [*paf.SendError].
	Err error
}

// Error says what was the matter, and where.
func (e *Error) Error() string {
	if e.Upstream == "" {
		return fmt.Sprintf("paf: proxy: %v", e.Err)
	}
	return fmt.Sprintf("paf: proxy: %s: %v", e.Upstream, e.Err)
}

// Unwrap returns the failure.
func (e *Error) Unwrap() error { return e.Err }

// Failures that are the proxy's own, for errors.Is.
var (
	// ErrNoUpstream: there is no upstream at all.
	ErrNoUpstream = errors.New("there is no upstream")
	// ErrForbidden: the destination is not one that clients may be led to.
	ErrForbidden = errors.New("the destination is not allowed")
	// ErrCredentials: the client has given none, or wrong ones.
	ErrCredentials = errors.New("the client has not proved who it is")
	// ErrLoop: the request has come from this proxy.
	ErrLoop = errors.New("the request has been here before")
	// ErrNotImplemented: the request is of a kind that this proxy does not pass on.
	ErrNotImplemented = errors.New("this proxy does not do that")
	// ErrRedirects: the Client that the proxy was given is none for a proxy.
	ErrRedirects = errors.New("the proxy's Client would follow redirects: set its MaxRedirects to -1")
)

// statusOf returns the status that tells a client of a failure (RFC 9110, Sections 15.5 and 15.6).
func statusOf(err error) int {
	var url *paf.URLError
	switch {
	case errors.Is(err, ErrForbidden):
		return semantics.StatusForbidden
	case errors.Is(err, ErrCredentials):
		return semantics.StatusProxyAuthenticationRequired
	case errors.Is(err, ErrNotImplemented):
		return semantics.StatusNotImplemented
	case errors.Is(err, ErrRedirects):
		return semantics.StatusInternalServerError
	case errors.Is(err, ErrLoop):
		return semantics.StatusLoopDetected
	case errors.Is(err, ErrNoUpstream), errors.Is(err, paf.ErrStopped):
		return semantics.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), timeout(err):
		return semantics.StatusGatewayTimeout
	case errors.As(err, &url):
		return semantics.StatusBadRequest
	}
	return semantics.StatusBadGateway
}

// faultOf returns the status for a client that has broken a rule or a limit by its content, and may still read that; 0 for one that has gone.
func faultOf(gone error) int {
	var fault *engine.Error
	if errors.As(gone, &fault) && fault.Blame == engine.Peer {
		return fault.Status
	}
	return 0
}

func timeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
