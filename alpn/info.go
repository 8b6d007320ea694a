package alpn

import (
	"net"

	"github.com/paf-go/paf/flow"
)

// An Info says how connections of a type are asked what they know. What it leaves out the connection is asked itself, if
// it can be (see [flow.PowersOf]).
type Info[C flow.Flow] struct {
	// Protocol returns what was negotiated, "" if nothing was. It is called when the handshake is over.
	Protocol func(C) string
	// Peer returns the address of the peer.
	Peer func(C) net.Addr
}

// Flow returns c as a flow that answers as the Info says.
func (i Info[C]) Flow(c C) flow.Flow {
	p := flow.PowersOf(c)
	if i.Protocol != nil {
		p.Negotiator = negotiator(func() string { return i.Protocol(c) })
	}
	if i.Peer != nil {
		p.Peer = peered(func() net.Addr { return i.Peer(c) })
	}
	return flow.WithPowers(c, p)
}

type negotiator func() string

func (f negotiator) NegotiatedProtocol() string { return f() }

type peered func() net.Addr

func (f peered) RemoteAddr() net.Addr { return f() }
