package vsock

import "github.com/paf-go/paf/mimic"

// Stream opens connections. Its priority, 0, puts it before TLS and TCP.
var Stream = mimic.Register("vsock", 0, Dial)

// Context returns a context in which everything leads to a.
func Context(a Addr) mimic.Context { return mimic.Add(mimic.Context{}, Stream, a) }
