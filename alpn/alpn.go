package alpn

import (
	"strconv"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
)

// The identifiers of RFC 7301's registry that paf speaks.
const (
	HTTP10 = "http/1.0"
	HTTP11 = "http/1.1"
	H2     = "h2"
)

// A ProtocolError says that two sides have agreed on a protocol that paf does not speak.
type ProtocolError struct {
	Protocol string // as it was negotiated
}

// Error names the protocol.
func (e *ProtocolError) Error() string {
	return "alpn: the flow is for the protocol " + strconv.Quote(e.Protocol) + `, which is none of "http/1.0", "http/1.1" and "h2"`
}

// Server returns the engine for a server's side of a flow on which a protocol was negotiated; "" means none. The error is a
// [*ProtocolError].
func Server(protocol string, limits engine.Limits, now engine.Instant) (engine.Server, error) {
	switch protocol {
	case "", HTTP10, HTTP11:
		return h1.NewServer(limits, now), nil
	case H2:
		return h2.NewServer(limits, now), nil
	}
	return nil, &ProtocolError{protocol}
}

// Client returns the engine for a client's side of a flow on which a protocol was negotiated; "" means none. The error is a
// [*ProtocolError].
func Client(protocol string, limits engine.Limits, now engine.Instant) (engine.Client, error) {
	switch protocol {
	case "", HTTP10, HTTP11:
		return h1.NewClient(limits, now), nil
	case H2:
		return h2.NewClient(limits, now), nil
	}
	return nil, &ProtocolError{protocol}
}
