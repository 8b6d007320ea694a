package proxy

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
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

	// Client sends requests in clear, see [Reverse]; how connections are opened is the Forward's matter. Default one of its own.
	Client *paf.Client

	// Else answers what is no request for a proxy: one whose target is in origin-form, over HTTP/1. Default 400.
	Else paf.Handler

	// OnError, if it is not nil, is told of each request that was not passed on.
	OnError func(r *paf.Request, err *Error)

	// OnDone, if it is not nil, is told of each request when it is over.
	OnDone func(w *paf.ResponseWriter, r *paf.Request, report *Report)

	// Log is where failures are told if there is no OnError. Default slog.Default().
	Log *slog.Logger

	once sync.Once
	own  *paf.Client
	via  string
}

func (f *Forward) init() {
	f.once.Do(func() {
		if f.own = f.Client; f.own == nil {
			f.own = &paf.Client{MaxRedirects: -1, MaxIdleAll: 1024, Log: f.Log} // clients may name as many servers as they like
			f.own.Limits.ResponseTimeout = 60 * time.Second
		}
		if f.via = f.Name; f.via == "" {
			f.via = "paf-" + rand.Text()[:8]
		}
	})
}

// Close closes the connections that requests in clear have used, if the Client is not the user's.
func (f *Forward) Close() {
	f.init()
	if f.Client == nil {
		f.own.Close()
	}
}

// Serve implements [paf.Handler].
func (f *Forward) Serve(w *paf.ResponseWriter, in *paf.Request) {
	f.init()
	report := &Report{}
	if f.OnDone != nil {
		begun := time.Now()
		defer func() { report.done(f.OnDone, w, in, begun) }()
	}
	tunnels := in.Method == semantics.MethodConnect
	if !tunnels && in.Protocol != paf.HTTP2 && in.Form != semantics.AbsoluteForm {
		f.elsewhere(w, in)
		return
	}
	begun, err := false, error(nil)
	switch {
	case !f.admits(in):
		err = ErrCredentials
	case tunnels && in.Upgrade() != "", !tunnels && in.Scheme != "http":
		w.WriteHeader(semantics.StatusNotImplemented)
		return
	case tunnels:
		err = f.tunnel(w, in, report)
	case answered(w, in):
		return
	default:
		report.Upstream, report.Tries = in.Authority, 1
		begun, err = f.pass(w, in)
	}
	if err != nil {
		f.fail(w, in, begun, report, err)
	}
}

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
func (f *Forward) admits(in *paf.Request) bool {
	if f.Authenticate == nil {
		return true
	}
	scheme, token, _ := strings.Cut(in.Header.Get("Proxy-Authorization"), " ")
	if !semantics.EqualFold(scheme, "basic") || in.Header.Count("Proxy-Authorization") > 1 {
		return false
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimLeft(token, " "))
	name, password, both := strings.Cut(string(pair), ":")
	return err == nil && both && f.Authenticate(in.Context(), name, password)
}

// tunnel opens a tunnel to the host and port that the client names.
func (f *Forward) tunnel(w *paf.ResponseWriter, in *paf.Request, report *Report) error {
	host, port, err := destination(in.Authority, "")
	if err != nil {
		return err
	}
	far, err := f.dial(in.Context(), host, port)
	if err != nil {
		return err
	}
	near, err := w.Tunnel()
	if err != nil {
		_ = far.Close()
		if errors.Is(err, paf.ErrNoTunnel) {
			return &paf.URLError{URL: in.Authority, Err: err}
		}
		return nil // the client has gone
	}
	report.Upstream, report.Tries = in.Authority, 1
	report.Tunnelled, report.Err = join(near, far, f.Tunnels)
	return nil
}

// pass passes a request in clear on.
func (f *Forward) pass(w *paf.ResponseWriter, in *paf.Request) (begun bool, err error) {
	if goesRound(&in.Header, f.via) {
		return false, ErrLoop
	}
	host, port, err := destination(in.Authority, "80")
	if err != nil {
		return false, err
	}
	// Connections may be shared by all who are led there: it has been checked, and HTTP/1.1 in clear knows of no client.
	route := &paf.Route{Key: led{f, net.JoinHostPort(lowerHost(host), strconv.Itoa(int(port)))}, Protocol: paf.HTTP11, Open: func(ctx context.Context) (flow.Flow, error) {
		c, err := f.dial(ctx, host, port)
		if err != nil {
			return nil, err
		}
		return flow.Conn(c), nil
	}}
	out := &paf.Request{Method: in.Method, Target: in.Target}
	list := append(apart(passing(&in.Header, 2)), semantics.Field{Name: "Via", Value: viaOf(in.Protocol) + f.via})
	out.Header = semantics.FieldsFrom(list)
	out.Options = &paf.SendOptions{Route: route, Interim: passInterim(w)}
	passContent(in, out, true)
	resp, err := f.own.Do(in.Context(), out)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.Status > 599 || resp.Status == semantics.StatusSwitchingProtocols {
		return false, statusError(resp.Status)
	}
	return true, passResponse(w, resp, f.via)
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
	if err := f.Access.denied(host, port, netip.Addr{}); err != nil {
		return nil, err // it need not even be resolved
	}
	d := net.Dialer{Timeout: cmp.Or(f.OpenTimeout, 10*time.Second), ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return f.Access.Check(host, port, at.Addr())
	}}
	return d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
}

// fail answers for what was not passed on.
func (f *Forward) fail(w *paf.ResponseWriter, in *paf.Request, begun bool, report *Report, err error) {
	gone := context.Cause(in.Context())
	fault := faultOf(gone)
	if gone != nil && (fault == 0 || begun) {
		report.Err = gone
		panic(paf.ErrAbort) // nobody is there to be told
	}
	e := &Error{Status: cmp.Or(fault, statusOf(err)), Upstream: in.Authority, Tries: 1, Err: err}
	report.Err = e
	if begun {
		e.Status = 0
	}
	if f.OnError != nil {
		f.OnError(in, e)
	} else {
		cmp.Or(f.Log, slog.Default()).Info("request not passed on", "component", "paf-proxy", "method", in.Method, "peer", in.Peer(), "error", e)
	}
	if begun {
		panic(paf.ErrAbort)
	}
	if e.Status == semantics.StatusProxyAuthenticationRequired {
		fail(w, e, semantics.Field{Name: "Proxy-Authenticate", Value: `Basic realm="` + cmp.Or(f.Realm, "proxy") + `", charset="UTF-8"`})
		return
	}
	fail(w, e)
}

var _ paf.Handler = (*Forward)(nil)
