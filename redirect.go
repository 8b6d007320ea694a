package paf

import (
	"cmp"
	"context"

	"github.com/paf-go/paf/semantics"
)

// redirect returns the request that a response asks for, nil if it asks for none
// that may be sent.
func (c *Client) redirect(ctx context.Context, resp *Response, body *upload) (*Request, error) {
	if resp.Status < 300 || resp.Status > 399 || c.MaxRedirects < 0 {
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	old := resp.Request
	next := *old
	if !next.redirectBy(resp.Status) {
		return nil, nil
	}
	if next.Body != nil && !body.rewind(ctx) {
		// The caller decides what to do with content that is gone, unless it is ctx that has ended.
		return nil, context.Cause(ctx)
	}
	target, ref, err := refer(&old.Target, location)
	if err != nil {
		return nil, err
	}
	next.Target = target
	if !old.options().Route.leadsTo(&old.Target, &next.Target) {
		return nil, nil // the caller decides how to get there
	}
	next.Header = old.Header.Clone()
	next.Header.Del("Host")
	if next.Body == nil {
		next.dropContentFields()
	}
	if !sameOrigin(&old.Target, &next.Target) {
		for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			next.Header.Del(name)
		}
	}
	if ref.User != nil && !next.Header.Has("Authorization") {
		next.Header.AddField(semantics.Field{Name: "Authorization", Value: basic(ref.User), Sensitive: true})
	}
	return &next, nil
}

// redirectBy makes the request what a redirection of some status asks for, but for its target; false if it asks for none.
func (r *Request) redirectBy(status int) bool {
	switch status {
	case semantics.StatusMovedPermanently, semantics.StatusFound:
		// RFC 9110, Sections 15.4.2 and 15.4.3: "for historical reasons, a user
		// agent MAY change the request method from POST to GET".
		if r.Method == semantics.MethodPost {
			r.get()
		}
	case semantics.StatusSeeOther:
		// Section 15.4.4: "a retrieval request (a GET or HEAD request if using HTTP)".
		if r.Method != semantics.MethodHead {
			r.get()
		}
	case semantics.StatusTemporaryRedirect, semantics.StatusPermanentRedirect:
	default:
		return false
	}
	return true
}

// get turns a request into one for GET, without content.
func (r *Request) get() {
	r.Method, r.Body, r.Length, r.Trailer = semantics.MethodGet, nil, 0, nil
}

// dropContentFields deletes the fields that speak of content (RFC 9110, Section 15.4).
func (r *Request) dropContentFields() {
	for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Location", "Content-Type", "Content-Length", "Digest", "Last-Modified", "Expect"} {
		r.Header.Del(name)
	}
}

// sameOrigin reports whether two targets have scheme, host and port in common
// (RFC 9110, Section 4.3.1), or the socket.
func sameOrigin(a, b *Target) bool {
	if _, _, socket := socketOf(a); socket {
		return a.Scheme == b.Scheme && a.Authority == b.Authority
	}
	hostA, portA, _ := semantics.SplitAuthority(a.Authority)
	hostB, portB, _ := semantics.SplitAuthority(b.Authority)
	return a.Scheme == b.Scheme && semantics.EqualFold(hostA, hostB) &&
		cmp.Or(portA, defaultPort(a.Scheme)) == cmp.Or(portB, defaultPort(b.Scheme))
}
