package paf

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// The words of RFC 9110 that users of this package meet; see package semantics.
type (
	// Fields is an ordered field section: Get, Set, Add, Del, All and more; see [semantics.Fields].
	Fields = semantics.Fields
	// Protocol is a protocol version; see [semantics.Protocol].
	Protocol = semantics.Protocol
	// Target is a request target, taken apart: Scheme, Authority, Path, Query and Form; see [semantics.Target].
	Target = semantics.Target
)

// Protocol versions.
const (
	HTTP10 = semantics.HTTP10
	HTTP11 = semantics.HTTP11
	HTTP2  = semantics.HTTP2
)

// StatusText returns the usual reason phrase of a status code, "" if there is none.
func StatusText(code int) string { return semantics.StatusText(code) }

// A Request is a request that a handler has received or a client is to send.
type Request struct {
	// Method is case-sensitive, as "GET".
	Method string

	// Target holds Scheme, Authority, Path and Query, as they were sent:
	// percent-encoding is not undone. For a handler Authority is the host that
	// the request is for, whether it stood in the target or in Host
	// (RFC 9112, Section 3.2.2), and Scheme is "http" or "https"
	// (see [Server.TrustScheme]). A client sends what Path and Query say, "*" in
	// asterisk-form, whatever Raw and Form do: a target that a handler has got may be
	// rewritten and sent on.
	Target

	// Protocol is the version that the request came with. A client chooses by itself.
	Protocol Protocol

	lent bool // what a handler was given an ErrorHandler has got, who may keep it; here it takes no room

	// Header holds the fields, in order. Framing is the engine's: a client ignores
	// Content-Length, Transfer-Encoding and Connection here, except "Connection: close".
	Header Fields

	// Body is the content. A handler's is never nil. A client reads it to its end and
	// closes it if it is an io.Closer, during a Read that waits if the exchange is over before; it sends it again, for a redirect or a
	// retry, only if it is an io.Seeker.
	Body io.Reader

	// Length is the length of Body in bytes: -1 if only its end will tell. A
	// client takes 0 with a Body for "find out": it knows bytes.Reader,
	// bytes.Buffer and strings.Reader, and sends others without a length.
	Length int64

	// Trailer is the request's trailer section. For a handler it is nil until Body has been
	// read to its end, and if there is none. A client sends it after Body,
	// which it must have by the time Body ends.
	Trailer *Fields

	// Options is what only a client looks at, and few need: how to send it, and who is told of that. nil is none.
	Options *SendOptions

	exchange *exchange // that a handler got it with
}

// NewRequest makes a request for a client. rawURL is absolute, with a scheme and a host;
// a user name and a password in it become an Authorization field (RFC 7617). http+unix://%2Frun%2Fapp.sock/path is for
// the path "/path" of a server at a Unix socket (one that begins with %40, "@", is an abstract one), and the host that it is told is "localhost"; https+unix is
// the same with TLS. Redirects lead to such a URL only from the same socket.
// body may be nil.
func NewRequest(method, rawURL string, body io.Reader) (*Request, error) {
	target, u, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	r := &Request{Method: method, Target: target, Body: body}
	if u.User != nil {
		r.Header.AddField(semantics.Field{Name: "Authorization", Value: basic(u.User), Sensitive: true})
	}
	if !semantics.ValidName(method) {
		return nil, &URLError{URL: u.Redacted(), Err: errMethod(method)}
	}
	return r, nil
}

// Upgrade returns the protocol that the request asks to go on with, as "websocket" (compare it without regard to case), or a list of
// several; "" for all other requests, and for a client's. On HTTP/1.1 that is an Upgrade field (RFC 9110, Section 7.8), on HTTP/2 the :protocol of
// an extended CONNECT (RFC 8441; see [Server.ExtendedConnect]): a handler that grants it, by [ResponseWriter.Tunnel], need not know which.
func (r *Request) Upgrade() string {
	if r.exchange == nil {
		return ""
	}
	return r.exchange.w.request.Upgrade
}

// Context returns a context that is cancelled when the client goes away, when the
// connection is cut and when the handler has returned; context.Cause says which. On
// a client's request it is context.Background.
func (r *Request) Context() context.Context {
	if r.exchange == nil {
		return context.Background()
	}
	return r.exchange.w.x.Context()
}

