package paf

import (
	"context"
	"errors"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// This file is how a client sends a request over a connection, once or again.

// A clientExchange is what one sending of a request needs. When a response has come whole nothing is left in it that the caller
// holds, and it is used again.
type clientExchange struct {
	head    semantics.Request
	call    loop.Call
	told    func(status int, fields *Fields) error // SendOptions.Interim
	interim func(*semantics.Response) error        // calls that; made once
}

// tell returns what the loop is to call for 1xx responses.
func (x *clientExchange) tell(f func(status int, fields *Fields) error) func(*semantics.Response) error {
	if f == nil {
		return nil
	}
	x.told = f
	if x.interim == nil {
		x.interim = func(head *semantics.Response) error {
			fields := head.Fields.Share()
			return x.told(head.Status, &fields)
		}
	}
	return x.interim
}

// sending returns a clientExchange to be used once.
func (c *Client) sending() *clientExchange {
	if x, _ := c.sendings.Get().(*clientExchange); x != nil {
		return x
	}
	return &clientExchange{}
}

// send sends one request, again if that is safe.
func (c *Client) send(ctx context.Context, r *Request, u *upload, w wish) (*Response, error) {
	for tries := 0; ; tries++ {
		if err := r.sendable(); err != nil {
			return nil, err
		}
		conn, err := c.connection(ctx, r)
		if err != nil {
			return nil, err
		}
		o := r.options()
		if o.Connected != nil {
			tellConnected(o.Connected, conn, r)
		}
		x := c.sending()
		r.head(&x.head)
		w.addTo(&x.head)
		body, length := r.content()
		x.call = loop.Call{Head: &x.head, Length: length, Interim: x.tell(o.Interim),
			Expect: body != nil && semantics.HasToken(&r.Header, "Expect", "100-continue"), ExpectTimeout: c.ExpectTimeout, Trace: o.Trace}
		if r.Trailer != nil {
			x.call.Trailer = func() *Fields { return r.Trailer }
		}
		used := conn.Used()
		x.call.Body = u.begin(body)
		reply, err := conn.Do(ctx, &x.call)
		if err == nil {
			resp, spent := newResponse(r, reply)
			if spent {
				*x = clientExchange{interim: x.interim}
				c.sendings.Put(x)
			}
			return resp, nil
		}
		if err == loop.ErrStale {
			tries-- // there is another, or one will be opened
			u.untouched()
			continue
		}
		if tries >= c.MaxRetries || ctx.Err() != nil || !c.again(ctx, r, u, used, err) {
			return nil, err
		}
	}
}

// tellConnected tells of the connection. If that panics there will be no exchange on it.
func tellConnected(connected func(Connection, *Request), conn *loop.ClientConn, r *Request) {
	told := false
	defer func() {
		if !told {
			conn.GiveBack()
		}
	}()
	connected(Connection{conn}, r)
	told = true
}

// again reports whether a request that got no response may be sent once more, and makes its content ready for that. used: the connection
// had been used before.
func (c *Client) again(ctx context.Context, r *Request, u *upload, used bool, err error) bool {
	var s *SendError
	unsent := errors.Is(err, refused) || errors.Is(err, loop.ErrNoCapacity)
	if !used && !unsent || errors.Is(err, ErrNoExtendedConnect) || !errors.As(err, &s) {
		return false
	}
	// RFC 9110, Section 9.2.2: "A client SHOULD NOT automatically retry a request with
	// a non-idempotent method unless it has some means to know […] that the
	// original request was never applied".
	if s.Sent && (!semantics.Idempotent(r.Method) || !errors.Is(err, noResponse)) {
		return false
	}
	if !u.rewind(ctx) {
		return false
	}
	if !unsent {
		// The server has closed this one; the others that are idle are likely gone too.
		c.pool.CloseIdleOf(c.place(r))
	}
	return true
}

// refused is what a server says that has not processed a request (RFC 9113, Section 8.7).
var refused = &engine.Error{Rule: engine.RuleRefused}

var noResponse = &engine.Error{Rule: engine.RuleNoResponse}
