package nethttp

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/mimic"
)

// A Transport is an http.RoundTripper that sends requests by a paf.Client: what http.Transport is, on paf. Its zero value is
// ready, and asks for HTTP/2 over TLS. It keeps connections, so it should be made once and used by all;
// its methods are safe for concurrent use. Close gives back what it holds, for good.
//
// The fields are those of http.Transport and mean the same, unless they say otherwise. Those from MaxIdleConns to MaxResponseHeaderBytes are
// read once, by the first request; the others whenever they are needed, and must not be changed while requests are sent.
//
// What differs from http.Transport:
//
//   - HTTP/2 is asked for over TLS whatever dialer and configuration are set, and spoken on any connection that says that it
//     was negotiated. GODEBUG is not looked at.
//   - Connection, Keep-Alive, Proxy-Connection, TE and Transfer-Encoding fields that a program sets are not sent on HTTP/1.1, but for
//     "Connection: close" and the offer of an Upgrade.
//   - A response that RFC 9112 calls invalid is an error where net/http repairs it: lines that are folded or end in a bare LF, white space before a
//     colon, repeated or malformed lengths, a length beside chunks, chunks in HTTP/1.0, a 101 that nobody has asked for.
//   - Characters that have no place in a request target are percent-encoded in a query, where net/http sends them as they are, and a "?" without
//     a query is left out. An Authorization field goes to a proxy as Proxy-Authorization in a CONNECT of the program's own. CONNECT with a path, "*" with another method than OPTIONS, and an encoded NUL on HTTP/2 are errors.
//   - Names of hosts that are not ASCII are not mapped: they must be given in their ASCII form (RFC 5891).
//   - A body that is shorter than its ContentLength is an error on HTTP/2, too, and white space around a field's value is not sent.
//   - Errors say other words; those that programs test for are the same: the cause of a context (on HTTP/2, too), io.EOF and io.ErrUnexpectedEOF, net.Error's
//     Timeout, golang.org/x/net/http2.StreamError, and errors of dialers, of the request's Body and of TLS as they are.
//   - The httptrace hook GotFirstResponseByte is called when the head of the first response has come whole.
//   - A connection of HTTP/2 is not counted by MaxIdleConns, and Request.Close does not close it; DisableKeepAlives does. HTTP2 configurations and the
//     sizes of buffers have no counterpart; there is no CancelRequest, as requests have contexts.
type Transport struct {
	// Context, if it is not empty, says how to reach a URL, as paf.Client's does, instead of dialers, TLSClientConfig and Proxy: those
	// are not looked at then. The TLS configuration is what it binds to paf.TLSConfig.
	Context mimic.Context

	// Proxy returns the proxy of a request, nil for none. nil: there is none for any; http.ProxyFromEnvironment reads the environment.
	// Schemes are http, https, socks5 and socks5h. A user and a password in the URL are sent to the proxy.
	Proxy func(*http.Request) (*url.URL, error)
	// OnProxyConnectResponse is called with the response of a proxy to CONNECT; its error is that of the request.
	OnProxyConnectResponse func(ctx context.Context, proxy *url.URL, request *http.Request, response *http.Response) error
	// ProxyConnectHeader is sent with CONNECT.
	ProxyConnectHeader http.Header
	// GetProxyConnectHeader returns what is sent with CONNECT to a target, instead of ProxyConnectHeader.
	GetProxyConnectHeader func(ctx context.Context, proxy *url.URL, target string) (http.Header, error)

	// DialContext opens connections. The context has the values of the request's, and does not end with it.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// Dial is DialContext without a context.
	//
	// Deprecated: use DialContext.
	Dial func(network, addr string) (net.Conn, error)
	// DialTLSContext opens connections for https, without a proxy. What it returns is taken as it is: if it has a method
	// NegotiatedProtocol() string, or ConnectionState of any type that has a field or a method of that name, HTTP/2 is spoken when that
	// says "h2". If it has a method HandshakeContext that is called before.
	DialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// DialTLS is DialTLSContext without a context.
	//
	// Deprecated: use DialTLSContext.
	DialTLS func(network, addr string) (net.Conn, error)

	// TLSClientConfig is the configuration of TLS. ServerName and the protocols to ask for are filled in.
	TLSClientConfig *tls.Config
	// TLSHandshakeTimeout bounds a TLS handshake; 0: no limit.
	TLSHandshakeTimeout time.Duration
	// Protocols are those that are spoken; nil: HTTP/1.1, and HTTP/2 over TLS. Unencrypted HTTP/2 is spoken where HTTP/1.1 is not.
	Protocols *http.Protocols
	// TLSNextProto, if it is not nil and has no "h2", means that HTTP/2 is not asked for. Its functions are not called.
	TLSNextProto map[string]func(authority string, c *tls.Conn) http.RoundTripper
	// ForceAttemptHTTP2 changes nothing: HTTP/2 is asked for in any case.
	ForceAttemptHTTP2 bool

	// DisableKeepAlives uses each connection for one request.
	DisableKeepAlives bool
	// DisableCompression: see http.Transport. Without it gzip is asked for and undone, if the request says nothing about it.
	DisableCompression bool

	// MaxIdleConns bounds the connections that lie idle; 0: no limit.
	MaxIdleConns int
	// MaxIdleConnsPerHost bounds those to one host; 0: http.DefaultMaxIdleConnsPerHost; negative: none is kept.
	MaxIdleConnsPerHost int
	// MaxConnsPerHost bounds the connections to one host, idle or not; 0: no limit. Requests that wait for one for long are told of in slog.Default.
	MaxConnsPerHost int
	// IdleConnTimeout is how long a connection may lie idle; 0: no limit.
	IdleConnTimeout time.Duration
	// ResponseHeaderTimeout bounds the time from the end of a request to the head of its response; 0: no limit.
	ResponseHeaderTimeout time.Duration
	// ExpectContinueTimeout is how long a request with "Expect: 100-continue" waits with its content; 0: it does not wait.
	ExpectContinueTimeout time.Duration
	// MaxResponseHeaderBytes bounds the head of a response; 0: 10 MiB.
	MaxResponseHeaderBytes int64

	// Limits are what a server may do besides, as paf.Client's. Its HeadBytes, Fields and time-outs are set by the fields above.
	Limits engine.Limits

	once   sync.Once
	client *paf.Client
	latest atomic.Pointer[paf.Route] // the one that was used last

	sendings sync.Pool // of *sending

	mu      sync.Mutex // guards changing schemes
	schemes atomic.Pointer[map[string]http.RoundTripper]
}

