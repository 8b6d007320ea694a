package loop

import (
	"errors"
	"io"

	"github.com/paf-go/paf/engine"
)

// This file is how a flow takes the content of a request by itself, from a file by sendfile.

// sendByItself lets content that is an io.WriterTo write itself, where engine and flow can take it without bringing it into this process. It
// reports whether they could.
func (r *Reply) sendByItself(call *Call) (done bool, err error) {
	c := r.c
	from, can := call.Body.(io.WriterTo)
	v, verbatim := c.client.(engine.Verbatim)
	if !can || !verbatim || c.powers.ReaderFrom == nil || call.Length <= 0 {
		return false, nil
	}
	w := &contentWriter{r: r, v: v}
	if _, err := from.WriteTo(w); err != nil && w.err == nil {
		return true, &readError{err}
	}
	return true, w.err
}

// A contentWriter is what content is written to.
type contentWriter struct {
	r   *Reply
	v   engine.Verbatim
	err error // of ours, not of what is read
}

func (w *contentWriter) Write(p []byte) (int, error) {
	if w.err = w.r.write(p, false); w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// ReadFrom is what io.Copy calls.
func (w *contentWriter) ReadFrom(from io.Reader) (written int64, err error) {
	for {
		n, err := w.piece(from)
		written += n
		if n == 0 || err != nil {
			return written, err
		}
	}
}

// piece hands the flow as much as the write time-out watches at a time; none at the end.
func (w *contentWriter) piece(from io.Reader) (int64, error) {
	c := w.r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.err = c.flush(); w.err != nil {
		return 0, w.err
	}
	if w.r.over || c.gone {
		w.err = errClosed
		return 0, w.err
	}
	more := w.v.Verbatim(w.r.content.stream, 0)
	if more == 0 {
		return 0, nil
	}
	n, err := c.splice(&io.LimitedReader{R: from, N: min(more, spliceMax)})
	w.v.Verbatim(w.r.content.stream, n)
	c.written.Add(n)
	if err != nil {
		w.err = &GoneError{Op: "write", Err: err}
		if c.writeErr == nil {
			c.writeErr = w.err
		}
	}
	return n, errors.Join(w.err)
}
