package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/semantics"
)

// A Chain is a way through proxies, one behind the other: each is asked, by CONNECT, for a tunnel to the next one, and the last for one to
// where it is to go. What is spoken with a proxy is between the client and that proxy alone.
type Chain struct {
	clients []*paf.Client // of the proxies, the first one first: the next one's connections go through it
	asks    []*paf.Request
}

// chained opens a tunnel through a chain of proxies.
var chained = mimic.Register("proxy chain", 0, func(ctx context.Context, e chainEndpoint) (*paf.Tunnel, error) {
	return e.chain.Open(ctx, e.authority)
})

// A chainEndpoint is where a tunnel leads to.
type chainEndpoint struct {
	chain     *Chain
	authority string // host:port
}

// Through returns a chain of the proxies at some URLs, the nearest one first: http://proxy.example:3128 for one in clear, https:// for one over TLS, with
// a name and a password if it asks for them (http://me:secret@proxy.example). c leads to the first one, see [paf.Client], and has the
// TLSConfig for all of them, and for them alone: one for the servers behind them is added to what Context returns. What they speak is found out as for any URL: HTTP/2 over TLS, if they have it, so that many tunnels share a connection.
//
// The error is a [*paf.URLError]. Close gives back the connections.
func Through(c mimic.Context, urls ...string) (*Chain, error) {
	chain := &Chain{}
	if len(urls) == 0 {
		return nil, &paf.URLError{Err: errNoProxy}
	}
	for _, u := range urls {
		r, err := paf.NewRequest(semantics.MethodConnect, u, nil)
		if err != nil {
			return nil, err
		}
		client := &paf.Client{Context: c, MaxRedirects: -1}
		log, logs := mimic.Get(c, mimic.Logger)
		if logs {
			client.Log = slog.New(log.Handler())
		}
		if before := *chain; len(before.clients) > 0 {
			// Endpoints of c stay out of it: they lead to the first proxy alone.
			client.Context = before.Context()
			if config, has := mimic.Get(c, paf.TLSConfig); has {
				client.Context = mimic.Add(client.Context, paf.TLSConfig, config)
			}
			if logs {
				client.Context = mimic.Add(client.Context, mimic.Logger, log)
			}
		}
		chain.clients, chain.asks = append(chain.clients, client), append(chain.asks, r)
	}
	return chain, nil
}

var errNoProxy = errors.New("no proxy was named")

// Context returns a context in which the host and the port of every URL, and of every address that [paf.DialContext] is given, lead through the chain,
// and nowhere else, if no other endpoint is added to it:
//
//	client := paf.Client{Context: chain.Context()}
func (c Chain) Context() mimic.Context {
	return mimic.Fold2(mimic.Context{}, chained, mimic.Req[string](paf.Host), mimic.Req[string](paf.Port),
		func(_ context.Context, host, port string) (chainEndpoint, error) {
			return chainEndpoint{&c, net.JoinHostPort(host, port)}, nil
		})
}

// Open opens a tunnel to a host and a port. If a proxy declines the error is a [*DeclinedError]; else it is that of [paf.Client.Connect].
func (c *Chain) Open(ctx context.Context, authority string) (*paf.Tunnel, error) {
	last := len(c.clients) - 1
	resp, err := c.clients[last].Connect(ctx, c.asks[last], authority)
	if err != nil {
		return nil, err
	}
	tunnel, err := resp.Tunnel()
	if errors.Is(err, paf.ErrNoTunnel) {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, saidMost))
		_ = resp.Body.Close()
		return nil, &DeclinedError{Proxy: c.asks[last].Authority, Authority: authority, Status: resp.Status, Said: string(said)}
	}
	if err != nil {
		_ = resp.Body.Close()
	}
	return tunnel, err
}

// Close closes all connections to proxies, tunnels included.
func (c *Chain) Close() {
	for i := len(c.clients) - 1; i >= 0; i-- {
		c.clients[i].Close()
	}
}

// saidMost is how much is kept of what a proxy says that declines.
const saidMost = 1 << 10

// A DeclinedError is the answer of a proxy that opens no tunnel.
type DeclinedError struct {
	Proxy     string // its host and port
	Authority string // where the tunnel was to lead
	Status    int    // 407: it wants to know who asks
	Said      string // the beginning of what it said
}

// Error says which proxy, and what.
func (e *DeclinedError) Error() string {
	return fmt.Sprintf("paf: the proxy %s opens no tunnel to %s: %d %s", e.Proxy, e.Authority, e.Status, paf.StatusText(e.Status))
}
