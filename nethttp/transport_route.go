package nethttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// A routeKey names where connections lead to: those of requests with equal keys may be shared. A proxy that forwards requests is
// one place for all of them.
type routeKey struct {
	proxy  string // URL, with its credentials; "" for none
	user   string // the credentials as a field's value, where the proxy gets them with each request
	scheme string
	host   string      // of the URL; "" where the proxy forwards
	http1  bool        // nothing else will do, as the request asks for an upgrade
	once   bool        // the connection is for one request
	config *tls.Config // what was TLSClientConfig then
}

// String says where connections lead to, for a log: without a password.
func (k routeKey) String() string {
	to := k.scheme + "://" + k.host
	if proxy, err := url.Parse(k.proxy); err == nil && k.proxy != "" {
		to += " by " + proxy.Redacted()
	}
	return to
}

// route returns the way to the server of a request.
func (t *Transport) route(r *http.Request) (*paf.Route, error) {
	k := routeKey{scheme: r.URL.Scheme, http1: upgrades(r), once: t.DisableKeepAlives || t.MaxIdleConnsPerHost < 0, config: t.TLSClientConfig}
	if t.Proxy != nil {
		proxy, err := t.Proxy(r)
		if err != nil {
			return nil, err
		}
		if proxy != nil {
			k.proxy = proxy.String()
		}
		if proxy != nil && k.forwarded() {
			k.user = credentials(proxy)
		}
	}
	if !k.forwarded() {
		k.host = r.URL.Host
	}
	if latest := t.latest.Load(); latest != nil && latest.Key == any(k) {
		return latest, nil
	}
	route := &paf.Route{Key: k, Absolute: k.forwarded(), Once: k.once, Protocol: t.speaks(k)}
	route.Open = func(ctx context.Context) (flow.Flow, error) { return t.open(ctx, k) }
	t.latest.Store(route)
	return route, nil
}

// speaks returns the protocol of a route, 0 if TLS is to tell.
func (t *Transport) speaks(k routeKey) paf.Protocol {
	http1, http2, clear2 := t.protocols()
	switch {
	case k.http1:
		return paf.HTTP11
	case k.scheme == "http" && clear2 && !http1 && k.proxy == "":
		return paf.HTTP2
	case k.scheme == "https" && http2 && !http1:
		return paf.HTTP2
	}
	return 0
}

// forwarded reports whether a proxy forwards the requests of a route, rather than to be a tunnel.
func (k *routeKey) forwarded() bool {
	return k.proxy != "" && k.scheme == "http" && !strings.HasPrefix(k.proxy, "socks5")
}

// upgrades reports whether a request offers another protocol as only HTTP/1.1 can.
func upgrades(r *http.Request) bool {
	if len(r.Header["Upgrade"]) == 0 {
		return false
	}
	for _, v := range r.Header["Connection"] {
		for token := range semantics.Members(v) {
			if semantics.EqualFold(token, "upgrade") {
				return true
			}
		}
	}
	return false
}

// addr returns the address of the server of a route.
func (k *routeKey) addr() string { return addressOf(&url.URL{Scheme: k.scheme, Host: k.host}) }

// addressOf returns host:port of a URL.
func addressOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPorts[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

var defaultPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