var _ http.RoundTripper = (*Transport)(nil)

// RoundTrip sends a request and returns its response as soon as the head has come: see http.RoundTripper. Redirects, cookies and
// Client.Timeout are what http.Client adds.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := check(r); err != nil {
		closeBody(r)
		return nil, err
	}
	if others := t.schemes.Load(); others != nil {
		if other := (*others)[r.URL.Scheme]; other != nil {
			resp, err := other.RoundTrip(r)
			if err != http.ErrSkipAltProtocol {
				return resp, err
			}
		}
	}
	if err := checkHTTP(r); err != nil {
		closeBody(r)
		return nil, err
	}
	t.init()
	return t.send(r)
}

// CloseIdleConnections closes the connections that lie idle.
func (t *Transport) CloseIdleConnections() {
	t.init()
	t.client.CloseIdle()
}

// Close closes all connections, those in use included, and waits until they are gone. Later requests fail.
func (t *Transport) Close() {
	t.init()
	t.client.Close()
}

// Stats returns a snapshot of the counters of the client.
func (t *Transport) Stats() paf.Stats {
	t.init()
	return t.client.Stats()
}

// RegisterProtocol makes a RoundTripper responsible for the URLs of a scheme. It may pass http and https on by http.ErrSkipAltProtocol. It
// panics if the scheme has one already.
func (t *Transport) RegisterProtocol(scheme string, rt http.RoundTripper) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]http.RoundTripper{}
	if old := t.schemes.Load(); old != nil {
		for s, rt := range *old {
			all[s] = rt
		}
	}
	if all[scheme] != nil {
		panic("nethttp: the scheme " + scheme + " is registered already")
	}
	all[scheme] = rt
	t.schemes.Store(&all)
}

