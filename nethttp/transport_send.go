package nethttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/semantics"
)

// A roundTrip is one call of RoundTrip: all that it needs, in one piece.
type roundTrip struct {
	t       *Transport
	request *http.Request
	ctx     context.Context
	trace   *httptrace.ClientTrace
	cancel  context.CancelCauseFunc // nil unless Request.Cancel asks for it

	sent     *sending
	content  *upload
	tail     io.ReadCloser // what is sent into the tunnel, with CONNECT
	gzip     bool          // it was asked for by us
	reused   bool          // the connection had been used before
	agent    bool          // the user agent is ours, in front of the fields
	interims int           // bytes of 1xx responses that nobody wanted to see
	refusals int           // sendings that were not processed
	response http.Response
	body     content
}

// A sending is what is needed as long as the request is not answered. It is used again, but for one that has content, which may go
// on being sent.
type sending struct {
	paf.Request
	options paf.SendOptions    // its Options
	list    [8]semantics.Field // memory for the fields of most requests

	x         *roundTrip
	connected func(paf.Connection, *paf.Request) // x.connected, and below x.interim: made once
	interim   func(int, *paf.Fields) error
}

// newSending returns a sending for x.
func (x *roundTrip) newSending() *sending {
	s, _ := x.t.sendings.Get().(*sending)
	if s == nil {
		s = &sending{}
		s.connected = func(c paf.Connection, _ *paf.Request) { s.x.connected(c) }
		s.interim = func(status int, f *paf.Fields) error { return s.x.interim(status, f) }
	}
	s.x = x
	return s
}

// giveBack lets the sending be used again.
func (x *roundTrip) giveBack() {
	s := x.sent
	x.sent, s.x, s.Request, s.options = nil, nil, paf.Request{}, paf.SendOptions{}
	clear(s.list[:])
	x.t.sendings.Put(s)
}

// send sends a request, again where that is safe.
func (t *Transport) send(r *http.Request) (*http.Response, error) {
	x := &roundTrip{t: t, request: r, ctx: r.Context()}
	x.trace = httptrace.ContextClientTrace(x.ctx)
	//lint:ignore SA1019 programs still use it
	if r.Cancel != nil {
		x.obeyCancel()
	}
	x.sent = x.newSending()
	x.begin()
	for {
		resp, err := x.try()
		if err == nil {
			if x.content == nil && x.tail == nil {
				x.giveBack()
			}
			return resp, nil
		}
		if !x.again(err) {
			err = x.told(err)
			x.end()
			return nil, err
		}
	}
}

// try sends the request once.
func (x *roundTrip) try() (*http.Response, error) {
	if err := x.ctx.Err(); err != nil {
		return nil, x.cause()
	}
	if err := x.prepare(); err != nil {
		return nil, err
	}
	resp, err := x.do()
	if err != nil {
		return nil, err
	}
	return x.respond(resp), nil
}

// do sends it, as what it is.
func (x *roundTrip) do() (*paf.Response, error) {
	r, p := x.request, &x.sent.Request
	switch {
	case r.Method == http.MethodConnect && r.URL.Opaque != "":
		return x.t.client.Connect(x.ctx, p, r.URL.Opaque)
	case r.Method == http.MethodConnect:
		return x.t.client.Connect(x.ctx, p, p.Authority)
	case upgrades(r) && x.content == nil:
		return x.t.client.Upgrade(x.ctx, p, r.Header.Get("Upgrade"))
	}
	return x.t.client.Do(x.ctx, p)
}

