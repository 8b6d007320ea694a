package paf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/mimic"
)

// A Client sends requests and keeps connections for reuse. Its zero value is
// ready; its fields must not be changed once it has been used. Its methods are safe for
// concurrent use. Close it to give back its connections.
//
// A duration or a number of zero means the default, a negative one no limit.
type Client struct {
	// Context says how to reach a URL. The facts of the URL (Scheme, Host, Port) are
	// added to it. If it then leads to endpoints, these are tried, in the order of their
	// priorities; TCP is for a context that leads nowhere, and does not stand in for an endpoint or a
	// function that fails. A function whose required key has no value, or that skips ([mimic.ErrSkip]), leads nowhere: one that
	// is to answer for every URL takes what may be missing by [mimic.Opt], and fails itself. An https URL is
	// never spoken in clear: if the flow to the endpoint is not a flow.Negotiator, as
	// every TLS is, the client runs TLS over it. A URL of http+unix is an endpoint of Unix that was added last: only
	// a protocol of negative priority goes before it, and nothing stands in for it.
	//
	//	paf.Client{Context: mimic.Add(mimic.Context{}, paf.Unix, "/run/my.sock")}
	Context mimic.Context

	// Protocol is the version that the client speaks. The zero value leaves it to TLS, of which HTTP/2 and
	// HTTP/1.1 are asked (RFC 7301), and is HTTP/1.1 in clear. HTTP11 is that alone. HTTP2 is that alone: in
	// clear by prior knowledge (RFC 9113, Section 3.3).
	Protocol Protocol

	// MaxRedirects bounds the redirects that Do follows. Default 10; negative: it
	// follows none and returns the redirecting response.
	MaxRedirects int

	// MaxRetries bounds how often Do sends a request again. Default 3; negative: never.
	MaxRetries int

	// MaxIdle and MaxConns bound, for each endpoint, the connections that are idle
	// and those that are open at all; Do waits for one. Default 64 and 256. One of
	// HTTP/2 takes as many exchanges at once as the server and Limits.Streams allow, and
	// another is opened when it takes no more.
	MaxIdle, MaxConns int

	// MaxIdleAll bounds the connections of HTTP/1.1 that are idle, of all endpoints: the one that has been idle for longest is closed. Default no limit.
	MaxIdleAll int

	// OpenTimeout bounds how long it may take to open a flow, a TLS handshake
	// included. Default 30 s.
	OpenTimeout time.Duration

	// ExpectTimeout is how long a request with "Expect: 100-continue" waits for the
	// server's word before it sends its content all the same. Default 1 s.
	ExpectTimeout time.Duration

	// WriteTimeout bounds a single write to a flow of at most 128 KiB. Default 60 s.
	WriteTimeout time.Duration

	// Limits bounds what a server may send and how long it may take. The default of
	// IdleTimeout is 60 s here, less than servers use.
	Limits engine.Limits

	// Log receives what is worth knowing; default slog.Default().
	Log *slog.Logger

	sendings sync.Pool // of *clientExchange, to be used again

	once  sync.Once
	group *loop.Group
	pool  *loop.Pool[place]
}

// A place is what connections are kept by: they lead from one context to one origin.
type place struct {
	context           mimic.Context
	scheme, authority string
	route             any  // Route.Key
	once              bool // Route.Once
}

// String says where the connections lead to. Of a Route its key may say that; what it is made of may be a secret.
func (p place) String() string {
	if s, is := p.route.(fmt.Stringer); is {
		return s.String()
	}
	if p.route != nil {
		return fmt.Sprintf("a route of %T", p.route)
	}
	return (&Request{Target: Target{Scheme: p.scheme, Authority: p.authority}}).URL()
}

// Do sends a request and returns its response as soon as the response's head has come. ctx
// bounds the exchange to the end of the response's Body, which must be read to its end or
// closed: until then its connection is in use, and when MaxConns are, Do waits (and says so to Log after some seconds). The request must not be
// changed meanwhile.
//
// A request that certainly was not sent, or that is idempotent and was lost with a connection
// that had been used before, is sent again (RFC 9110, Section 9.2.2), if its Body is nil or
// an io.Seeker. Redirects are followed; credentials (Authorization, Cookie,
// Proxy-Authorization) do not go to another origin.
//
// Without a response the error is a [*SendError], or a [*URLError] for a request that
// cannot be sent at all; where a redirect could not be followed (ErrRedirects, a URLError of its Location, ctx has ended)
// the last response is returned too, its Body closed. Errors of ctx are its cause.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	if ctx == nil || r == nil {
		panic("paf: Client.Do is given a nil context or a nil request")
	}
	c.init()
	var body *upload
	if r.Body != nil {
		body = newUpload(r)
		defer body.finish()
	}
	for hops := 0; ; hops++ {
		resp, err := c.send(ctx, r, body, wish{})
		if err != nil {
			return nil, err
		}
		next, err := c.redirect(ctx, resp, body)
		if err == nil && next == nil {
			return resp, nil
		}
		_ = resp.Body.Close()
		if err != nil {
			return resp, err
		}
		if hops >= c.MaxRedirects {
			return resp, ErrRedirects
		}
		r = next
	}
}

