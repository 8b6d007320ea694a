package nethttp

import (
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"sync/atomic"

	"github.com/paf-go/paf/engine"
)

// discardMost is how much content is discarded for the sake of the connection before a response is sent whose handler has not read it, as
// net/http does for clients that read nothing before they have sent all.
const discardMost = 256 << 10

// A body is the content of a request.
type body struct {
	exchange *exchange
	content  io.Reader // in the place of the exchange's own, if somebody has put it there
	expects  bool      // the client waits for 100 (Continue)
	closed   atomic.Bool
	ended    atomic.Bool // all of it has been read
	late     atomic.Bool // a deadline has passed
	read     atomic.Int64
}

// Read reads content. When all of it has been read, Request.Trailer has the trailer section.
func (b *body) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.take(p)
}

func (b *body) take(p []byte) (int, error) {
	switch {
	case b.ended.Load():
		return 0, io.EOF
	case b.late.Load():
		return 0, os.ErrDeadlineExceeded // a deadline that has passed stays so, as with net/http
	}
	var n int
	var err error
	if b.content != nil {
		n, err = b.content.Read(p)
	} else {
		n, err = b.exchange.ticket.Read(p)
	}
	b.read.Add(int64(n))
	if err == nil {
		return n, nil
	}
	if err == io.EOF {
		if b.ended.CompareAndSwap(false, true) {
			b.trailer()
		}
		return n, err
	}
	b.late.Store(errors.Is(err, os.ErrDeadlineExceeded))
	return n, inWords(err)
}

// inWords gives what net/http has a word for that word.
func inWords(err error) error {
	var broken *engine.Error
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &broken) && broken.Rule == engine.RuleTruncated {
		return io.ErrUnexpectedEOF
	}
	return err
}

// trailer puts the trailer section where handlers look for it. On HTTP/2 net/http takes what was announced only.
func (b *body) trailer() {
	r, fields := &b.exchange.request, b.exchange.ticket.Trailer()
	if fields == nil {
		return
	}
	for _, f := range fields.List() {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		if _, announced := r.Trailer[name]; !announced && r.ProtoMajor == 2 {
			continue
		}
		if r.Trailer == nil {
			r.Trailer = http.Header{}
		}
		r.Trailer[name] = append(r.Trailer[name], f.Value)
	}
}

// Close ends the reading. On HTTP/1 it discards what is left, if that is not much, so that the connection can be used again.
func (b *body) Close() error {
	if r := &b.exchange.request; !b.closed.Swap(true) && r.ProtoMajor == 1 && (!r.Close || r.ContentLength < 0) && !b.expects {
		b.discard()
	}
	return nil
}

// tooMuch reports whether more is left than would be discarded.
func (b *body) tooMuch() bool { return b.exchange.head.length-b.read.Load() >= discardMost }

// discard reads and forgets what is left, and reports whether there is nothing left then.
func (b *body) discard() bool {
	switch {
	case b.ended.Load():
		return true
	case b.tooMuch():
		return false
	}
	h := b.exchange.handler
	buf := h.block()
	defer h.blocks.Put(buf)
	for left := discardMost + 1; left > 0; {
		n, err := b.take(buf[:])
		if err != nil {
			return err == io.EOF
		}
		left -= n
	}
	return false
}

// keep sees to it that the content is out of the way before a response of HTTP/1 is sent, and reports whether the connection may go on
// after it.
func (b *body) keep() bool {
	switch {
	case b == nil || b.ended.Load():
		return true
	case b.expects:
		// Nobody can tell whether the content will come (RFC 9110, Section 10.1.1).
		return false
	case b.closed.Load():
		return false // Close has tried
	}
	if b.tooMuch() {
		return false // whoever goes on reading may
	}
	ended := b.discard()
	b.closed.Store(true)
	return ended
}
