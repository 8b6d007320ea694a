package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
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
	//	http+unix://%2Frun%2Fapp.sock   HTTP/1.1 over a Unix socket, whose path is escaped
	//
	// A path in it comes before the path of each request.
	URL string

	// Weight is how many requests it gets beside the others. Default 1. It is looked at by [Reverse.Use] alone.
	Weight int

	// TLS is the configuration for https; the default checks the certificate against the system's roots and the URL's host.
	TLS *tls.Config

	// Dial opens a flow to it, for upstreams that are reached by other means than the kernel's sockets. TLS is run over it if the URL says https.
	Dial func(ctx context.Context) (flow.Flow, error)

	// Preface, if it is not nil, returns what is sent on a connection before anything else, for a client: a header of the PROXY protocol.
	// Connections are not shared by requests then. Both addresses are nil where there is no client, as in the checks of Watch.
	Preface func(client, local net.Addr) ([]byte, error)

	address string // as net.Dial takes it
	network string
	scheme  string
	prefix  string
	route   *paf.Route // nil with Preface
	plain   *paf.Route // the same without HTTP/2

	resting atomic.Int64 // until when it gets nothing, if another is fit: UnixNano
	sick    atomic.Bool  // says Watch
}

// prepare reads the URL, once: an upstream that is given to Use again may have requests under way. The error is a [*paf.URLError].
func (u *Upstream) prepare() error {
	if u.route != nil {
		return nil
	}
	at, err := url.Parse(u.URL)
	if rest, is := strings.CutPrefix(u.URL, "http+unix://"); is {
		at, err = u.socket(rest)
	}
	if err == nil {
		err = u.read(at)
	}
	if err != nil {
		return &paf.URLError{URL: u.URL, Err: err}
	}
	u.prefix = strings.TrimSuffix(at.EscapedPath(), "/")
	u.route, u.plain = u.routeTo(u, nil, 0), u.routeTo(plainKey{u}, nil, paf.HTTP11)
	return nil
}

func (u *Upstream) read(at *url.URL) error {
	u.network, u.scheme = "tcp", at.Scheme
	port := ""
	switch at.Scheme {
	case "http", "h2c":
		u.scheme, port = "http", "80"
	case "https":
		port = "443"
	case "http+unix":
		u.scheme, u.network = "http", "unix"
	default:
		return fmt.Errorf("its scheme is not http, https, h2c or http+unix")
	}
	switch {
	case at.Host == "":
		return fmt.Errorf("it has no host")
	case at.User != nil, at.RawQuery != "", at.Fragment != "":
		return fmt.Errorf("it has more than scheme, host and path")
	case u.network == "tcp":
		u.address = net.JoinHostPort(at.Hostname(), cmp.Or(at.Port(), port))
	}
	return nil
}

// socket takes the path of a socket off what follows http+unix://, where package url would not have it, and returns the URL of the rest.
func (u *Upstream) socket(rest string) (*url.URL, error) {
	end := strings.IndexAny(rest+"/", "/?#")
	name, err := url.PathUnescape(rest[:end])
	if err != nil {
		return nil, err
	}
	u.address = name
	at, err := url.Parse("http://localhost" + rest[end:])
	if err == nil {
		at.Scheme, at.Host = "http+unix", name
	}
	return at, err
}

// plainKey is what connections of HTTP/1.1 alone are kept by.
type plainKey struct{ *Upstream }

// routeTo returns a way to the upstream; client may be nil.
func (u *Upstream) routeTo(key any, client *paf.Request, protocol paf.Protocol) *paf.Route {
	if protocol == 0 && semantics.EqualFold(u.URL[:min(len(u.URL), 4)], "h2c:") {
		protocol = paf.HTTP2
	}
	return &paf.Route{Key: key, Protocol: protocol, Once: client != nil, Open: func(ctx context.Context) (flow.Flow, error) {
		return u.open(ctx, client, protocol)
	}}
}

// routeFor returns the way that a request takes.
func (u *Upstream) routeFor(r *paf.Request, plain bool) *paf.Route {
	switch {
	case u.Preface != nil && plain:
		return u.routeTo(new(byte), r, paf.HTTP11)
	case u.Preface != nil:
		return u.routeTo(new(byte), r, 0)
	case plain:
		return u.plain
	}
	return u.route
}

// open opens a flow.
func (u *Upstream) open(ctx context.Context, client *paf.Request, protocol paf.Protocol) (flow.Flow, error) {
	f, err := u.dial(ctx)
	if err != nil {
		return nil, err
	}
	if u.Preface != nil {
		preface, err := u.Preface(client.Peer(), client.Local())
		if err == nil {
			_, err = f.Write(preface)
		}
		if err != nil {
			_ = f.Close()
			return nil, err
		}
	}
	if u.scheme != "https" {
		return f, nil
	}
	config := u.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(u.address)
	}
	switch {
	case protocol == paf.HTTP11:
		config.NextProtos = []string{alpn.HTTP11}
	case len(config.NextProtos) == 0:
		config.NextProtos = []string{alpn.H2, alpn.HTTP11}
	}
	return flow.TLSClient(ctx, f, config)
}

func (u *Upstream) dial(ctx context.Context) (flow.Flow, error) {
	if u.Dial != nil {
		return u.Dial(ctx)
	}
	c, err := new(net.Dialer).DialContext(ctx, u.network, u.address)
	if err != nil {
		return nil, err
	}
	return flow.Conn(c), nil
}

// fit reports whether the upstream is to get requests.
func (u *Upstream) fit(now time.Time) bool {
	return !u.sick.Load() && u.resting.Load() <= now.UnixNano()
}

// clientOf is found by paf.Request.Remember.
func clientOf(f flow.Flow) any {
	c := &client{node: "unknown"}
	if f == nil {
		return c
	}
	addr := flow.PowersOf(f).PeerAddr()
	if addr == nil {
		return c
	}
	if at, err := netip.ParseAddrPort(addr.String()); err == nil {
		ip := at.Addr().Unmap().WithZone("")
		c.address, c.node = ip.String(), ip.String()
		if ip.Is6() {
			c.node = `"[` + c.node + `]"` // RFC 7239, Section 6: "IPv6 address is always enclosed in square brackets", and so quoted
		}
	}
	return c
}

// host returns the host of the URL.
func (u *Upstream) host() string {
	if u.network == "unix" {
		return "localhost"
	}
	return u.address
}
