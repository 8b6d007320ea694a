package netstack

import (
	"context"
	"net"

	"github.com/paf-go/paf/mimic"
)

// TCP opens connections of TCP over a stack. Its priority, 0, puts it before TLS and TCP (see package mimic).
var TCP = mimic.Register("netstack", 0, func(ctx context.Context, e Endpoint) (net.Conn, error) {
	return e.Stack.DialContext(ctx, "tcp", net.JoinHostPort(e.Host, e.Port))
})

// An Endpoint is where a connection over a stack leads to.
type Endpoint struct {
	Stack *Stack
	Host  string // an address, or a name that the stack's Resolver looks up
	Port  string // or the name of a service
}

// Context returns a context in which host and port lead to a connection over s. With the keys of a URL a client does all over the
// stack, https included, and so does net/http:
//
//	client := paf.Client{Context: s.Context(paf.Host, paf.Port)}
//	http.Transport{DialContext: paf.DialContext(s.Context(paf.Host, paf.Port))}
func (s *Stack) Context(host, port mimic.Key[string]) mimic.Context {
	return mimic.Fold2(mimic.Context{}, TCP, mimic.Req[string](host), mimic.Req[string](port),
		func(_ context.Context, host, port string) (Endpoint, error) { return Endpoint{s, host, port}, nil })
}
