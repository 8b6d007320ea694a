package proxy

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// A passage is one exchange on its way to an upstream and back.
type passage struct {
	proxy   *Reverse
	w       *paf.ResponseWriter
	in      *paf.Request
	out     paf.Request
	options paf.SendOptions
	upload  *upload // nil if there is no content
	upgrade string  // the protocol to change to, "" for none
	key     string  // of a WebSocket handshake that is ours
	plain   bool    // HTTP/1.1 only
	tried   []*Upstream
	at      *Upstream
	begun   bool // the response may have been seen by the client
	report  Report
}

// run passes the request on and the response back.
func (p *passage) run() error {
	list := passing(&p.in.Header, 6)
	if goesRound(&p.in.Header, p.proxy.via) {
		return ErrLoop
	}
	list = p.introduce(list)
	if p.upgrade == "" {
		list = apart(list)
	}
	p.out.Method, p.out.Target = p.in.Method, p.in.Target
	if p.proxy.Host != "" {
		p.out.Authority = p.proxy.Host
	}
	p.options.Interim = passInterim(p.w)
	p.out.Options = &p.options
	set := p.proxy.upstreams()
	for {
		p.at = set.next(p.tried)
		if p.at == nil {
			return ErrNoUpstream
		}
		p.report.Upstream = p.at.URL
		p.report.Tries++
		p.out.Header = semantics.FieldsFrom(list)
		resp, err := p.send()
		if err == nil {
			p.at.succeeded()
			return p.answer(resp)
		}
		if !p.again(err) {
			return err
		}
		if p.tried = append(p.tried, p.at); len(p.tried) >= p.proxy.tries() || len(p.tried) == len(set.all) {
			return err
		}
	}
}

// introduce adds what the upstream is told of the way that the request has taken.
func (p *passage) introduce(list []semantics.Field) []semantics.Field {
	c, is := p.in.Remember(clientOf).(*client)
	if !is {
		c = clientOf(p.in.Flow()).(*client) // somebody else has taken the place
	}
	if te := p.in.Header.Get("TE"); te != "" && semantics.HasToken(&p.in.Header, "TE", "trailers") {
		list = append(list, semantics.Field{Name: "TE", Value: "trailers"}) // which only HTTP/2 sends on
	}
	list = tell(list, p.proxy.Tell, p.proxy.TrustTold, c, p.in.Scheme, p.in.Authority)
	return append(list, semantics.Field{Name: "Via", Value: viaOf(p.in.Protocol) + p.proxy.via})
}

// goesRound reports whether a request has passed this proxy. RFC 9110, Section 7.6.3: a member of Via is a protocol, a name, and perhaps a comment.
func goesRound(f *paf.Fields, name string) bool {
	for hop := range f.Members("Via") {
		if said := strings.Fields(hop); len(said) > 1 && said[1] == name {
			return true
		}
	}
	return false
}

// send sends the request to one upstream.
func (p *passage) send() (*paf.Response, error) {
	p.out.Scheme, p.out.Path = p.at.scheme, p.in.Path
	if p.in.Path != "*" { // which is the server (RFC 9110, Section 9.3.7), whatever stands before its paths
		if p.at.prefix != "" && climbs(p.in.Path) {
			return nil, &paf.URLError{URL: p.in.URL(), Err: errClimbs}
		}
		p.out.Path = p.at.prefix + p.in.Path
	}
	p.options.Route = p.at.routeFor(p.in, p.plain)
	ctx := p.in.Context()
	if p.upgrade == "" {
		p.upload = passContent(p.in, &p.out, p.proxy.TrustTold)
		return p.proxy.own.Do(ctx, &p.out)
	}
	resp, err := p.sendUpgrade(ctx)
	if errors.Is(err, paf.ErrNoExtendedConnect) && !p.plain {
		p.plain = true // it may take it over HTTP/1.1
		return p.send()
	}
	return resp, err
}

// again reports whether a request that got no answer may go to another upstream, and notes that this one has failed.
func (p *passage) again(err error) bool {
	if context.Cause(p.in.Context()) != nil {
		return false // the client has gone
	}
	var u *paf.URLError
	if errors.As(err, &u) {
		return false // the request is no good: that is not the upstream's fault
	}
	if !p.plain { // else it was tried what it may not speak, and nothing is known
		p.at.failed(p.proxy.rest())
	}
	var s *paf.SendError
	if errors.As(err, &s) && s.Sent && !semantics.Idempotent(p.in.Method) {
		return false
	}
	return p.upload == nil || p.upload.revoke()
}

// answer passes the response back.
func (p *passage) answer(resp *paf.Response) error {
	defer resp.Body.Close()
	if p.upgrade != "" && granted(resp) {
		return p.join(resp)
	}
	if resp.Status > 599 || resp.Status == semantics.StatusSwitchingProtocols {
		return statusError(resp.Status) // RFC 9110, Section 15: "values outside the range 100..599 are invalid"
	}
	p.begun = true
	return passResponse(p.w, resp, p.proxy.via)
}

// fail answers for what could not be passed.
func (p *passage) fail(err error) {
	gone := context.Cause(p.in.Context())
	fault := faultOf(gone)
	if gone != nil && (fault == 0 || p.begun) {
		p.report.Err = gone
		panic(paf.ErrAbort) // nobody is there to be told
	}
	e := &Error{Status: cmp.Or(fault, statusOf(err)), Upstream: p.report.Upstream, Tries: p.report.Tries, Err: err}
	p.report.Err = e
	if p.begun {
		e.Status = 0
	}
	if on := p.proxy.OnError; on != nil {
		on(p.in, e)
	} else {
		p.proxy.log().Warn("request not passed on", "component", "paf-proxy", "method", p.in.Method, "host", p.in.Authority, "path", p.in.Path, "error", e)
	}
	if p.begun {
		panic(paf.ErrAbort) // what the client has got must not look complete
	}
	fail(p.w, e)
}
