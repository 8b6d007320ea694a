package nethttp

import (
	"crypto/tls"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// This file is how what paf has received becomes an http.Response.

// respond makes the response.
func (x *roundTrip) respond(p *paf.Response) *http.Response {
	r := &x.response
	r.Status, r.StatusCode = statusOf(p), p.Status
	r.Proto, r.ProtoMajor, r.ProtoMinor = protoOf(p.Protocol)
	r.Header, r.Request = headerOf(&p.Header), x.request
	if f, is := flow.As[*dialled](p.Flow()); is {
		r.TLS = f.tls
	} else if c, is := flow.As[interface{ ConnectionState() tls.ConnectionState }](p.Flow()); is {
		state := c.ConnectionState()
		r.TLS = &state
	}
	x.frame(p)
	x.body.x, x.body.p = x, p
	r.Body = &x.body
	tunnels := x.tunnels(p.Status)
	if !tunnels && x.tail != nil {
		_ = x.tail.Close() // nothing is sent where there is no tunnel
		x.tail = nil
	}
	switch {
	case tunnels:
		r.Body = x.tunnel(p)
	case r.ContentLength == 0 && !awaitsTrailer(p) || bodiless(x.request, p.Status):
		x.body.finish()
		_ = p.Body.Close()
		r.Body = http.NoBody
	case x.gzip && strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip"):
		r.Header.Del("Content-Encoding")
		r.Header.Del("Content-Length")
		r.ContentLength, r.Uncompressed = -1, true
		r.Body = &unzipped{body: &x.body}
	}
	return r
}

// frame fills in what the fields say about the framing, and takes those from the header that net/http takes.
func (x *roundTrip) frame(p *paf.Response) {
	r := &x.response
	r.ContentLength = p.Length
	if p.Status == http.StatusSwitchingProtocols {
		r.ContentLength = 0 // or Response.Write would add "Connection: close", as a proxy does that hands it on
	}
	if x.request.Method == "HEAD" {
		r.ContentLength = -1
		if n, err := strconv.ParseInt(r.Header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
			r.ContentLength = n
		}
	}
	chunked := false
	if p.Protocol < semantics.HTTP2 {
		if _, chunked = r.Header["Transfer-Encoding"]; chunked {
			delete(r.Header, "Transfer-Encoding")
			r.TransferEncoding = []string{"chunked"}
			if x.request.Method == "HEAD" {
				r.ContentLength = -1
			}
		}
		if r.Close = semantics.HasToken(&p.Header, "Connection", "close"); r.Close && p.Protocol == semantics.HTTP11 {
			delete(r.Header, "Connection")
		}
		r.Close = r.Close ||
			p.Protocol == semantics.HTTP10 && !semantics.HasToken(&p.Header, "Connection", "keep-alive") ||
			r.ContentLength < 0 && !chunked && !bodiless(x.request, p.Status)
	}
	if values, announced := r.Header["Trailer"]; announced && (chunked || p.Protocol == semantics.HTTP2) {
		delete(r.Header, "Trailer")
		r.Trailer = announcedBy(values)
	}
	if pragma := r.Header["Pragma"]; len(pragma) > 0 && pragma[0] == "no-cache" {
		if _, has := r.Header["Cache-Control"]; !has {
			r.Header["Cache-Control"] = []string{"no-cache"} // RFC 9111, Section 5.4: as it was meant of old
		}
	}
}

// awaitsTrailer reports whether a trailer section may follow though there is no content: on HTTP/2 the head says whether it is the end of
// the message, and if that says so no length is needed.
func awaitsTrailer(p *paf.Response) bool {
	return p.Protocol == semantics.HTTP2 && p.Header.Has("Content-Length")
}

// bodiless reports whether a response never has content (RFC 9110, Section 6.4.1).
func bodiless(r *http.Request, status int) bool {
	return r.Method == "HEAD" || status == http.StatusNoContent || status == http.StatusNotModified || status < 200
}

// announcedBy returns the keys of a trailer section, without values as yet.
func announcedBy(values []string) http.Header {
	var h http.Header
	for _, v := range values {
		for name := range semantics.Members(v) {
			if !semantics.AllowedInTrailer(name) {
				continue
			}
			if h == nil {
				h = http.Header{}
			}
			h[textproto.CanonicalMIMEHeaderKey(name)] = nil
		}
	}
	return h
}

// headerOf makes a map of fields.
func headerOf(f *semantics.Fields) http.Header {
	list := f.List()
	h := make(http.Header, len(list))
	values := make([]string, len(list))
	for i := range list {
		addTo(h, &list[i], values[i:i+1:i+1])
	}
	return h
}

// addTo adds a field; one is memory for its value.
func addTo(h http.Header, f *semantics.Field, one []string) {
	name := textproto.CanonicalMIMEHeaderKey(f.Name)
	if old, has := h[name]; has {
		h[name] = append(old, f.Value)
		return
	}
	one[0] = f.Value
	h[name] = one
}

// statusOf returns the status as net/http writes it.
func statusOf(p *paf.Response) string {
	if p.Protocol == semantics.HTTP2 {
		if p.Status == http.StatusOK {
			return "200 OK"
		}
		return strconv.Itoa(p.Status) + " " + http.StatusText(p.Status)
	}
	if p.Status == http.StatusOK && p.Reason == "OK" {
		return "200 OK"
	}
	return strconv.Itoa(p.Status) + " " + p.Reason
}
