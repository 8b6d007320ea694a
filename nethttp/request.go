package nethttp

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// A conn is what is found out once a connection.
type conn struct {
	remote string
	tls    *tls.ConnectionState
	copies bool                  // it may take a file without a copy
	head   atomic.Pointer[head]  // the latest request's
	draft  atomic.Pointer[draft] // one that is free
}

// connOf is found by paf.Request.Remember.
func connOf(f flow.Flow) any {
	c := &conn{}
	if f == nil {
		return c
	}
	powers := flow.PowersOf(f)
	if addr := powers.PeerAddr(); addr != nil {
		c.remote = addr.String()
	}
	c.copies = powers.ReaderFrom != nil
	if s, is := flow.As[interface{ ConnectionState() tls.ConnectionState }](f); is {
		state := s.ConnectionState()
		c.tls = &state
	}
	return c
}

// read makes the http.Request, and reports whether its target is one for net/url.
func (e *exchange) read(r *paf.Request) bool {
	var is bool
	if e.conn, is = r.Remember(connOf).(*conn); !is {
		e.conn = connOf(r.Flow()).(*conn) // somebody else has taken the place
	}
	h := e.conn.head.Load()
	if h == nil || !h.is(r) {
		if h = newHead(r); h == nil {
			return false
		}
		if h.small() {
			e.conn.head.Store(h)
		}
	}
	e.head = h
	q := &e.request
	*q = *q.WithContext((*requestContext)(e)) // the only way to give it one; what it returns needs no memory of its own here
	q.Method, q.URL, q.Host, q.RequestURI = r.Method, &e.url, r.Authority, r.Raw
	if h.url == nil {
		e.url.Path, e.url.RawQuery = r.Path, r.Query
	} else {
		h.target(q)
	}
	q.Proto, q.ProtoMajor, q.ProtoMinor = protoOf(h.protocol)
	q.Header, q.Trailer = h.header(), h.trailer()
	q.Body, q.ContentLength, q.TransferEncoding = http.NoBody, r.Length, h.codings()
	q.Close, q.RemoteAddr, q.TLS = h.close, e.conn.remote, e.conn.tls
	if r.Length != 0 {
		e.body = &body{exchange: e, expects: h.expects}
		q.Body = e.body
	}
	return true
}

// A requestContext is the context of a request. It asks paf for its own only when that matters: few handlers want to know
// when the client goes.
type requestContext exchange

func (c *requestContext) Deadline() (time.Time, bool) { return c.ticket.Context().Deadline() }
func (c *requestContext) Done() <-chan struct{}       { return c.ticket.Context().Done() }
func (c *requestContext) Err() error                  { return c.ticket.Context().Err() }

// Value knows the keys of net/http.
func (c *requestContext) Value(key any) any {
	switch key {
	case http.ServerContextKey:
		return c.handler.server
	case http.LocalAddrContextKey:
		return c.ticket.Local()
	}
	return c.ticket.Context().Value(key)
}

// String says what it is, as contexts do.
func (c *requestContext) String() string { return "nethttp.Request" }

var _ context.Context = (*requestContext)(nil)

// protoOf returns a version as net/http writes it.
func protoOf(p paf.Protocol) (proto string, major, minor int) {
	switch p {
	case paf.HTTP10:
		return "HTTP/1.0", 1, 0
	case paf.HTTP2:
		return "HTTP/2.0", 2, 0
	}
	return "HTTP/1.1", 1, 1
}
