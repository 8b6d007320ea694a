package proxy

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// A Forward is a proxy for clients that name the server themselves: by CONNECT, for a tunnel to it, or by the absolute-form of the
// target, for requests in clear. It is a [paf.Handler]; a server that has it needs TrustScheme. Its fields must not be changed once it has
// served. It is safe for concurrent use.
//
// Addresses are checked when a connection to them is opened, after names have been resolved: a name that leads somewhere else the second time leads
// nowhere.
type Forward struct {
	// Access says where clients may be led to.
	Access Access

	// Authenticate, if it is not nil, reports whether a name and a password are somebody's; without it everybody is served. It is called for each
	// request, perhaps many at a time, and should take as long for a name that nobody has.
	Authenticate func(ctx context.Context, name, password string) bool

	// Realm is what clients are told that the password is for. Default "proxy".
	Realm string

	// Name is the proxy's in Via. See [Reverse].
	Name string

	// Tunnels bounds tunnels.
	Tunnels TunnelLimits

	// OpenTimeout bounds how long connecting may take. Default 10 s.
	OpenTimeout time.Duration

	// Client sends requests in clear; how connections are opened is the Forward's matter. It must have MaxRedirects -1, see [Reverse]. Default one of its
	// own, with a ResponseTimeout of 60 s and MaxIdleAll 1024.
	Client *paf.Client

	// Else answers what is no request for a proxy: one whose target is in origin-form, over HTTP/1. Default 400.
	Else paf.Handler

	// OnError, if it is not nil, is told of each request that was not passed on.
	OnError func(r *paf.Request, err *Error)

	// OnDone, if it is not nil, is told of each request when it is over.
	OnDone func(w *paf.ResponseWriter, r *paf.Request, report *Report)

	// Log is where failures are told if there is no OnError. Default slog.Default().
	Log *slog.Logger

	once   sync.Once
	client *paf.Client // Client, or ours
	via    via

	follows bool // redirects
}

func (f *Forward) init() {
	f.once.Do(func() {
		f.via, f.client = newVia(f.Name), f.Client
		if f.follows = follows(f.Client); f.client == nil {
			f.client = &paf.Client{MaxRedirects: -1, MaxIdleAll: 1024, Log: f.Log} // clients may name as many servers as they like
			f.client.Limits.ResponseTimeout = 60 * time.Second
		}
	})
}

// Close closes the connections that requests in clear have used, if the Client is not the user's.
func (f *Forward) Close() {
	f.init()
	if f.Client == nil {
		f.client.Close()
	}
}

// Serve implements [paf.Handler].
func (f *Forward) Serve(w *paf.ResponseWriter, in *paf.Request) {
	f.init()
	x := &exchange{w: w, in: in}
	if f.OnDone != nil {
		defer x.done(f.OnDone, time.Now())
	}
	tunnels := in.Method == semantics.MethodConnect
	if !tunnels && in.Protocol != paf.HTTP2 && in.Form != semantics.AbsoluteForm {
		f.elsewhere(w, in)
		return
	}
	var err error
	switch {
	case !f.admits(x):
		x.fail(ErrCredentials, f.OnError, f.Log,
			semantics.Field{Name: "Proxy-Authenticate", Value: `Basic realm="` + cmp.Or(f.Realm, "proxy") + `", charset="UTF-8"`})
	case tunnels && in.Upgrade() != "":
		err = errUpgrade
	case !tunnels && in.Scheme != "http":
		err = errInClear
	case tunnels:
		err = f.tunnel(x)
	case !answered(w, in):
		err = f.pass(x)
	}
	if err != nil {
		x.fail(err, f.OnError, f.Log)
	}
}

var (
	errUpgrade = fmt.Errorf("%w: an extended CONNECT is for a gateway", ErrNotImplemented)
	errInClear = fmt.Errorf("%w: a request in clear is for a URL of http; to one of https a CONNECT leads", ErrNotImplemented)
)

