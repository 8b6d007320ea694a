package paf

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/semantics"
)

// This file is how a URL, or an address to dial, becomes a flow by way of a context.

// WithURL returns a context that leads to the server of a URL, as c does with a [Client]: to what c leads to with the facts of the
// URL (Scheme, Host, Port), else by TCP; with TLS over it for https, unless that flow is secured already; to the socket of http+unix. It is for
// whom needs a flow and no Client:
//
//	ctx, err := paf.WithURL(mimic.Context{}, "https://example.org/")
//	…
//	f, err := ctx.Resolve(context.Background())
//
// [mimic.Get] finds the facts in it; its one endpoint is named "url", and so is that of the flow ([mimic.EndpointOf]). What it speaks over TLS is what c has in the NextProtos of its TLSConfig, http/1.1 without. The error is a [*URLError].
func WithURL(c mimic.Context, rawURL string) (mimic.Context, error) {
	r, err := NewRequest("GET", rawURL, nil)
	if err != nil {
		return c, err
	}
	known, err := facts(c, &r.Target)
	if err != nil {
		return c, &URLError{URL: r.URL(), Err: err}
	}
	// Endpoints stay out of it: where TLS fails nothing is to be tried in clear.
	u := mimic.Context{}
	for _, key := range []mimic.Key[string]{Scheme, Host, Port} {
		if fact, ok := mimic.Get(known, key); ok {
			u = mimic.Add(u, key, fact)
		}
	}
	if log, ok := mimic.Get(c, mimic.Logger); ok {
		u = mimic.Add(u, mimic.Logger, log)
	}
	return mimic.Add(u, byURL, urlEndpoint{context: c, target: r.Target}), nil
}

var byURL = mimic.Register("url", 0, func(ctx context.Context, e urlEndpoint) (flow.Flow, error) { return e.open(ctx) })

// A urlEndpoint is what a URL is for, and the context in which that is to be found.
type urlEndpoint struct {
	context mimic.Context
	target  Target
	offers  []string // as in TLSEndpoint
}

func (e *urlEndpoint) open(ctx context.Context) (flow.Flow, error) {
	over, err := facts(e.context, &e.target)
	if err != nil {
		return nil, &URLError{URL: (&Request{Target: e.target}).URL(), Err: err}
	}
	_, _, socket := socketOf(&e.target)
	f, endpoints, err := lead(ctx, over, socket)
	if f == nil && err == nil {
		over = mimic.Fold2(over, TCP, mimic.Req[string](Host), mimic.Req[string](Port),
			func(_ context.Context, host, port string) (string, error) { return net.JoinHostPort(host, port), nil })
		f, err = over.Resolve(ctx)
	}
	if err != nil || !secures(e.target.Scheme) || flow.PowersOf(f).Negotiator != nil {
		return f, err
	}
	// RFC 9110, Section 4.2.2: https means a secured connection, and this flow knows of no handshake.
	t := TLSEndpoint{Over: over, Host: hostname(&e.target), Config: valueOf(endpoints, TLSConfig), Offers: e.offers}
	if f, err = t.secure(ctx, f); err != nil {
		return nil, err
	}
	return TLS.Opened(f, t), nil
}

// lead opens a flow to what c leads to, and returns what it has found in c. Neither a flow nor an error: it leads nowhere, and
// somebody else may say where to go; but not where a function of c has failed, which may have known.
// first: only the first endpoint will do, the others are for something else.
func lead(ctx context.Context, c mimic.Context, first bool) (flow.Flow, []mimic.Endpoint, error) {
	all, err := c.Unfold(ctx)
	ways := 0
	for ways < len(all) && all[ways].Connectable() { // they come before the facts
		ways++
	}
	if ways == 0 {
		if err != nil {
			err = &mimic.ResolveError{Reason: mimic.ErrNotFound, Causes: []error{err}}
		}
		return nil, all, err
	}
	tried := all
	if first && ways > 1 {
		tried = append(all[:1:1], all[ways:]...)
	}
	f, err := mimic.Connect(ctx, tried)
	return f, all, err
}

// DialContext returns a function that dials as net.Dialer.DialContext does, to where c leads to with the Host and the Port of the address, else by the kernel. That is
// how other libraries find their way by a context:
//
//	http.Transport{DialContext: paf.DialContext(c)}
//
//	grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return dial(ctx, "tcp", addr) })
//
// The networks are "tcp", "tcp4" and "tcp6", among which c makes no difference, and "unix", whose address is the path of a socket. Nobody knows the scheme then:
// c has TLS run over nothing, unless it has an endpoint of [TLS]; http.Transport does so itself. A flow that is no net.Conn is made one by [flow.NetConn].
func DialContext(c mimic.Context) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		var to mimic.Context
		switch network {
		case "tcp", "tcp4", "tcp6":
			host, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, &net.OpError{Op: "dial", Net: network, Err: err}
			}
			to = mimic.Add(mimic.Add(c, Host, host), Port, port)
		case "unix":
			to = mimic.Add(c, Unix, addr)
		default:
			return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError(network)}
		}
		f, _, err := lead(ctx, to, network == "unix")
		switch {
		case err != nil:
			return nil, err
		case f == nil:
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
		if c, ok := flow.As[*tls.Conn](f); ok {
			return c, nil // whose type is asked for by net/http
		}
		return flow.NetConn(f), nil
	}
}

// facts adds what a target says to a context: of a socket its scheme, and where it is.
func facts(c mimic.Context, t *Target) (mimic.Context, error) {
	if path, scheme, ok := socketOf(t); ok {
		return mimic.Add(mimic.Add(c, Scheme, scheme), Unix, path), nil
	}
	host, port, ok := semantics.SplitAuthority(t.Authority)
	if !ok || host == "" {
		return c, errAuthority
	}
	if port == "" {
		port = defaultPort(t.Scheme)
	}
	c = mimic.Add(c, Scheme, t.Scheme)
	c = mimic.Add(c, Host, hostname(t))
	if port != "" {
		c = mimic.Add(c, Port, port)
	}
	return c, nil
}

// valueOf returns the value of a key among endpoints.
func valueOf[T any](endpoints []mimic.Endpoint, key mimic.Key[T]) (value T) {
	for _, e := range endpoints {
		if v, ok := key.Of(e); ok {
			return v
		}
	}
	return value
}
