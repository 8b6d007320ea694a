package paf

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/semantics"
)

// The keys that a URL fills in. A mimic context may compute other keys from them.
var (
	// Scheme is the scheme of the URL, in lower case, as "http".
	Scheme = mimic.NewKey[string]("scheme")
	// Host is the host name or address of the URL, an IPv6 address without brackets.
	Host = mimic.NewKey[string]("host")
	// Port is the port of the URL, or the one usual for its scheme: "80" or "443".
	Port = mimic.NewKey[string]("port")
	// TLSConfig is the configuration for endpoints of TLS; the default is the
	// zero configuration. ServerName and NextProtos are filled in if they are empty.
	TLSConfig = mimic.NewKey[*tls.Config]("tls-config")
)

// The protocols that a client knows from the start.
var (
	// TCP opens a kernel's TCP connection to "host:port". Of several addresses of a host
	// it races those of both families (RFC 8305). In a program of WebAssembly, which has no sockets, it fails with
	// errors.ErrUnsupported.
	TCP = mimic.Register("tcp", mimic.NoPriority, openTCP)
	// TLS opens a TLS connection over TCP. It is tried before TCP.
	TLS = mimic.Register("tls", 10, openTLS)
	// Unix opens a connection to the Unix socket at a path. One
	// mimic.Add(mimic.Context{}, paf.Unix, path) makes a Client use it for every URL.
	Unix = mimic.Register("unix", mimic.NoPriority, openUnix)
)

// A TLSEndpoint is where TLS leads to.
type TLSEndpoint struct {
	Address string      // host:port
	Config  *tls.Config // nil for the zero configuration
	Offers  []string    // protocols to ask for where Config has no NextProtos; none: http/1.1
}

// defaults turn the facts of a URL into TCP and TLS endpoints.
func defaults(offers []string) mimic.Context {
	c := mimic.Fold3(mimic.Context{}, TCP, mimic.Req[string](Scheme), mimic.Req[string](Host), mimic.Req[string](Port),
		func(_ context.Context, scheme, host, port string) (string, error) {
			if scheme != "http" {
				return "", mimic.ErrSkip
			}
			return net.JoinHostPort(host, port), nil
		})
	return mimic.Fold4(c, TLS, mimic.Req[string](Scheme), mimic.Req[string](Host), mimic.Req[string](Port), mimic.Default[*tls.Config](TLSConfig, nil),
		func(_ context.Context, scheme, host, port string, config *tls.Config) (TLSEndpoint, error) {
			if scheme != "https" {
				return TLSEndpoint{}, mimic.ErrSkip
			}
			return TLSEndpoint{net.JoinHostPort(host, port), config, offers}, nil
		})
}

func openTCP(ctx context.Context, addr string) (flow.Flow, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, noNetwork(err)
	}
	return flow.Conn(c), nil
}

func openUnix(ctx context.Context, path string) (flow.Flow, error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, noNetwork(err)
	}
	return flow.Conn(c), nil
}

func openTLS(ctx context.Context, e TLSEndpoint) (flow.Flow, error) {
	f, err := openTCP(ctx, e.Address)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(e.Address)
	return secure(ctx, f, e.Config, host, e.Offers)
}

// secure runs TLS over a flow; config may be nil.
func secure(ctx context.Context, f flow.Flow, config *tls.Config, host string, offers []string) (flow.Flow, error) {
	if config = config.Clone(); config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	if len(config.NextProtos) == 0 {
		config.NextProtos = offers
	}
	if len(config.NextProtos) == 0 {
		config.NextProtos = []string{alpn.HTTP11}
	}
	secured, err := flow.TLSClient(ctx, f, config)
	if err != nil {
		return nil, fmt.Errorf("%w, with %s: %w", ErrHandshake, host, err)
	}
	return secured, nil
}

// facts adds what a target says to a context.
func facts(c mimic.Context, t *Target) (mimic.Context, error) {
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

// hostname returns the host of a target, an IPv6 address without its brackets.
func hostname(t *Target) string {
	host, _, _ := semantics.SplitAuthority(t.Authority)
	return strings.Trim(host, "[]")
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// unixPath returns the path of an address of the form "unix:PATH".
func unixPath(addr string) (string, bool) { return strings.CutPrefix(addr, "unix:") }

var (
	errScheme    = errors.New("it must begin with http:// or https://")
	errAuthority = errors.New("it has no valid host")
)

// targetOf makes a request's target of a URL.
func targetOf(u *url.URL) (Target, error) {
	scheme := strings.ToLower(u.Scheme)
	if defaultPort(scheme) == "" || u.Opaque != "" {
		return Target{}, errScheme
	}
	if u.Host == "" || !semantics.ValidAuthority(u.Host) {
		return Target{}, errAuthority
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return Target{Scheme: scheme, Authority: u.Host, Path: path, Query: escapeQuery(u.RawQuery)}, nil
}

// escapeQuery encodes what url.Parse leaves in a query and a request target cannot hold (RFC 3986, Section 3.4), as browsers
// do.
func escapeQuery(q string) string {
	var b strings.Builder
	for i := 0; i < len(q); i++ {
		if c := q[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// basic returns the credentials of a URL as an Authorization value (RFC 7617).
func basic(u *url.Userinfo) string {
	password, _ := u.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password))
}
