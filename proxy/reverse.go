package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// A Reverse is a gateway: it passes requests on to the servers of a site, its upstreams. It is a [paf.Handler]; a server that has it
// wants ExtendedConnect, for WebSocket over HTTP/2. Its fields must not be changed once it has served. It is safe for concurrent use.
//
// A request goes to the upstream whose turn it is, with its method, its target, its host and its fields, but for those that are for one
// connection alone. When an upstream cannot be reached, or breaks off before it has answered, the request goes to the next one, if
// that is safe: nothing of it was sent, or its method is idempotent (RFC 9110, Section 9.2.2) and nothing of its content has been read. One that has
// failed is left alone for Rest.
type Reverse struct {
	// Upstreams are the servers; see also Use.
	Upstreams []*Upstream

	// Client sends the requests. Its Limits say how long an upstream may take (Limits.ResponseTimeout, Limits.ContentTimeout) and how much it may say,
	// OpenTimeout how long connecting may take, MaxConns and MaxIdle how many connections each gets. If it is nil there is one of its own, which Close
	// closes: it has a ResponseTimeout of 60 s, an OpenTimeout of 5 s, MaxConns 1024 and MaxIdle 256. One that is given must have MaxRedirects -1: it would
	// follow redirects itself, which are for the client. Without that nothing is passed on: requests are answered 500, and the Error says why (ErrRedirects).
	Client *paf.Client

	// Forwarded says what upstreams are told of the client: by default ForwardedX.
	Forwarded Forwarded

	// TrustForwarded: clients are proxies whose X-Forwarded-* and Forwarded fields are to be believed, and added to, and so is the scheme that
	// they ask for (see [paf.Server.TrustScheme]). By default the fields are removed, for anybody could have written them, and the scheme is the connection's.
	TrustForwarded bool

	// Host is what upstreams are asked for, as "app.internal"; by default what the client has asked for.
	Host string

	// Name is the proxy's in Via (RFC 9110, Section 7.6.3). Requests that have it already are going round in a circle, and answered 508. Default a name made by chance.
	Name string

	// Upgrades are the protocols that clients may change to. Default "websocket" alone: a proxy that passes on what it does not know, such as h2c, lets
	// requests past whatever is in front of the upstream.
	Upgrades []string

	// Tunnels bounds what becomes of connections after an Upgrade.
	Tunnels TunnelLimits

	// Tries bounds how many upstreams a request is sent to. Default 3.
	Tries int

	// Rest is how long an upstream that has failed gets nothing, if others are fit. Default 5 s.
	Rest time.Duration

	// OnError, if it is not nil, is told of each request that could not be passed on. Log has it at level Warn else.
	OnError func(r *paf.Request, err *Error)

	// OnDone, if it is not nil, is told of each request when it is over.
	OnDone func(w *paf.ResponseWriter, r *paf.Request, report *Report)

	// Log is where Watch tells of upstreams, and failures are told if there is no OnError. Default slog.Default().
	Log *slog.Logger

	once   sync.Once
	now    atomic.Pointer[set]
	client *paf.Client // Client, or ours
	via    via

	passages sync.Pool // of *passage, to be used again

	follows bool // redirects
}

func (r *Reverse) init() {
	r.once.Do(func() {
		r.via, r.client = newVia(r.Name), r.Client
		if r.follows = follows(r.Client); r.client == nil {
			r.client = &paf.Client{MaxRedirects: -1, OpenTimeout: 5 * time.Second, MaxConns: 1024, MaxIdle: 256, Log: r.Log}
			r.client.Limits.ResponseTimeout = 60 * time.Second
		}
		if err := r.use(r.Upstreams); err != nil {
			r.log().Error("upstream cannot be used", "component", "paf-proxy", "error", err)
		}
	})
}

// follows reports whether a client that was given follows redirects.
func follows(c *paf.Client) bool {
	if c == nil {
		return false
	}
	_ = c.Stats() // after which its fields do not change any more
	return c.MaxRedirects >= 0
}

// Use replaces the upstreams. Requests that are under way stay where they are, and so do their connections. One that is among the new ones again keeps
// its connections and what is known of its health. It must not be called by several at a time. The error is a [*paf.URLError]; then nothing has been replaced.
func (r *Reverse) Use(upstreams []*Upstream) error {
	r.init()
	return r.use(upstreams)
}

