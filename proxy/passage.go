package proxy

import (
	"context"
	"errors"
	"slices"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// A passage is one exchange on its way to an upstream and back. When nobody else can have anything of it any more it is used again.
type passage struct {
	exchange
	proxy   *Reverse
	tell    func(int, *paf.Fields) error // interim, made once
	out     paf.Request
	options paf.SendOptions
	upload  *upload // nil if there is no content
	upgrade string  // the protocol to change to, "" for none
	key     string  // of a WebSocket handshake that is ours
	plain   bool    // HTTP/1.1 only
	tried   []*Upstream
	at      *Upstream
	fields  []semantics.Field // memory for those of out
}

// fieldsMost is how many fields a passage keeps memory for.
const fieldsMost = 64

// passage returns memory for an exchange.
func (r *Reverse) passage(w *paf.ResponseWriter, in *paf.Request) *passage {
	p, _ := r.passages.Get().(*passage)
	if p == nil {
		p = &passage{proxy: r}
		p.tell = p.interim
	}
	p.w, p.in = w, in
	return p
}

// keep keeps the memory of a passage that is over for another, unless somebody may still look at it: who sends content, of which the response need not have
// waited for, who has a tunnel, or has failed.
func (r *Reverse) keep(p *passage) {
	if fields := p.out.Header.List(); p.upload == nil && p.upgrade == "" && p.report.Err == nil && cap(fields) <= fieldsMost {
		clear(fields)
		*p = passage{proxy: r, tell: p.tell, fields: fields[:0]}
		r.passages.Put(p)
	}
}

// run passes the request on and the response back.
func (p *passage) run() error {
	if p.proxy.via.passed(&p.in.Header) {
		return ErrLoop
	}
	list := p.introduce(appendPassing(slices.Grow(p.fields, p.in.Header.Len()+6), &p.in.Header))
	if p.upgrade == "" {
		list = apart(list)
	}
	p.out.Method, p.out.Target = p.in.Method, p.in.Target
	if p.proxy.Host != "" {
		p.out.Authority = p.proxy.Host
	}
	p.options.Interim = p.tell
	p.out.Options = &p.options
	set := p.proxy.now.Load()
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
			return p.finish(resp)
		}
		if !p.again(err) {
			return err
		}
		p.plain = false // the next one may speak what this one did not
		if p.tried = append(p.tried, p.at); len(p.tried) >= p.proxy.tries() || len(p.tried) == len(set.all) {
			return err
		}
	}
}

// introduce adds what the upstream is told of the way that the request has taken.
func (p *passage) introduce(list []semantics.Field) []semantics.Field {
	from, is := p.in.Remember(originOf).(*origin)
	if !is {
		from = originOf(p.in.Flow()).(*origin) // somebody else has taken the place
	}
	if te := p.in.Header.Get("TE"); te != "" && semantics.HasToken(&p.in.Header, "TE", "trailers") {
		list = append(list, semantics.Field{Name: "TE", Value: "trailers"}) // which only HTTP/2 sends on
	}
	scheme := from.scheme // the client's word could be anything, where its server has TrustScheme for the sake of others
	if p.proxy.TrustForwarded {
		scheme = p.in.Scheme
	}
	list = addForwarded(list, p.proxy.Forwarded, p.proxy.TrustForwarded, from, scheme, p.in.Authority)
	return append(list, p.proxy.via.field(p.in.Protocol))
}

// send sends the request to one upstream.
func (p *passage) send() (*paf.Response, error) {
	p.out.Scheme, p.out.Path = p.at.target.Scheme, p.in.Path
	if p.in.Path != "*" { // which is the server (RFC 9110, Section 9.3.7), whatever stands before its paths
		if p.at.prefix != "" && climbs(p.in.Path) {
			return nil, &paf.URLError{URL: p.in.URL(), Err: errClimbs}
		}
		p.out.Path = p.at.prefix + p.in.Path
	}
	p.options.Route = p.at.routeFor(p.in, p.plain)
	ctx := p.in.Context()
	if p.upgrade == "" {
		p.upload = passContent(p.in, &p.out, p.proxy.TrustForwarded)
		return p.proxy.client.Do(ctx, &p.out)
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

// finish passes back what the upstream has answered.
func (p *passage) finish(resp *paf.Response) error {
	defer resp.Body.Close()
	if p.upgrade != "" && granted(resp) {
		return p.tunnel(resp)
	}
	return p.answer(resp, &p.proxy.via)
}
