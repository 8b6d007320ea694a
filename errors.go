package paf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/loop"
)

// Errors to compare with errors.Is.
var (
	// ErrPeerGone: the other side has closed the flow, or the flow has failed.
	ErrPeerGone = loop.ErrPeerGone
	// ErrStopped: the Server was shut down, or the Client closed.
	ErrStopped = loop.ErrStopped
	// ErrListen: an address could not be listened on.
	ErrListen = errors.New("paf: cannot listen")
	// ErrHandshake: a flow was closed because its handshake failed, or took longer than Limits.HeadTimeout.
	ErrHandshake = errors.New("paf: the handshake failed")
	// ErrRedirects: a response redirects once more than the Client's MaxRedirects.
	ErrRedirects = errors.New("paf: too many redirects")
	// ErrNoContent: content was written to a response whose status has none
	// (RFC 9110, Section 6.4.1).
	ErrNoContent = errors.New("paf: a response with this status has no content")
	// ErrNoTunnel: a tunnel was wanted where none was asked for, or none was granted.
	ErrNoTunnel = loop.ErrNoTunnel
	// ErrNoHijack: a connection of HTTP/2 is not one exchange's to take. It is errors.ErrUnsupported, too.
	ErrNoHijack = loop.ErrNoHijack
	// ErrTaken: a ResponseWriter, a Request's Body or a Response is used whose flow has been taken.
	ErrTaken = loop.ErrTaken
	// ErrNoExtendedConnect: a request with an Upgrade was for a server of HTTP/2 that does not take it (RFC 8441, Section 3). It may take
	// it over HTTP/1.1.
	ErrNoExtendedConnect = loop.ErrNoExtendedConnect
)

// ErrLength: content was written that the declared Content-Length does not cover, or
// too little of it (RFC 9110, Section 8.6).
var ErrLength error = &engine.Error{Blame: engine.Caller, Rule: engine.RuleLength}

// A SendError is what [Client.Do] fails with when there is no response. Its Sent
// tells whether the request may have had an effect.
type SendError = loop.SendError

// A URLError is a URL, or another part of a request, that cannot be used.
type URLError struct {
	URL string // without a password
	Err error
}

// Error says which URL and why.
func (e *URLError) Error() string { return fmt.Sprintf("paf: URL %q: %v", e.URL, e.Err) }

// Unwrap returns the reason.
func (e *URLError) Unwrap() error { return e.Err }

// unparsed is the error of a URL that could not be taken apart. What net/url says cites pieces of it, of which
// any may be a password's where there is one.
func unparsed(raw string, err error) *URLError {
	if at := strings.LastIndexByte(raw, '@'); at >= 0 {
		scheme, _, _ := strings.Cut(raw, "//")
		return &URLError{URL: scheme + "//xxxxx" + raw[at:], Err: errUnparsed}
	}
	return &URLError{URL: raw, Err: err}
}

var errUnparsed = errors.New("it cannot be parsed")

type errMethod string

func (e errMethod) Error() string { return fmt.Sprintf("method %q is not a token", string(e)) }
