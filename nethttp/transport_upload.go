package nethttp

import (
	"io"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// An upload is the content of a request while it is sent.
type upload struct {
	x      *roundTrip
	body   io.ReadCloser
	inner  io.Reader // what body hides, if that is known
	length int64     // -1: unknown

	read   atomic.Bool // something has been asked of it
	closed sync.Once
	ended  error
	ahead  *ahead
}

// newUpload makes the content of a body, which is not nil.
func (x *roundTrip) newUpload(body io.ReadCloser) *upload {
	u := &upload{x: x, body: body, length: x.request.ContentLength}
	if te := x.request.TransferEncoding; u.length <= 0 || len(te) > 0 && te[0] == "chunked" {
		u.length = -1
	}
	u.inner = hidden(body)
	return u
}

// hidden returns the reader that io.NopCloser was given: http.NewRequest makes bodies so, and what is in memory can be sent at once.
func hidden(body io.ReadCloser) io.Reader {
	switch reflect.TypeOf(body) {
	case nopCloser, nopCloserWriterTo:
		r, _ := reflect.ValueOf(body).Field(0).Interface().(io.Reader)
		return r
	}
	return nil
}

var (
	nopCloser         = reflect.TypeOf(io.NopCloser(nil))
	nopCloserWriterTo = reflect.TypeOf(io.NopCloser(struct {
		io.Reader
		io.WriterTo
	}{}))
)

// touched reports whether some of the content may have been sent.
func (u *upload) touched() bool { return u.read.Load() }

func (u *upload) Read(p []byte) (int, error) {
	u.read.Store(true)
	n, err := u.next(p)
	if err == io.EOF && len(u.x.request.Trailer) > 0 {
		u.x.sent.Trailer = trailerOf(u.x.request.Trailer)
	}
	return n, err
}

func (u *upload) next(p []byte) (int, error) {
	if u.ahead != nil {
		return u.ahead.Read(p)
	}
	return u.body.Read(p)
}

// Close closes the body, once.
func (u *upload) Close() error {
	u.closed.Do(func() { u.ended = u.body.Close() })
	return u.ended
}

// reader returns the content as paf gets it.
func (u *upload) reader() io.Reader {
	if f, is := u.body.(*os.File); is && u.ahead == nil && u.length > 0 && len(u.x.request.Trailer) == 0 {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return ofFile{u}
		}
	}
	if u.inner != nil && u.ahead == nil {
		return inMemory{u}
	}
	return u
}

// An upload of a file can be sent without bringing it into this process.
type ofFile struct{ *upload }

// WriteTo is what paf calls where the connection can do that.
func (u ofFile) WriteTo(w io.Writer) (int64, error) {
	u.read.Store(true)
	return io.Copy(w, struct{ io.Reader }{io.LimitReader(u.body, u.length)})
}

// An inMemory upload lets the loop see what it is, and that nobody waits in its Read.
type inMemory struct{ *upload }

func (u inMemory) Unwrap() io.Reader { return u.inner }

// probe finds out whether there is any content, where the method has none as a rule and its length is not known: then a server
// may not understand a request that announces some. It waits for a moment only.
func (u *upload) probe() {
	switch methodOf(u.x.request) {
	case "GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "SEARCH":
	default:
		return
	}
	if u.length >= 0 || u.x.request.TransferEncoding != nil {
		return
	}
	a := &ahead{body: u.body, done: make(chan struct{})}
	go a.look()
	timer := time.NewTimer(200 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-a.done:
		if a.n == 0 && a.err == io.EOF {
			u.length = 0
		}
	case <-timer.C:
	}
	u.ahead = a
}

// An ahead is a body of which one byte is read before it is asked for.
type ahead struct {
	body io.Reader
	done chan struct{} // closed when that has been read
	byte [1]byte
	n    int
	err  error
}

func (a *ahead) look() {
	defer close(a.done)
	for a.n == 0 && a.err == nil {
		a.n, a.err = a.body.Read(a.byte[:])
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	<-a.done
	switch {
	case len(p) == 0:
		return 0, nil
	case a.n > 0:
		p[0] = a.byte[0]
		a.n = 0
		return 1, nil
	case a.err != nil:
		return 0, a.err
	}
	return a.body.Read(p)
}