// Clone returns a Transport with the same settings and no connections.
func (t *Transport) Clone() *Transport {
	c := &Transport{
		Context: t.Context, Proxy: t.Proxy, OnProxyConnectResponse: t.OnProxyConnectResponse,
		ProxyConnectHeader: t.ProxyConnectHeader.Clone(), GetProxyConnectHeader: t.GetProxyConnectHeader,
		DialContext: t.DialContext, Dial: t.Dial, DialTLSContext: t.DialTLSContext, DialTLS: t.DialTLS,
		TLSClientConfig: t.TLSClientConfig.Clone(), TLSHandshakeTimeout: t.TLSHandshakeTimeout, ForceAttemptHTTP2: t.ForceAttemptHTTP2,
		DisableKeepAlives: t.DisableKeepAlives, DisableCompression: t.DisableCompression,
		MaxIdleConns: t.MaxIdleConns, MaxIdleConnsPerHost: t.MaxIdleConnsPerHost, MaxConnsPerHost: t.MaxConnsPerHost,
		IdleConnTimeout: t.IdleConnTimeout, ResponseHeaderTimeout: t.ResponseHeaderTimeout,
		ExpectContinueTimeout: t.ExpectContinueTimeout, MaxResponseHeaderBytes: t.MaxResponseHeaderBytes, Limits: t.Limits,
	}
	if t.Protocols != nil {
		protocols := *t.Protocols
		c.Protocols = &protocols
	}
	if t.TLSNextProto != nil {
		c.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		for name, f := range t.TLSNextProto {
			c.TLSNextProto[name] = f
		}
	}
	if schemes := t.schemes.Load(); schemes != nil {
		c.schemes.Store(schemes)
	}
	return c
}

// init makes the client.
func (t *Transport) init() {
	t.once.Do(func() {
		t.client = &paf.Client{
			Context:       t.Context,
			MaxRedirects:  -1,
			MaxRetries:    -1,
			MaxIdle:       atMost(t.MaxIdleConnsPerHost, http.DefaultMaxIdleConnsPerHost),
			MaxIdleAll:    atMost(t.MaxIdleConns, -1),
			MaxConns:      atMost(t.MaxConnsPerHost, -1),
			OpenTimeout:   -1, // the dialer's, and TLSHandshakeTimeout
			WriteTimeout:  -1,
			ExpectTimeout: max(t.ExpectContinueTimeout, 1), // paf's own default would be a second
			Limits:        t.limits(),
		}
		if t.Context != (mimic.Context{}) {
			t.client.Protocol = t.only()
		}
	})
}

// only returns the one version that is spoken, 0 if what was negotiated says which.
func (t *Transport) only() paf.Protocol {
	switch http1, http2, clear2 := t.protocols(); {
	case http1 && !http2:
		return paf.HTTP11
	case !http1 && (http2 || clear2):
		return paf.HTTP2
	}
	return 0
}

// limits returns what is the client's way to say what net/http's users have set: time belongs to their contexts.
func (t *Transport) limits() engine.Limits {
	l := t.Limits
	l.HeadBytes = t.headMost()
	l.Fields = -1
	l.Interim = cmp.Or(l.Interim, interimsMost)
	l.IdleTimeout = atMost(t.IdleConnTimeout, -1)
	l.ResponseTimeout = atMost(t.ResponseHeaderTimeout, -1)
	l.HeadTimeout, l.ContentTimeout, l.StallTimeout = -1, -1, -1
	return l
}

// interimsMost is how many 1xx responses there may be: net/http bounds their bytes alone, and a server may say 102 for hours. On HTTP/2 they are in
// memory until a hook has been told.
const interimsMost = 10_000

// headMost returns how long the head of a response may be.
func (t *Transport) headMost() int { return int(atMost(t.MaxResponseHeaderBytes, 10<<20)) }

// atMost returns a limit of net/http's, where zero or less is the default.
func atMost[T ~int | ~int64](limit, otherwise T) T {
	if limit <= 0 {
		return otherwise
	}
	return limit
}

// protocols returns which versions are spoken to a scheme.
func (t *Transport) protocols() (http1, http2, clear2 bool) {
	if t.Protocols != nil {
		return t.Protocols.HTTP1(), t.Protocols.HTTP2(), t.Protocols.UnencryptedHTTP2()
	}
	_, has := t.TLSNextProto["h2"]
	return true, t.TLSNextProto == nil || has, false
}