func (r *Reverse) use(upstreams []*Upstream) error {
	s := &set{}
	var errs []error
	for _, u := range upstreams {
		if err := u.prepare(); err != nil {
			errs = append(errs, err)
			continue
		}
		s.add(u)
	}
	if len(errs) == 0 || r.now.Load() == nil {
		r.now.Store(s)
	}
	return errors.Join(errs...)
}

// Close closes the connections to upstreams, those in use included, if the Client is not the user's.
func (r *Reverse) Close() {
	r.init()
	if r.Client == nil {
		r.client.Close()
	}
}

// Serve implements [paf.Handler].
func (r *Reverse) Serve(w *paf.ResponseWriter, in *paf.Request) {
	r.init()
	if in.Protocol == paf.HTTP2 {
		makeRoom(len(in.Method))
	}
	p := r.passage(w, in)
	r.serve(p)
	r.keep(p)
}

// serve answers the request of a passage.
func (r *Reverse) serve(p *passage) {
	in := p.in
	if r.OnDone != nil {
		defer p.done(r.OnDone, time.Now())
	}
	if answered(p.w, in) {
		return
	}
	if r.follows {
		p.fail(ErrRedirects, r.OnError, r.Log)
		return
	}
	switch protocol := in.Upgrade(); {
	case in.Method == semantics.MethodConnect && protocol == "":
		p.fail(errConnect, r.OnError, r.Log)
		return
	case protocol != "" && (in.Method == semantics.MethodGet && in.Length == 0 || in.Method == semantics.MethodConnect) && r.upgrades(protocol):
		p.upgrade = protocol
	case in.Method == semantics.MethodConnect:
		p.fail(fmt.Errorf("%w: the protocol %q is not one of Upgrades", ErrNotImplemented, protocol), r.OnError, r.Log) // RFC 8441 has no word for it; RFC 9220, Section 3, says 501
		return
	}
	if err := p.run(); err != nil {
		p.fail(err, r.OnError, r.Log)
	}
}

var errConnect = fmt.Errorf("%w: CONNECT is for a forward proxy", ErrNotImplemented)

func (r *Reverse) upgrades(protocol string) bool {
	if r.Upgrades == nil {
		return semantics.EqualFold(protocol, "websocket")
	}
	for _, p := range r.Upgrades {
		if semantics.EqualFold(protocol, p) {
			return true
		}
	}
	return false
}

// answered answers what goes no further. RFC 9110, Section 7.6.2: "Each intermediary that receives a TRACE or OPTIONS request containing
// a Max-Forwards header field MUST check and update its value prior to forwarding the request."
func answered(w *paf.ResponseWriter, in *paf.Request) bool {
	if in.Method != semantics.MethodTrace && in.Method != semantics.MethodOptions {
		return false
	}
	value, given := in.Header.Lookup("Max-Forwards")
	if !given {
		return false
	}
	n, valid := semantics.ParseLength(value)
	switch {
	case !valid:
		return false // "MAY ignore": as it is not for us to say
	case n > 0:
		in.Header.Set("Max-Forwards", strconv.FormatInt(n-1, 10))
		return false
	case in.Method == semantics.MethodTrace:
		w.WriteHeader(semantics.StatusNotImplemented)
	}
	return true
}

// makeRoom makes the goroutine's stack as large as sending a request takes, at once and while there is little on it. A stream has a
// goroutine of its own, with the smallest of stacks, which would double twice on the way down: a fifth of what the exchange costs.
//
//go:noinline
func makeRoom(n int) byte {
	var room [5 << 10]byte
	return room[n&1023]
}

func (r *Reverse) tries() int          { return cmp.Or(r.Tries, 3) }
func (r *Reverse) rest() time.Duration { return cmp.Or(r.Rest, 5*time.Second) }

// A statusError is a status that an upstream should not have answered with.
type statusError int

func (e statusError) Error() string {
	return fmt.Sprintf("status %d %s", int(e), paf.StatusText(int(e)))
}

var _ paf.Handler = (*Reverse)(nil)
