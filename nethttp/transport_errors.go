package nethttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/loop"
)

// A timeout is an error that is one to all who ask: by net.Error, and by errors.Is.
type timeout string

func (e timeout) Error() string   { return string(e) }
func (e timeout) Timeout() bool   { return true }
func (e timeout) Temporary() bool { return true }
func (e timeout) Is(target error) bool {
	return target == context.DeadlineExceeded
}

const (
	errHandshakeTimeout = timeout("net/http: TLS handshake timeout")
	errHeaderTimeout    = timeout("net/http: timeout awaiting response headers")
)

var (
	errCanceled = errors.New("net/http: request canceled")
	// RFC 9110, Section 9.3.6: "CONNECT uses a special form of request target, unique to this method, consisting of only the host and
	// port number of the tunnel destination".
	errConnectPath = errors.New("nethttp: the URL of a CONNECT request has a path")
)

// A wireError is what a server has done wrong, in net/http's words where programs may look for them.
type wireError struct {
	text string
	err  error
}

func (e *wireError) Error() string { return e.text }
func (e *wireError) Unwrap() error { return e.err }

// told returns the error that a program is told: what it tests for is net/http's, or its own.
func (x *roundTrip) told(err error) error {
	if x.ctx.Err() != nil {
		return x.cause()
	}
	var s *paf.SendError
	if errors.As(err, &s) {
		err = s.Err
	}
	var broken *engine.Error
	if errors.As(err, &broken) {
		return x.toldOf(err, broken)
	}
	var gone *loop.GoneError
	if errors.As(err, &gone) && gone.Op == "read" {
		return gone.Err
	}
	return err
}

// cause returns why the context has ended. http.Client makes of its Timeout both a deadline and a channel that is closed then, and says that
// it was the Timeout only after the latter: whichever is noticed first, it is told as the deadline, and the other is waited for. Programs
// that have a deadline and a channel of their own wait in vain, for no longer than a failure may take.
func (x *roundTrip) cause() error {
	err := context.Cause(x.ctx)
	//lint:ignore SA1019 programs still use it
	asked := x.request.Cancel
	if asked == nil || err != context.DeadlineExceeded && err != errCanceled {
		return err
	}
	if end, has := x.request.Context().Deadline(); !has || time.Now().Before(end) {
		return err
	}
	wait := time.NewTimer(otherHalf)
	defer wait.Stop()
	select {
	case <-asked:
	case <-wait.C:
	}
	return context.DeadlineExceeded
}

// otherHalf is how long the second sign of a time-out is waited for, when there was the first.
const otherHalf = 20 * time.Millisecond

// toldOf does that for what a peer has done.
func (x *roundTrip) toldOf(err error, broken *engine.Error) error {
	switch broken.Rule {
	case engine.RuleTruncated:
		if broken.Err != nil {
			return broken.Err // the connection's own
		}
		return io.ErrUnexpectedEOF
	case h1.RuleHeadBytes:
		return &wireError{fmt.Sprintf("net/http: server response headers exceeded %d bytes; aborted", x.t.headMost()), err}
	case h2.RuleContentLength:
		return io.ErrUnexpectedEOF
	case h1.RuleContentLength:
		return &wireError{"net/http: HTTP/1.x transport connection broken: bad Content-Length " + broken.Detail, err}
	case engine.RuleTimeout:
		return errHeaderTimeout
	case engine.RuleNoResponse:
		if broken.Err != nil {
			return broken.Err
		}
		return io.EOF
	}
	if broken.Stream != 0 && !errors.Is(broken, refused) {
		return &streamError{StreamID: uint32(broken.Stream), Code: uint32(broken.Code), Cause: err}
	}
	return err
}
