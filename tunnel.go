package paf

import (
	"context"
	"strings"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// A Tunnel is the flow of an exchange on which HTTP has ended, a net.Conn with CloseWrite and Context: see [ResponseWriter.Tunnel] and
// [Response.Tunnel], and [loop.Tunnel] for its methods.
type Tunnel = loop.Tunnel

// Tunnel grants what the request asks for, CONNECT or an Upgrade, and returns the flow, which begins with what the client has sent
// already. The response is 101 (Switching Protocols) to an Upgrade on HTTP/1.1, and 200 to CONNECT, and to an Upgrade on HTTP/2, which
// is a CONNECT there; or the 2xx that WriteHeader has set. Header may have fields; to an Upgrade of one protocol its name is filled in. When it
// returns the response has been sent.
//
// The tunnel is the caller's. The handler may use it, or return and leave it to another goroutine: it stays open until it is closed, and
// whoever holds it must close it. Nothing else can be done with w and the request's Body any more (ErrTaken). The request's
// Context still ends with the handler; the tunnel's own tells when the server begins to stop. Tunnels are counted in Stats, waited for by
// Shutdown and Serve, and closed when their patience has ended. A panic of the handler resets the tunnel.
//
// Errors: ErrNoTunnel, if the request asks for none, or has content that has not been read to its end (RFC 9110, Section 7.8); what is wrong
// with the head of the response, an [*engine.Error], as when it has begun already. After these the request can be answered otherwise.
// If the client has gone it is ErrPeerGone.
func (w *ResponseWriter) Tunnel() (*Tunnel, error) {
	status, err := w.tunnelStatus()
	if err != nil {
		return nil, err
	}
	h := &w.header
	if status == semantics.StatusSwitchingProtocols && !h.Has("Upgrade") {
		if r := w.request; r.Fields.Count("Upgrade") == 1 && !strings.Contains(r.Upgrade, ",") {
			h.Set("Upgrade", r.Upgrade)
		}
	}
	was := w.status
	w.status = int16(status)
	head := w.complete()
	t, err := w.x.Tunnel(w.request, &head)
	switch {
	case err == nil:
		w.err = ErrTaken
	case !w.x.Begun():
		w.begun, w.status = false, was
	default:
		w.err = err
	}
	return t, err
}

// tunnelStatus returns the status that grants what the request asks for.
func (w *ResponseWriter) tunnelStatus() (int, error) {
	switch r := w.request; {
	case w.err != nil:
		return 0, w.err
	case r == nil:
		return 0, ErrNoTunnel
	case w.begun || w.written > 0:
		return 0, engine.Misuse(engine.RuleOrder, "the response has begun")
	case r.Method == semantics.MethodConnect && w.status == 0:
		return semantics.StatusOK, nil
	case r.Method == semantics.MethodConnect && semantics.Successful(int(w.status)):
		return int(w.status), nil
	case r.Method != semantics.MethodConnect && r.Upgrade == "":
		return 0, ErrNoTunnel
	case w.status != 0 && w.status != semantics.StatusSwitchingProtocols:
		return 0, engine.Misuse(engine.RuleOrder, "the status that was set grants no tunnel")
	}
	return semantics.StatusSwitchingProtocols, nil
}

// Hijack ends HTTP on a connection of HTTP/1 at any time, and returns its flow, and what has been read of it and not consumed:
// content of the request that was not read, and whatever follows it. If a status has been set or content written, that is sent first; nothing is
// afterwards. The flow has no deadline then.
//
// It is for protocols that are not asked for by CONNECT or Upgrade, and for code that writes the response by itself; the others are better
// off with Tunnel. The flow is the caller's alone: the server has forgotten it. It is not in Stats, is not told of the stop, and
// neither waited for nor closed, not even if the handler panics. Serve and Shutdown do not wait for the handler, either; only ServeFlow
// does. Errors: [ErrNoHijack] on HTTP/2; [ErrTaken]; those of Flush.
func (w *ResponseWriter) Hijack() (flow.Flow, []byte, error) {
	switch {
	case w.err != nil:
		return nil, nil, w.err
	case w.request == nil || w.request.Protocol >= HTTP2:
		return nil, nil, ErrNoHijack
	case w.begun || w.status != 0 || w.written > 0:
		if err := w.Flush(); err != nil {
			return nil, nil, err
		}
	}
	f, early, err := w.x.Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.begun, w.err = true, ErrTaken
	return f, early, nil
}

// Connect asks a proxy for a tunnel to the host and port of authority, as "example.org:443" (RFC 9110, Section 9.3.6). r says where the
// proxy is, by its scheme and host, and which fields it gets; what r has in Authorization, as from a user name in its URL, goes to the
// proxy as Proxy-Authorization. If the response is of status 2xx, [Response.Tunnel] returns the flow; otherwise it is
// the proxy's answer. Errors are those of Do; redirects are not followed.
func (c *Client) Connect(ctx context.Context, r *Request, authority string) (*Response, error) {
	if _, err := semantics.ParseTarget(semantics.MethodConnect, authority); err != nil {
		return nil, &URLError{URL: authority, Err: err}
	}
	own := *r
	own.Method, own.Header = semantics.MethodConnect, r.Header.Clone()
	if login, given := own.Header.Lookup("Authorization"); given {
		own.Header.Del("Authorization")
		if !own.Header.Has("Proxy-Authorization") {
			own.Header.AddField(semantics.Field{Name: "Proxy-Authorization", Value: login, Sensitive: true})
		}
	}
	own.Header.Del("Host") // it is the tunnel's end that is named
	return c.wishFor(ctx, &own, wish{authority: authority})
}

// Upgrade asks to go on with another protocol, as "websocket": by a request with Upgrade over HTTP/1.1 (RFC 9110, Section 7.8), and by an
// extended CONNECT over HTTP/2 (RFC 8441), if the server takes that, else the error is ErrNoExtendedConnect. If the response is of status
// 101 over the one, or 2xx over the other, [Response.Tunnel] returns the flow; otherwise the server has declined. Errors are those of
// Do; redirects are not followed.
func (c *Client) Upgrade(ctx context.Context, r *Request, protocol string) (*Response, error) {
	own := *r
	own.Header = r.Header.Share()              // Connected may change it
	if own.Method == semantics.MethodConnect { // as a handler may have got it over HTTP/2
		own.Method = semantics.MethodGet
	}
	return c.wishFor(ctx, &own, wish{upgrade: protocol})
}

// A wish is what a request is for beyond its response.
type wish struct{ upgrade, authority string }

// addTo adds the wish to a head.
func (w *wish) addTo(h *semantics.Request) {
	h.Upgrade = w.upgrade
	if w.authority != "" {
		h.Target = Target{Form: semantics.AuthorityForm, Authority: w.authority}
	}
}

func (c *Client) wishFor(ctx context.Context, r *Request, w wish) (*Response, error) {
	c.init()
	if r.Body != nil && r.Length != 0 {
		return nil, &SendError{Err: engine.Misuse(engine.RuleLength, "a request for a tunnel has no content")}
	}
	r.Body, r.Trailer = nil, nil
	return c.send(ctx, r, nil, w)
}
