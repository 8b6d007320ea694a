package nethttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// Flush sends what has been written.
func (w *exchange) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *exchange) FlushError() error {
	switch {
	case w.hijacked:
		return http.ErrHijacked
	case w.done:
		return loop.ErrOver
	}
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	if w.switches() {
		return w.take()
	}
	if w.failed != nil {
		return w.failed
	}
	if err := w.begin(); err != nil {
		return err
	}
	w.held = 0
	return w.note(w.ticket.Flush())
}

// SetReadDeadline bounds the wait for content of the request.
func (w *exchange) SetReadDeadline(t time.Time) error {
	w.ticket.SetReadDeadline(t)
	return nil
}

// SetWriteDeadline bounds the time until which the response may be written.
func (w *exchange) SetWriteDeadline(t time.Time) error {
	w.ticket.SetWriteDeadline(t)
	return nil
}

// EnableFullDuplex lets the handler go on reading content after it has begun to write, on HTTP/1 too.
func (w *exchange) EnableFullDuplex() error {
	w.fullDuplex = true
	return nil
}

// ReadFrom writes what r has. A file whose length has been declared the kernel copies, where it can.
func (w *exchange) ReadFrom(r io.Reader) (n int64, err error) {
	if !w.conn.copies || w.http2() && w.fields.Get("Content-Length") == "" {
		return w.copy(r)
	}
	if !w.begun {
		// Nothing is sent before r has given something; and it may be needed to tell its type.
		n, err = w.copy(io.LimitReader(r, sniffMost))
		if err != nil || n < sniffMost {
			return n, err
		}
	}
	if err := w.admit(0); err != nil {
		return n, err
	}
	if err := w.release(); err != nil {
		return n, err
	}
	var more int64
	if w.length >= 0 && w.head.method != http.MethodHead && !semantics.NoContent(int(w.status)) {
		more, err = w.ticket.Copy(r, w.length-w.written)
		w.written += more
	} else {
		more, err = w.copy(r)
	}
	return n + more, err
}

// A block is memory to copy content through, of the size of net/http's: it shows in the chunks.
type block [32 << 10]byte

// block returns one that is free, or new.
func (h *handler) block() *block {
	if b, is := h.blocks.Get().(*block); is {
		return b
	}
	return new(block)
}

// copy copies what r has.
func (w *exchange) copy(r io.Reader) (int64, error) {
	b := w.handler.block()
	n, err := io.CopyBuffer(justWriter{w}, r, b[:])
	w.handler.blocks.Put(b) // one that a panic leaves is not used again
	return n, err
}

// A justWriter is a writer that io.Copy does not ask for ReadFrom.
type justWriter struct{ io.Writer }

// CloseNotify returns a channel on which something is sent when the client goes: see http.CloseNotifier, which Request.Context has replaced.
func (w *exchange) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	ctx := w.request.Context()
	context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), paf.ErrPeerGone) {
			gone <- true
		}
	})
	return gone
}

// blame logs a misuse of the response with the place in the program that has done it.
func (w *exchange) blame(what string) {
	at := caller()
	w.logf("%s from %s (%s:%d)", what, at.Function, path.Base(at.File), at.Line)
}

// caller returns the nearest function on the stack that is neither of this package nor of net/http.
func caller() runtime.Frame {
	pc := make([]uintptr, 16)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for {
		frame, more := frames.Next()
		if !more || !strings.HasPrefix(frame.Function, "net/http.") && !strings.HasPrefix(frame.Function, here) {
			return frame
		}
	}
}

const here = "github.com/paf-go/paf/nethttp."
