package nethttp

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// A content is the content of a response.
type content struct {
	x      *roundTrip
	p      *paf.Response
	closed atomic.Bool
	err    error // what ended it; of Read alone
	read   int64 // so many bytes, by Read
	none   [1]byte
}

var errBodyClosed = errors.New("http: read on closed response body")

func (b *content) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, errBodyClosed
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.p.Body.Read(p)
	if b.read += int64(n); err == nil && n > 0 && b.read == b.p.Length && b.p.Protocol < semantics.HTTP2 {
		_, err = b.p.Body.Read(b.none[:]) // the end is known: as with net/http it comes with the last bytes, which programs count on
	}
	if err != nil {
		b.over(err)
	}
	return n, b.err
}

// WriteTo is what io.Copy uses.
func (b *content) WriteTo(w io.Writer) (int64, error) {
	from, is := b.p.Body.(io.WriterTo)
	if !is || b.closed.Load() || b.err != nil {
		return io.Copy(w, struct{ io.Reader }{b})
	}
	n, err := from.WriteTo(w)
	if err == nil {
		b.over(io.EOF)
	} else if b.closed.Load() {
		err = errBodyClosed
	} else {
		err = b.x.told(err)
	}
	return n, err
}

// over notes what has ended the content.
func (b *content) over(err error) {
	switch {
	case err == io.EOF:
		b.takeTrailer()
		b.err = err
		b.finish()
	case b.closed.Load():
		b.err = errBodyClosed
	default:
		b.err = b.x.told(err)
		b.finish()
	}
}

// takeTrailer puts the trailer section where net/http has it.
func (b *content) takeTrailer() {
	if b.p.Trailer == nil {
		return
	}
	r := &b.x.response
	for i, list := 0, b.p.Trailer.List(); i < len(list); i++ {
		if !semantics.AllowedInTrailer(list[i].Name) {
			continue
		}
		if r.Trailer == nil {
			r.Trailer = http.Header{}
		}
		r.Trailer.Add(list[i].Name, list[i].Value)
	}
}

// finish gives up what the exchange holds besides the connection.
func (b *content) finish() {
	if b.x.cancel != nil {
		b.x.cancel(nil)
	}
}

// Close gives back the connection, or closes it if not all of the content has come.
func (b *content) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	err := b.p.Body.Close()
	b.finish()
	return err
}

// An unzipped is a content whose compression is undone.
type unzipped struct {
	body *content

	mu  sync.Mutex // Close may come while Read waits
	zip *gzip.Reader
	err error
}

func (u *unzipped) Read(p []byte) (int, error) {
	if u.body.closed.Load() {
		return 0, errBodyClosed
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.zip == nil && u.err == nil {
		u.zip, u.err = gzip.NewReader(struct{ io.Reader }{u.body})
	}
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.zip.Read(p)
	if err != nil && u.body.closed.Load() {
		err = errBodyClosed
	}
	u.err = err
	return n, err
}

func (u *unzipped) Close() error { return u.body.Close() }
