package loop

import (
	"io"
	"math"

	"github.com/paf-go/paf/engine"
)

// This file is how content gets from a reader to the flow.

// Copy writes content from r until its end, but no more than length bytes unless that is negative. Where engine and flow allow, the
// flow takes it by itself, from a file by sendfile.
func (x *Exchange) Copy(r io.Reader, length int64) (int64, error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	keep := limited.N
	if length >= 0 && length < keep {
		limited.N = length
	}
	n, err := x.copyLimited(limited)
	limited.N = keep - n
	return n, err
}

func (x *Exchange) copyLimited(r *io.LimitedReader) (int64, error) {
	if x.c.powers.ReaderFrom != nil && r.N >= segmentMin {
		if v, ok := x.c.server.(engine.Verbatim); ok {
			if n, done, err := x.splice(v, r); done {
				return n, err
			}
		}
	}
	return io.CopyBuffer(onlyWriter{x}, r, make([]byte, 32<<10))
}

type onlyWriter struct{ io.Writer }

// splice hands r to the flow in pieces that the write time-out watches, as far as the message's
// framing allows that. It is done at the end of r, or when it fails; if it is not, nothing has been read.
func (x *Exchange) splice(v engine.Verbatim, r *io.LimitedReader) (written int64, done bool, err error) {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if err := x.writable(); err != nil {
			return written, true, err
		}
		if err := c.flush(); err != nil {
			return written, true, err
		}
		more := v.Verbatim(x.stream, 0)
		if more == 0 || r.N <= 0 {
			return written, written > 0 || r.N <= 0, nil
		}
		n, err := c.splice(&io.LimitedReader{R: r.R, N: min(r.N, more, spliceMax)})
		v.Verbatim(x.stream, n)
		r.N -= n
		written += n
		if n == 0 || err != nil {
			return written, true, err
		}
	}
}

// splice moves one piece of content to the flow. c.mu is held, and released meanwhile.
func (c *conn) splice(r *io.LimitedReader) (n int64, err error) {
	c.writing = true
	c.mu.Unlock()
	err = c.timed(func() (err error) {
		n, err = c.powers.ReaderFrom.ReadFrom(r)
		return err
	})
	c.mu.Lock()
	c.writing = false
	c.notify()
	return n, err
}
