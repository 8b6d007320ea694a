package netstack

import (
	"context"
	"net"

	"github.com/paf-go/paf/mimic"
)

// The keys that lead to a connection over a stack, for a mimic context.
var (
	// Via is the stack.
	Via = mimic.NewKey[*Stack]("stack")
	// Address is an address or the name of a host, which the stack's Resolver looks up.
	Address = mimic.NewKey[string]("address")
	// Port is a port, or the name of a service.
	Port = mimic.NewKey[string]("port")
)

// TCP opens connections of TCP over a stack. Its priority, 0, puts it before TLS and TCP (see package mimic).
var TCP = mimic.Register("netstack", 0, func(ctx context.Context, e Endpoint) (net.Conn, error) {
	return e.Stack.DialContext(ctx, "tcp", net.JoinHostPort(e.Address, e.Port))
})

// An Endpoint is where a connection over a stack leads to.
type Endpoint struct {
	Stack   *Stack
	Address string // an address or the name of a host
	Port    string
}

// WithTCP returns c with an endpoint of [TCP], as soon as c has [Via], [Address] and [Port].
func WithTCP(c mimic.Context) mimic.Context {
	return mimic.Fold3(c, TCP, mimic.Req[*Stack](Via), mimic.Req[string](Address), mimic.Req[string](Port),
		func(_ context.Context, s *Stack, address, port string) (Endpoint, error) {
			return Endpoint{s, address, port}, nil
		})
}

// Context returns a context in which host and port lead to a connection over s. With the keys of a URL a client does all over the
// stack, https included, and so does net/http:
//
//	client := paf.Client{Context: s.Context(paf.Host, paf.Port)}
//	http.Transport{DialContext: paf.DialContext(s.Context(paf.Host, paf.Port))}
func (s *Stack) Context(host, port mimic.Key[string]) mimic.Context {
	same := func(_ context.Context, v string) (string, error) { return v, nil }
	c := mimic.Add(mimic.Context{}, Via, s)
	c = mimic.Fold1(c, Address, mimic.Req[string](host), same)
	c = mimic.Fold1(c, Port, mimic.Req[string](port), same)
	return WithTCP(c)
}
