package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/semantics"
)

// An Upstream is a server that requests are passed on to. Its fields must not be changed once it is in use, but for Weight; one
// upstream belongs to one [Reverse] at a time, or to several that share a Client: then they share what is known of its health, and its connections.
type Upstream struct {
	// URL says where it is and what it speaks:
	//
	//	http://host:port          HTTP/1.1
	//	h2c://host:port           HTTP/2 in clear, by prior knowledge
	//	https://host:port         what TLS agrees on, HTTP/2 or HTTP/1.1
	//	http+unix://%2Frun%2Fapp.sock   HTTP/1.1 over a Unix socket, whose path is escaped; https+unix, TLS there
	//
	// A path in it comes before the path of each request.
	URL string

	// Weight is how many requests it gets beside the others. Default 1. It is looked at by [Reverse.Use] alone.
	Weight int

	// TLS is the configuration for https; the default checks the certificate against the system's roots and the URL's host.
	TLS *tls.Config

	// Dial opens a flow to it, for upstreams that are reached by other means than the kernel's sockets. If the URL says https, TLS is run over it,
	// unless it has that already (see [paf.WithURL]).
	Dial func(ctx context.Context) (flow.Flow, error)

	// Preface, if it is not nil, returns what is sent on a connection before anything else, for a client: a header of the PROXY protocol.
	// Connections are not shared by requests then. Both addresses are nil where there is no client, as in the checks of Watch.
	Preface func(client, local net.Addr) ([]byte, error)

	url    string        // for paf.WithURL
	target paf.Target    // of the URL; its Scheme is http or https
	prefix string        // of paths
	below  mimic.Context // leads to the URL's host or socket, without TLS
	route  *paf.Route
	plain  *paf.Route // the same without HTTP/2

	resting atomic.Int64 // until when it gets nothing, if another is fit: UnixNano
	unfit   atomic.Bool  // says Watch
}

// prepare reads the URL, once: an upstream that is given to Use again may have requests under way. The error is a [*paf.URLError].
func (u *Upstream) prepare() error {
	if u.route != nil {
		return nil
	}
	u.url = u.URL
	protocol, wrong := paf.Protocol(0), error(nil)
	switch scheme, rest, _ := strings.Cut(u.URL, "://"); strings.ToLower(scheme) {
	case "h2c":
		u.url, protocol = "http://"+rest, paf.HTTP2
	case "http", "https", "http+unix", "https+unix":
	default:
		wrong = errScheme
	}
	r, err := paf.NewRequest(semantics.MethodGet, u.url, nil)
	var bad *paf.URLError
	switch {
	case errors.As(err, &bad):
		return &paf.URLError{URL: bad.URL, Err: cmp.Or(wrong, bad.Err)}
	case strings.ContainsAny(u.URL, "?#"), r.Header.Len() > 0: // by a user and a password
		return &paf.URLError{URL: r.URL(), Err: errMore}
	}
	u.target, u.prefix = r.Target, strings.TrimSuffix(r.Path, "/")
	if scheme, is := strings.CutSuffix(r.Scheme, "+unix"); is {
		u.below = mimic.Add(mimic.Context{}, paf.Unix, r.Authority)
		u.target.Scheme, u.target.Authority = scheme, "localhost"
	} else {
		facts, _ := paf.WithURL(mimic.Context{}, u.url)
		host, _ := mimic.Get(facts, paf.Host)
		port, _ := mimic.Get(facts, paf.Port)
		u.below = mimic.Add(mimic.Context{}, paf.TCP, net.JoinHostPort(host, port))
	}
	u.route, u.plain = u.routeTo(u, nil, protocol), u.routeTo(plainKey{u}, nil, paf.HTTP11)
	return nil
}

var (
	errScheme = errors.New("its scheme is not http, https, h2c, http+unix or https+unix")
	errMore   = errors.New("it has more than scheme, host and path")
)

// plainKey is what connections of HTTP/1.1 alone are kept by.
type plainKey struct{ *Upstream }

// routeTo returns a way to the upstream: for one request alone, or for all if in is nil.
func (u *Upstream) routeTo(key any, in *paf.Request, protocol paf.Protocol) *paf.Route {
	config := cmp.Or(u.TLS, &tls.Config{}).Clone()
	switch {
	case protocol == paf.HTTP11:
		config.NextProtos = []string{alpn.HTTP11}
	case len(config.NextProtos) == 0:
		config.NextProtos = []string{alpn.H2, alpn.HTTP11}
	}
	c := mimic.Add(mimic.Context{}, paf.TLSConfig, config)
	if u.Dial != nil || u.Preface != nil {
		c = mimic.Add(c, dialled, dialling{u, in})
	}
	c, _ = paf.WithURL(c, u.url) // which prepare has read
	return &paf.Route{Key: key, Protocol: protocol, Once: in != nil, Open: c.Resolve}
}

// A dialling is how a flow to an upstream is opened that has a Dial or a Preface, which are below TLS.
type dialling struct {
	*Upstream
	in *paf.Request // whom there is a Preface for
}

// dialled has a priority before that of the URL's socket, which it leads to itself.
var dialled = mimic.Register("upstream", -1, func(ctx context.Context, d dialling) (flow.Flow, error) {
	dial := d.Dial
	if dial == nil {
		dial = d.below.Resolve
	}
	f, err := dial(ctx)
	if err != nil || d.Preface == nil {
		return f, err
	}
	preface, err := d.Preface(d.in.Peer(), d.in.Local())
	if err == nil {
		release := context.AfterFunc(ctx, func() { _ = f.Close() }) // a flow of the user's may wait for its other end
		if _, err = f.Write(preface); !release() {
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
})

// routeFor returns the way that a request takes.
func (u *Upstream) routeFor(r *paf.Request, plain bool) *paf.Route {
	switch {
	case u.Preface != nil && plain:
		return u.routeTo(new(byte), r, paf.HTTP11)
	case u.Preface != nil:
		return u.routeTo(new(byte), r, u.route.Protocol)
	case plain:
		return u.plain
	}
	return u.route
}

// fit reports whether the upstream is to get requests.
func (u *Upstream) fit(now time.Time) bool {
	return !u.unfit.Load() && u.resting.Load() <= now.UnixNano()
}
