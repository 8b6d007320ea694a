package nethttp

import (
	"fmt"
	"io"
	"net/http"

	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// How much content is held back at most before it becomes a chunk, or a frame, and the head is sent: responses that are complete before
// that get a Content-Length. They are net/http's.
const (
	holdMost1 = 2 << 10
	holdMost2 = 4 << 10
)

// sniffMost is how much of the content tells its type.
const sniffMost = 512

// A response is what of an exchange is about the response. It is small: there is one for each request.
type response struct {
	fields  http.Header // as the handler has it; nil until it asks
	length  int64       // that is declared, -1 for none
	written int64
	*draft  // from WriteHeader until the handler has returned
	taken   *taken
	status  int32
	held    int32 // content that is held back
	told    told  // what the settled fields say

	wrote      bool // the status and the fields are settled, though perhaps not sent
	begun      bool // the head has been laid out
	done       bool // the handler has returned
	hijacked   bool
	fullDuplex bool
}

// A draft is what a response needs besides until it is sent. The memory is the connection's, and no handler's ever.
type draft struct {
	lines     []semantics.Field // of the head
	failed    error             // nothing can be written after it
	beginning []byte            // of the content, while its type may have to be told from it
	trailers  []string          // that are announced
}

// Memory for so many lines a draft has to begin with, and keeps at most.
const (
	linesFirst = 8
	linesKept  = 32
)

// note keeps the first error.
func (w *exchange) note(err error) error {
	if err != nil && w.draft != nil && w.failed == nil {
		w.failed = err
	}
	return err
}

// draftOf returns memory for a head, which may be used before.
func (c *conn) draftOf() *draft {
	if d := c.draft.Swap(nil); d != nil {
		return d
	}
	return &draft{lines: make([]semantics.Field, 0, linesFirst)}
}

// keep keeps the memory of a head that has been sent, and nothing of the head.
func (c *conn) keep(d *draft) {
	if cap(d.lines) > linesKept {
		return
	}
	clear(d.lines)
	d.lines, d.failed, d.beginning, d.trailers = d.lines[:0], nil, d.beginning[:0], nil
	c.draft.Store(d)
}

// Header returns the fields of the response. Changes after WriteHeader, or after the first Write, count for trailers only.
func (w *exchange) Header() http.Header {
	if w.fields == nil {
		w.fields = http.Header{}
	}
	return w.fields
}

// WriteHeader settles status and fields, or sends an interim response.
func (w *exchange) WriteHeader(status int) {
	switch {
	case w.hijacked:
		w.blame("http: response.WriteHeader on hijacked connection")
		return
	case w.wrote:
		w.blame("http: superfluous response.WriteHeader call")
		return
	case status < 100 || status > 999:
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.interim(status)
		return
	}
	w.wrote, w.status = true, int32(status)
	w.settleFields()
}

// Write writes content.
func (w *exchange) Write(p []byte) (int, error) {
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	if len(p) == 0 || w.status == http.StatusResetContent {
		return len(p), nil
	}
	w.sniff(p)
	n := 0
	for room := w.room(); len(p)-n > room; room = w.room() {
		if w.held == 0 {
			m, err := w.emit(p[n:])
			return n + m, err
		}
		if err := w.fill(p[n : n+room]); err != nil {
			return n, err
		}
		n += room
	}
	if err := w.hold(p[n:]); err != nil {
		return n, err
	}
	return len(p), nil
}

// WriteString is Write; but as net/http cuts strings into other chunks, so does this.
func (w *exchange) WriteString(s string) (int, error) {
	if err := w.admit(len(s)); err != nil {
		return 0, err
	}
	if s == "" || w.status == http.StatusResetContent {
		return len(s), nil
	}
	n := 0
	for room := w.room(); len(s)-n > room; room = w.room() {
		w.sniff([]byte(s[n : n+room]))
		if err := w.fill([]byte(s[n : n+room])); err != nil {
			return n, err
		}
		n += room
	}
	if w.sniffs() {
		w.sniff([]byte(s[n:]))
	}
	if err := w.note(w.ticket.HoldString(s[n:])); err != nil {
		return n, err
	}
	w.held += int32(len(s) - n)
	return len(s), nil
}

// admit reports whether n bytes of content may be written.
func (w *exchange) admit(n int) error {
	if w.hijacked {
		if n > 0 {
			w.blame("http: response.Write on hijacked connection")
		}
		return http.ErrHijacked
	}
	if w.done {
		return loop.ErrOver
	}
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	if n == 0 || w.failed != nil {
		return w.failed
	}
	if semantics.NoContent(int(w.status)) {
		return http.ErrBodyNotAllowed
	}
	w.written += int64(n)
	if w.length >= 0 && w.written > w.length {
		return http.ErrContentLength
	}
	return nil
}

// room returns how much more content may be held back.
func (w *exchange) room() int {
	if w.http2() {
		return holdMost2 - int(w.held)
	}
	return holdMost1 - int(w.held)
}

// hold holds back content for which there is room.
func (w *exchange) hold(p []byte) error {
	err := w.note(w.ticket.Hold(p))
	w.held += int32(len(p))
	return err
}

// fill holds back content up to what may be held back, and lays all of that out.
func (w *exchange) fill(p []byte) error {
	if err := w.hold(p); err != nil {
		return err
	}
	return w.release()
}

// emit lays out content that is too much to be held back.
func (w *exchange) emit(p []byte) (int, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	n, err := w.ticket.Write(p)
	return n, w.note(err)
}

// release lays out the head and what was held back.
func (w *exchange) release() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.held = 0
	return w.note(w.ticket.Release())
}

// sniffs reports whether the type of the content is to be told from its beginning.
func (w *exchange) sniffs() bool {
	return !w.begun && w.told&(toldType|toldEncoding|toldCoding) == 0 && len(w.beginning) < sniffMost
}

func (w *exchange) sniff(p []byte) {
	if w.sniffs() {
		w.beginning = append(w.beginning, p[:min(len(p), sniffMost-len(w.beginning))]...)
	}
}

// finish completes the response when the handler has returned. What is held back then is sent with the trailers by paf.
func (w *exchange) finish() {
	w.done = true
	if w.hijacked {
		return
	}
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	if w.switches() && w.take() == nil {
		w.closeTaken()
		return
	}
	var trailer *semantics.Fields
	if w.fields != nil && (w.begun && w.length < 0 || w.told&toldTrailer != 0) {
		trailer = w.trailer()
	}
	switch {
	case w.failed != nil: // what is incomplete shall look so
	case w.begun:
		_ = w.ticket.End(trailer)
	default:
		_ = w.beginWith(trailer)
	}
	w.conn.keep(w.draft)
	w.draft = nil
}

var (
	_ http.Flusher    = (*exchange)(nil)
	_ io.StringWriter = (*exchange)(nil)
	_ io.ReaderFrom   = (*exchange)(nil)
)
