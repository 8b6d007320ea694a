package loop

import (
	"io"
	"math"

	"github.com/paf-go/paf/engine"
)

// This file is how content gets from a reader to the flow.

// Copy writes content from r until its end, but no more than length bytes unless that is negative. Where engine and flow allow, the
// flow takes it by itself, from a file by sendfile.
func (t Exchange) Copy(r io.Reader, length int64) (int64, error) {
	if err := t.Release(); err != nil {
		return 0, err
	}
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	keep := limited.N
	if length >= 0 && length < keep {
		limited.N = length
	}
	n, err := t.copyLimited(limited)
	limited.N = keep - n
	return n, err
}

func (t Exchange) copyLimited(r *io.LimitedReader) (int64, error) {
	if t.x.c.powers.ReaderFrom != nil && r.N >= segmentMin {
		if n, done, err := t.splice(r); done {
			return n, err
		}
	}
	return CopyBlocks(t, r)
}

// splice hands r to the flow in pieces that the write time-out watches, as far as the message's
// framing allows that. It is done at the end of r, or when it fails; if it is not, nothing has been read.
func (t Exchange) splice(r *io.LimitedReader) (written int64, done bool, err error) {
	x, err := t.enter()
	if err != nil {
		return 0, true, err
	}
	defer x.exit()
	c := x.c
	v, can := c.server.(engine.Verbatim)
	if !can {
		return 0, false, nil
	}
	for {
		if err := x.writable(); err != nil {
			return written, true, err
		}
		if err := c.flush(); err != nil {
			return written, true, err
		}
		more := v.Verbatim(x.content.stream, 0)
		if more == 0 || r.N <= 0 {
			return written, written > 0 || r.N <= 0, nil
		}
		n, err := x.splice(&io.LimitedReader{R: r.R, N: min(r.N, more, spliceMax)})
		v.Verbatim(x.content.stream, n)
		r.N -= n
		written += n
		if n == 0 || err != nil {
			return written, true, err
		}
	}
}

// splice moves one piece of content to the flow. c.mu is held, and released meanwhile. If the handler's reader panics nobody knows how
// much of it is on the wire, and the response ends there.
func (x *exchange) splice(r *io.LimitedReader) (n int64, err error) {
	returned := false
	defer func() {
		if !returned {
			x.abandon()
		}
	}()
	n, err = x.c.splice(r)
	returned = true
	return n, err
}
