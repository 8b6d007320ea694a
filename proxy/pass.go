package proxy

import (
	"errors"
	"io"
	"slices"
	"sync/atomic"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// This file is how one exchange goes on as another.

// An upload is the content of a request on its way to an upstream.
type upload struct {
	from  *paf.Request
	to    *paf.Request
	trust bool         // what the trailer section tells of the client goes on
	state atomic.Int32 // one of those below
}

const (
	untouched int32 = iota
	touched         // something of it has been read, or is being read: it cannot be sent again
	revoked         // it is sent by another upload
)

// Read reads from the client, and takes the trailer section over at the end.
func (u *upload) Read(p []byte) (int, error) {
	if u.state.Load() != touched && !u.state.CompareAndSwap(untouched, touched) {
		return 0, errRevoked
	}
	n, err := u.from.Body.Read(p)
	if err == io.EOF && u.from.Trailer != nil && u.to.Trailer != nil {
		list := trailing(u.from.Trailer, &u.from.Header)
		if !u.trust {
			list = slices.DeleteFunc(list, func(f semantics.Field) bool { return isForwarded(f.Name) })
		}
		*u.to.Trailer = semantics.FieldsFrom(list)
	}
	return n, err
}

// revoke takes the content back, for another upload. It reports whether that could be done: nobody has read of it, nor will.
func (u *upload) revoke() bool { return u.state.CompareAndSwap(untouched, revoked) }

var errRevoked = errors.New("the content is sent elsewhere")

// passContent makes the content of one request that of another, and returns it; nil if there is none.
func passContent(from, to *paf.Request, trust bool) *upload {
	if from.Length == 0 {
		to.Body, to.Length, to.Trailer = nil, 0, nil
		return nil
	}
	u := &upload{from: from, to: to, trust: trust}
	to.Body, to.Length, to.Trailer = u, from.Length, nil
	if from.Length < 0 {
		to.Trailer = &paf.Fields{}
	}
	return u
}

// interim passes a 1xx response back, but for 100, which the server sends by itself as soon as content is read.
func (x *exchange) interim(status int, fields *paf.Fields) error {
	if status == semantics.StatusContinue {
		return nil
	}
	header := x.w.Header()
	final := *header
	*header = semantics.FieldsFrom(passing(fields, 0))
	x.w.WriteHeader(status)
	*header = final
	return nil
}

// answer passes a response back. Its error is the upstream's: a client that has gone is none.
func (x *exchange) answer(resp *paf.Response, via *via) error {
	if resp.Status > 599 || resp.Status == semantics.StatusSwitchingProtocols {
		return statusError(resp.Status) // RFC 9110, Section 15: "values outside the range 100..599 are invalid"
	}
	x.begun = true
	w := x.w
	list := append(passing(&resp.Header, 1), via.field(resp.Protocol))
	if resp.Length > 0 && resp.Header.Has("Trailer") {
		list = without(list, "Content-Length") // a trailer section follows content only whose length was not said before
	}
	if resp.Status == semantics.StatusResetContent { // RFC 9110, Section 15.3.6: "a server MUST NOT generate content in a 205 response"
		*w.Header() = semantics.FieldsFrom(without(list, "Content-Length"))
		w.WriteHeader(resp.Status)
		return nil
	}
	*w.Header() = semantics.FieldsFrom(list)
	w.WriteHeader(resp.Status)
	if resp.Length < 0 && w.Flush() != nil { // its content may be long in coming
		return nil
	}
	x.download = download{w: w, left: resp.Length}
	if _, err := io.Copy(&x.download, resp.Body); err != nil && !x.download.gone {
		return err
	}
	if resp.Trailer != nil {
		*w.Trailer() = semantics.FieldsFrom(trailing(resp.Trailer, &resp.Header))
	}
	return nil
}

// A download is the content of a response on its way to the client.
type download struct {
	w    *paf.ResponseWriter
	left int64 // of its length, negative if that is not known
	gone bool  // the client is
}

// Write sends on what has come before more is waited for.
func (d *download) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if d.left -= int64(n); err == nil && d.left != 0 {
		err = d.w.Flush()
	}
	d.gone = err != nil
	return n, err
}