// Peer returns the address of the client, nil if the flow does not tell.
func (r *Request) Peer() net.Addr {
	if r.exchange == nil {
		return nil
	}
	return r.exchange.w.x.Peer()
}

// Local returns the address at which the request has arrived, nil if the flow does not tell.
func (r *Request) Local() net.Addr {
	if r.exchange == nil {
		return nil
	}
	return r.exchange.w.x.Local()
}

// Flow returns the flow on which the request has arrived, to be asked for facts,
// not to be read or written; nil on a client's request.
func (r *Request) Flow() flow.Flow {
	if r.exchange == nil {
		return nil
	}
	return r.exchange.w.x.Flow()
}

// Remember returns what find returned when it was called for the connection the first time: a place for what an
// adaptor finds out once a connection, such as the text of an address. All who use the connection share the one place, which
// is empty again when the connection has been idle. On a client's request find is called each time. It may be called by several goroutines at
// a time.
func (r *Request) Remember(find func(f flow.Flow) any) any {
	if r.exchange == nil {
		return find(nil)
	}
	return r.exchange.w.x.Remember(find)
}

// SetReadDeadline bounds how long Body may be waited for. A Read that waits for longer
// fails with os.ErrDeadlineExceeded. The zero time removes the bound.
func (r *Request) SetReadDeadline(t time.Time) {
	if r.exchange != nil {
		r.exchange.w.x.SetReadDeadline(t)
	}
}

// URL returns the request's URL as text, as far as it is known.
func (r *Request) URL() string {
	var b strings.Builder
	if r.Authority != "" {
		if r.Scheme != "" {
			b.WriteString(r.Scheme + ":")
		}
		authority := r.Authority
		if path, _, ok := socketOf(&r.Target); ok {
			authority = escapeSocket(path)
		}
		b.WriteString("//" + authority)
	}
	b.WriteString(r.Path)
	if r.Query != "" {
		b.WriteString("?" + r.Query)
	}
	return b.String()
}

// sendable returns an error if a client cannot send the request.
func (r *Request) sendable() error {
	if r.Authority == "" || defaultPort(r.Scheme) == "" && !r.toSocket() {
		return &URLError{URL: r.URL(), Err: errAuthority}
	}
	return nil
}

// toSocket reports whether the URL itself leads to a Unix socket.
func (r *Request) toSocket() bool {
	if len(r.Scheme) <= len(unixSuffix) { // as "http" and "https": most
		return false
	}
	_, _, ok := socketOf(&r.Target)
	return ok
}

// options returns the Options, if there are any.
func (r *Request) options() (o SendOptions) {
	if r.Options != nil {
		o = *r.Options
	}
	return o
}

// head makes the head that a client sends.
func (r *Request) head(h *semantics.Request) {
	h.Method, h.Target, h.Protocol, h.Fields = r.Method, r.Target, HTTP11, r.Header
	h.Target.Form = semantics.OriginForm
	if r.toSocket() {
		_, h.Target.Scheme, _ = socketOf(&r.Target)
		h.Target.Authority = localhost
	}
	switch {
	case r.absolute():
		h.Target.Form = semantics.AbsoluteForm
	case r.Path == "*":
		// RFC 9112, Section 3.2.4: so it was sent, or "http://host" with OPTIONS, for which "the last
		// proxy on the request chain MUST send a request target of "*"".
		h.Target.Form = semantics.AsteriskForm
	}
}

// absolute reports whether the target is to be in absolute-form.
func (r *Request) absolute() bool {
	route := r.options().Route
	return route != nil && route.Absolute
}

// content returns what a client has to send and its length.
func (r *Request) content() (io.Reader, int64) {
	switch r.Body.(type) {
	case nil, noContent:
		return nil, 0
	}
	if r.Length != 0 {
		return r.Body, max(r.Length, -1)
	}
	switch b := r.Body.(type) {
	case *bytes.Reader:
		return sized(b, int64(b.Len()))
	case *bytes.Buffer:
		return sized(b, int64(b.Len()))
	case *strings.Reader:
		return sized(b, int64(b.Len()))
	}
	return r.Body, -1
}

func sized(r io.Reader, n int64) (io.Reader, int64) {
	if n == 0 {
		return nil, 0
	}
	return r, n
}

// noContent is the Body of a request that has none.
type noContent struct{}

func (noContent) Read([]byte) (int, error) { return 0, io.EOF }
func (noContent) Close() error             { return nil }