// prepare makes the request that paf sends.
func (x *roundTrip) prepare() error {
	r, p, o := x.request, &x.sent.Request, &x.sent.options
	host, err := hostOf(r)
	if err != nil {
		return err
	}
	*p = paf.Request{Method: methodOf(r), Options: o}
	*o = paf.SendOptions{Connected: x.sent.connected, Interim: x.sent.interim, Trace: x.pafTrace()}
	p.Scheme, p.Authority = r.URL.Scheme, host
	if p.Method == semantics.MethodConnect {
		if r.URL.Path != "" {
			return errConnectPath
		}
	} else if p.Path, p.Query, err = pathOf(r.URL); err != nil {
		return err
	}
	if len(r.Trailer) > 0 {
		p.Trailer = &paf.Fields{} // filled in when the content has ended
	}
	list := x.fields(x.sent.list[:0])
	if x.t.Context == (mimic.Context{}) {
		if o.Route, err = x.t.route(r); err != nil {
			return err
		}
		if o.Route.Absolute {
			list = authorize(list, r, o.Route.Key.(routeKey))
		}
	} else if p.Authority = r.URL.Host; host != p.Authority {
		list = append(list, semantics.Field{Name: "Host", Value: host})
	}
	p.Header = semantics.FieldsFrom(list)
	if x.content != nil {
		p.Body, p.Length = x.content.reader(), x.content.length
	}
	if x.trace != nil && x.trace.GetConn != nil {
		x.trace.GetConn(x.hostPort())
	}
	return nil
}

// connected is called when the connection is known on which the request is sent.
func (x *roundTrip) connected(c paf.Connection) {
	x.reused = c.Used()
	if x.agent && c.Protocol() == paf.HTTP2 {
		x.sent.Header.List()[0].Value = agentHTTP2 // it is the first
	}
	if x.trace != nil {
		x.traceConnected(c)
	}
}

// again reports whether a request that got no response may be sent once more, and makes its content ready for that.
func (x *roundTrip) again(err error) bool {
	var s *paf.SendError
	if x.ctx.Err() != nil || !errors.As(err, &s) {
		return false
	}
	switch {
	case errors.Is(err, refused) || errors.Is(err, loop.ErrNoCapacity):
		// RFC 9113, Section 8.7: "Requests that have not been processed have not failed; clients MAY automatically retry them".
		if x.refusals++; x.refusals > refusalsMost {
			return false
		}
	case !x.reused:
		return false // the server means it
	case !s.Sent:
	case !errors.Is(err, noResponse) || !replayable(x.request):
		return false
	}
	return x.rewind()
}

// refusalsMost is how often a request is sent again that servers do not process.
const refusalsMost = 6

var (
	refused    = &engine.Error{Rule: engine.RuleRefused}
	noResponse = &engine.Error{Rule: engine.RuleNoResponse}
)

// replayable reports whether a request may be sent again that may have been processed: RFC 9110, Section 9.2.2, and what programs
// say by a field Idempotency-Key.
func replayable(r *http.Request) bool {
	switch methodOf(r) {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	}
	_, key := r.Header["Idempotency-Key"]
	_, xKey := r.Header["X-Idempotency-Key"]
	return key || xKey
}

// rewind makes the content ready to be sent once more.
func (x *roundTrip) rewind() bool {
	switch {
	case x.content == nil, !x.content.touched():
		return true
	case x.request.GetBody == nil:
		return false
	}
	body, err := x.request.GetBody()
	if err != nil {
		return false
	}
	_ = x.content.Close()
	x.content = x.newUpload(body)
	return true
}

// begin makes the content ready.
func (x *roundTrip) begin() {
	if x.request.Method == http.MethodConnect {
		x.tail = x.request.Body
		return
	}
	if x.request.Body != nil && x.request.Body != http.NoBody {
		x.content = x.newUpload(x.request.Body)
		x.content.probe()
		if x.content.length == 0 {
			_ = x.content.Close()
			x.content = nil
		}
	} else {
		closeBody(x.request)
	}
}

// end gives up what the exchange holds.
func (x *roundTrip) end() {
	if x.tail != nil {
		_ = x.tail.Close()
	}
	if x.content != nil {
		_ = x.content.Close()
	}
	if x.cancel != nil {
		x.cancel(nil)
	}
}

// obeyCancel makes Request.Cancel a cause of the context.
func (x *roundTrip) obeyCancel() {
	x.ctx, x.cancel = context.WithCancelCause(x.ctx)
	//lint:ignore SA1019 programs still use it
	ctx, cancel, asked := x.ctx, x.cancel, x.request.Cancel
	go func() {
		select {
		case <-asked:
			cancel(errCanceled)
		case <-ctx.Done():
		}
	}()
}

func methodOf(r *http.Request) string {
	if r.Method == "" {
		return "GET"
	}
	return r.Method
}