func (f *Forward) elsewhere(w *paf.ResponseWriter, in *paf.Request) {
	if f.Else != nil {
		f.Else.Serve(w, in)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(semantics.StatusBadRequest)
	_, _ = w.WriteString("This is a proxy: its requests name a server, by CONNECT or by a whole URL.\n")
}

// admits reports whether the client has proved who it is (RFC 9110, Section 11.7; RFC 7617).
func (f *Forward) admits(x *exchange) bool {
	in := x.in
	if f.Authenticate == nil {
		return true
	}
	scheme, token, _ := strings.Cut(in.Header.Get("Proxy-Authorization"), " ")
	if !semantics.EqualFold(scheme, "basic") || in.Header.Count("Proxy-Authorization") > 1 {
		return false
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimLeft(token, " "))
	name, password, both := strings.Cut(string(pair), ":")
	if err != nil || !both || !f.Authenticate(in.Context(), name, password) {
		return false
	}
	x.report.User = name
	return true
}

// allowed returns the host and the port of a destination, unless a rule denies it: then its name need not even be resolved.
func (f *Forward) allowed(authority, usualPort string) (host string, port uint16, err error) {
	host, port, err = destination(authority, usualPort)
	if err == nil {
		err = f.Access.hopeless(host, port)
	}
	return host, port, err
}

// tunnel opens a tunnel to the host and port that the client names.
func (f *Forward) tunnel(x *exchange) error {
	host, port, err := f.allowed(x.in.Authority, "")
	if err != nil {
		return err
	}
	x.report.Upstream, x.report.Tries = x.in.Authority, 1
	far, err := f.dial(x.in.Context(), host, port)
	if err != nil {
		return err
	}
	near, err := x.w.Tunnel()
	if err != nil {
		_ = far.Close()
		if errors.Is(err, paf.ErrNoTunnel) {
			return &paf.URLError{URL: x.in.Authority, Err: unreadContent(err)}
		}
		return nil // the client has gone
	}
	x.join(near, far, f.Tunnels)
	return nil
}

// pass passes a request in clear on.
func (f *Forward) pass(x *exchange) error {
	if f.follows {
		return ErrRedirects
	}
	if f.via.passed(&x.in.Header) {
		return ErrLoop
	}
	host, port, err := f.allowed(x.in.Authority, "80")
	if err != nil {
		return err
	}
	x.report.Upstream, x.report.Tries = x.in.Authority, 1
	// Connections may be shared by all who are led there: it has been checked, and HTTP/1.1 in clear knows of no client.
	route := &paf.Route{Key: led{f, net.JoinHostPort(lowerHost(host), strconv.Itoa(int(port)))}, Protocol: paf.HTTP11, Open: func(ctx context.Context) (flow.Flow, error) {
		c, err := f.dial(ctx, host, port)
		if err != nil {
			return nil, err
		}
		return flow.Conn(c), nil
	}}
	out := &paf.Request{Method: x.in.Method, Target: x.in.Target}
	out.Header = semantics.FieldsFrom(append(apart(passing(&x.in.Header, 2)), f.via.field(x.in.Protocol)))
	out.Options = &paf.SendOptions{Route: route, Interim: x.interim}
	passContent(x.in, out, true)
	resp, err := f.client.Do(x.in.Context(), out)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return x.answer(resp, &f.via)
}

// led is what connections are kept by: what one Forward has allowed another need not.
type led struct {
	by *Forward
	to string
}

// destination takes a host and a port apart.
func destination(authority, usual string) (host string, port uint16, err error) {
	host, text, valid := semantics.SplitAuthority(authority)
	n, err := strconv.ParseUint(cmp.Or(text, usual), 10, 16)
	if !valid || host == "" || err != nil || n == 0 {
		return "", 0, &paf.URLError{URL: authority, Err: errDestination}
	}
	return strings.Trim(host, "[]"), uint16(n), nil
}

var errDestination = errors.New("a destination is a host and a port")

// dial opens a connection to a destination, if it is allowed.
func (f *Forward) dial(ctx context.Context, host string, port uint16) (net.Conn, error) {
	d := net.Dialer{Timeout: cmp.Or(f.OpenTimeout, 10*time.Second), ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return f.Access.Check(host, port, at.Addr())
	}}
	return d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
}

var _ paf.Handler = (*Forward)(nil)