// Get sends a GET request. As with Do, the Body of the response must be read to its end or closed: its connection is in use until then, and
// MaxConns of them are all there are.
func (c *Client) Get(ctx context.Context, url string) (*Response, error) {
	r, err := NewRequest("GET", url, nil)
	if err != nil {
		return nil, err
	}
	return c.Do(ctx, r)
}

// CloseIdle closes the connections that are idle.
func (c *Client) CloseIdle() {
	c.init()
	c.pool.CloseIdle()
}

// Close closes all connections, those in use included, and waits until they are gone.
// Later requests fail with ErrStopped.
func (c *Client) Close() {
	c.init()
	c.pool.Close()
}

// Stats returns a snapshot of the client's counters.
func (c *Client) Stats() Stats {
	c.init()
	return c.group.Stats()
}

func (c *Client) place(r *Request) place {
	if route := r.options().Route; route != nil {
		return place{route: route.Key, once: route.Once}
	}
	return place{context: c.Context, scheme: r.Scheme, authority: r.Authority}
}

// connection returns a connection for a request.
func (c *Client) connection(ctx context.Context, r *Request) (*loop.ClientConn, error) {
	at := c.place(r)
	if conn := c.pool.Take(at); conn != nil {
		return conn, nil
	}
	// An opening goes on when the request has got another connection: r may be used for something else by then.
	target, route := r.Target, r.options().Route
	return c.pool.Get(ctx, at, func(ctx context.Context) (*loop.ClientConn, error) {
		f, err := c.open(ctx, target, route)
		if err != nil {
			return nil, err
		}
		protocol := c.Protocol
		if route != nil && route.Protocol != 0 {
			protocol = route.Protocol
		}
		eng, err := c.engine(ctx, f, protocol)
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		return c.group.Open(f, eng)
	})
}

// engine returns the engine for a flow: what was negotiated decides, and where nothing was, what is wanted.
func (c *Client) engine(ctx context.Context, f flow.Flow, wanted Protocol) (engine.Client, error) {
	p := flow.PowersOf(f)
	if p.Handshaker != nil {
		limit := max(0, c.OpenTimeout)
		if err := c.group.Handshake(ctx, p.Handshaker, limit); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
		}
	}
	protocol := p.NegotiatedProtocol()
	switch {
	case wanted != 0 && wanted != HTTP11 && wanted != HTTP2:
		return nil, errProtocol
	case p.Negotiator == nil && wanted == HTTP2:
		protocol = alpn.H2
	case wanted == HTTP2 && protocol != alpn.H2, wanted == HTTP11 && protocol == alpn.H2:
		return nil, &alpn.ProtocolError{Protocol: protocol}
	}
	return alpn.Client(protocol, c.limits(), c.group.Now())
}

var errProtocol = errors.New("paf: Client.Protocol is neither 0 nor HTTP11 nor HTTP2")

// offers returns what the client asks TLS for.
func (c *Client) offers() []string {
	switch c.Protocol {
	case HTTP11:
		return []string{alpn.HTTP11}
	case HTTP2:
		return []string{alpn.H2}
	}
	return []string{alpn.H2, alpn.HTTP11}
}

// mayShare reports whether a connection may turn out to be HTTP/2's.
func (c *Client) mayShare(p place) bool {
	return p.route == nil && (c.Protocol == HTTP2 || c.Protocol == 0 && secures(p.scheme))
}

// open opens a flow to where a request is for; route may be nil.
func (c *Client) open(ctx context.Context, target Target, route *Route) (flow.Flow, error) {
	if c.OpenTimeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.OpenTimeout)
		defer cancel()
	}
	if route != nil {
		return route.Open(ctx)
	}
	e := urlEndpoint{context: c.Context, target: target, offers: c.offers()}
	return e.open(ctx)
}

func (c *Client) limits() engine.Limits {
	l := c.Limits
	l.IdleTimeout = cmp.Or(l.IdleTimeout, 60*time.Second)
	return l
}

func (c *Client) init() {
	c.once.Do(func() {
		c.OpenTimeout = cmp.Or(c.OpenTimeout, 30*time.Second)
		c.ExpectTimeout = cmp.Or(c.ExpectTimeout, time.Second)
		c.MaxRetries = cmp.Or(c.MaxRetries, 3)
		c.MaxRedirects = cmp.Or(c.MaxRedirects, 10)
		c.MaxIdle = cmp.Or(c.MaxIdle, 64)
		c.MaxConns = cmp.Or(c.MaxConns, 256)
		c.MaxIdleAll = cmp.Or(c.MaxIdleAll, -1)
		c.group = loop.NewGroup(loop.Config{
			WriteTimeout: c.WriteTimeout,
			Shortest:     c.limits().Shortest(),
			Log:          c.Log,
		})
		c.pool = loop.NewPool(c.group, loop.Policy[place]{MaxIdle: c.MaxIdle, MaxOpen: c.MaxConns, MaxIdleAll: c.MaxIdleAll,
			MayShare: c.mayShare, Name: place.String, Once: func(p place) bool { return p.once }})
	})
}
