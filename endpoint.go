package paf

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// The keys that a URL fills in. A mimic context may compute other keys from them.
var (
	// Scheme is the scheme of the URL, in lower case, as "http".
	Scheme = mimic.NewKey[string]("scheme")
	// Host is the host name or address of the URL, an IPv6 address without brackets.
	Host = mimic.NewKey[string]("host")
	// Port is the port of the URL, or the one usual for its scheme: "80" or "443".
	Port = mimic.NewKey[string]("port")
	// TLSConfig is the configuration of TLS, where a URL asks for it; the default is the
	// zero configuration. ServerName and NextProtos are filled in if they are empty.
	TLSConfig = mimic.NewKey[*tls.Config]("tls-config")
)

// The protocols of this package. Their priorities are the order in which the endpoints of one context are tried: what leads
// somewhere only because somebody has said so has 0, as have those of packages netstack and vsock; TLS has 10; TCP, to which
// the facts of every URL lead, has none and comes last.
var (
	// Unix opens a connection to the Unix socket at a path; one that begins with "@" is a name of Linux's abstract ones. One
	// mimic.Add(mimic.Context{}, paf.Unix, path) makes a Client use it for every URL.
	Unix = mimic.Register("unix", 0, openUnix)
	// TLS runs TLS over what another context leads to: over TCP, a Unix socket, TLS again, or a protocol of one's own. A context that
	// is to serve URLs need not have it: what a URL of https is reached by is secured (see [Client.Context]).
	TLS = mimic.Register("tls", 10, openTLS)
	// TCP opens a kernel's TCP connection to "host:port". Of several addresses of a host
	// it races those of both families (RFC 8305). In a program of WebAssembly, which has no sockets, it fails with
	// errors.ErrUnsupported.
	TCP = mimic.Register("tcp", mimic.NoPriority, openTCP)
)

// A TLSEndpoint is a context over whose flow TLS is run, and with whom.
type TLSEndpoint struct {
	Over   mimic.Context // leads to the flow below by itself: what the context that holds this endpoint knows, as the facts of a URL, is not in it
	Host   string        // whose certificate is asked for, where Config has no ServerName
	Config *tls.Config   // nil for the zero configuration
	Offers []string      // protocols to ask for where Config has no NextProtos; none: http/1.1
}

func openTCP(ctx context.Context, addr string) (net.Conn, error) { return dial(ctx, "tcp", addr) }

func openUnix(ctx context.Context, path string) (net.Conn, error) { return dial(ctx, "unix", path) }

func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, noNetwork(err)
	}
	return c, nil
}

func openTLS(ctx context.Context, e TLSEndpoint) (flow.Flow, error) {
	f, err := e.Over.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	return e.secure(ctx, f)
}

// secure runs TLS over a flow that e.Over has led to.
func (e *TLSEndpoint) secure(ctx context.Context, f flow.Flow) (flow.Flow, error) {
	config := e.Config.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = e.Host
	}
	if len(config.NextProtos) == 0 {
		config.NextProtos = e.Offers
	}
	if len(config.NextProtos) == 0 {
		config.NextProtos = []string{alpn.HTTP11}
	}
	secured, err := flow.TLSClient(ctx, f, config)
	if err != nil {
		return nil, fmt.Errorf("%w, with %s: %w", ErrHandshake, config.ServerName, err)
	}
	return secured, nil
}
