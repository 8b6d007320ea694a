package paf

import (
	"context"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
)

// SendOptions is how a client sends a request beyond what the request itself says. Each field may be nil.
type SendOptions struct {
	// Route is how to get to the server; then the Client's Context is not asked.
	Route *Route

	// Connected is called with the connection on which a request is about to be sent, and with that request: the one that Do was given, or
	// what has become of it by redirects. Its Header may still be changed. It is called again for each sending.
	Connected func(Connection, *Request)

	// Interim is called for each 1xx response, before Do returns. An error ends the exchange, and is
	// what Do's SendError wraps.
	Interim func(status int, fields *Fields) error

	// Trace is told what becomes of each sending.
	Trace *Trace
}

// A Route is a way to the server of a request, or to its proxy, for those that a Client's Context does not know: by whatever means
// another library has. Redirects to another origin are not followed with it, or with Absolute those to another scheme: Do returns the response then.
type Route struct {
	// Key names where the route leads to: requests whose routes have equal keys share connections,
	// whatever their URLs. It must be comparable.
	Key any

	// Open opens a flow, handshakes included; its error is that of the request. What the flow has negotiated decides on the
	// protocol (see [flow.Negotiator]). As many flows are opened at once as there are requests that wait for one. ctx has
	// the values of the request's context, and ends with the Client's OpenTimeout and when it is closed.
	Open func(ctx context.Context) (flow.Flow, error)

	// Protocol is spoken instead of the Client's.
	Protocol Protocol

	// Absolute asks for the absolute-form of the target, for a proxy that forwards requests (RFC 9112, Section 3.2.2). It is for routes of
	// HTTP/1.1.
	Absolute bool

	// Once: no connection is kept for another request.
	Once bool
}

// leadsTo reports whether a request for a target may go where one for another target has gone. RFC 9110, Section 4.2.2: the resources of https are
// had by a secured connection to their origin: it is not for a server to say that this is another's.
func (r *Route) leadsTo(from, to *Target) bool {
	return r == nil || sameOrigin(from, to) || r.Absolute && from.Scheme == to.Scheme
}

// A Trace is told what becomes of one sending of a request, by functions for each thing that happens: see [loop.Trace].
type Trace = loop.Trace

// A Connection is one on which a request is about to be sent.
type Connection struct{ conn *loop.ClientConn }

// Flow returns the connection's flow, to be asked for facts (see [flow.As]), not to be read or written.
func (c Connection) Flow() flow.Flow { return c.conn.Flow() }

// Protocol returns HTTP11 or HTTP2.
func (c Connection) Protocol() Protocol {
	if c.conn.Multiplexed() {
		return HTTP2
	}
	return HTTP11
}

// Used reports whether an exchange has been completed on the connection before.
func (c Connection) Used() bool { return c.conn.Used() }

// Idle reports whether the connection was kept idle until now, and for how long.
func (c Connection) Idle() (time.Duration, bool) { return c.conn.Idle() }
