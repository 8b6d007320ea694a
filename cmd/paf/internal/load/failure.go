package load

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/engine"
)

// The kinds of failure that a run tells apart.
const (
	Connect  = "connect"     // no connection could be opened
	TLS      = "tls"         // the handshake failed, or the certificate is not to be trusted
	Timeout  = "timeout"     // it took longer than Options.Timeout
	Unsent   = record.Unsent // it was due, and could not be sent in time
	Protocol = "protocol"    // the server broke the rules of HTTP, or speaks another protocol
	Broken   = "broken"      // the connection, or the stream, ended before the response was complete
	Status   = "status"      // a response came, with a status that is none of success
)

// A failure is why a request failed.
type failure struct {
	kind string
	err  error
}

// Error tells the cause.
func (f *failure) Error() string { return f.err.Error() }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

var (
	errTimeout  = errors.New("no response within the time of --timeout")
	errUnsent   = &failure{Unsent, errors.New("it was due and no connection was free to send it before the run was over")}
	errGone     = errors.New("the server has closed the connection")
	errCut      = &failure{Broken, errors.New("the connection of the WebSocket has ended, and nothing was said before")}
	errHeld     = &failure{Unsent, errors.New("it could not be sent within the time of --timeout: the connection took no more requests")}
	errUnopened = &failure{Timeout, errors.New("no connection was open within the time of --timeout")}
	errDeaf     = &failure{Protocol, errors.New("the server asks for answers and does not read them: more than 1 MiB waits to be sent")}
)

// ruleReset is how the rule of a stream begins that the server has reset: which is its right, and breaks no rule.
const ruleReset = "RFC 9113, Section 6.4:"

// KindOf tells what an error of an open connection comes of.
func KindOf(err error) string {
	var own *failure
	var broken *engine.Error
	var network net.Error
	switch {
	case errors.As(err, &own):
		return own.kind
	case errors.Is(err, errTimeout), errors.As(err, &network) && network.Timeout():
		return Timeout
	case errors.Is(err, &engine.Error{Rule: engine.RuleNoResponse}), errors.Is(err, &engine.Error{Rule: engine.RuleTruncated}),
		errors.Is(err, &engine.Error{Rule: engine.RuleRefused}), errors.Is(err, io.EOF):
		return Broken
	case errors.As(err, &broken) && strings.HasPrefix(string(broken.Rule), ruleReset):
		return Broken
	case errors.As(err, &broken) && broken.Blame == engine.Peer:
		return Protocol
	}
	return Broken
}
