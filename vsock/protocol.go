package vsock

import (
	"context"

	"github.com/paf-go/paf/mimic"
)

// The keys that lead to a connection, for a mimic context.
var (
	// CID is the context identifier of a machine.
	CID = mimic.NewKey[uint32]("vsock-cid")
	// Port is a port there.
	Port = mimic.NewKey[uint32]("vsock-port")
)

// Stream opens connections. Its priority, 0, puts it before TLS and TCP.
var Stream = mimic.Register("vsock", 0, Dial)

// WithStream returns c with an endpoint of [Stream], as soon as c has [CID] and [Port].
func WithStream(c mimic.Context) mimic.Context {
	return mimic.Fold2(c, Stream, mimic.Req[uint32](CID), mimic.Req[uint32](Port),
		func(_ context.Context, cid, port uint32) (Addr, error) { return Addr{cid, port}, nil })
}

// Context returns a context in which everything leads to a.
func Context(a Addr) mimic.Context {
	c := mimic.Add(mimic.Context{}, CID, a.CID)
	return WithStream(mimic.Add(c, Port, a.Port))
}
