package paf

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// holdMost is how much content is held back for two ends: a response that is
// complete before it is reached gets a Content-Length, and small writes
// become few frames.
const holdMost = 4 << 10

// A ResponseWriter is what a handler writes its response to. It belongs to the handler's call,
// and is not safe for concurrent use.
type ResponseWriter struct {
	x       loop.Exchange
	request *semantics.Request // nil if its head could not be read
	status  int16              // 0: not set
	preset  int16              // the status if none is set
	held    int16              // bytes of content that are held back
	begun   bool               // the head has been laid out
	misused bool               // and that has been logged
	left    int64              // of the declared length, -1 if none was declared
	written int64
	err     error
	trailer *Fields // nil until somebody asks for it
	header  Fields
	fields  [3]semantics.Field // its first memory
}

// Header returns the fields of the response, to be changed before the head is
// sent: by Flush, by more content than a few KiB, or at the handler's end.
// Content-Length, if it is set, declares the length of the content; then content
// is not held back, and more or less of it is an error. Date is added if it is missing.
func (w *ResponseWriter) Header() *Fields { return &w.header }

// Trailer returns the fields that follow the content, to be changed until the handler
// returns. They are sent where the protocol can: not on HTTP/1.0, nor after a
// declared length on HTTP/1.1.
func (w *ResponseWriter) Trailer() *Fields {
	if w.trailer == nil {
		w.trailer = &Fields{}
	}
	return w.trailer
}

// WriteHeader sets the status, a number from 100 to 599; any other is answered as 500. A status from 100 to 199, other than 101, is sent at once as an
// interim response with the fields as they are, and may be sent several times. The first
// other one counts; without one it is 200. 101, to a request that offers an Upgrade, ends
// HTTP on the connection, which is closed unless it is hijacked: [ResponseWriter.Tunnel] does both in one.
func (w *ResponseWriter) WriteHeader(status int) {
	switch {
	case !semantics.ValidStatus(status):
		w.warn("a status is a number from 100 to 599", "status", status)
		w.status = semantics.StatusInternalServerError
	case w.status != 0 || w.begun:
		w.warn("the status has already been set", "status", status, "stands", w.status)
	case semantics.Informational(status) && status != semantics.StatusSwitchingProtocols:
		interim := semantics.Response{Status: status, Fields: w.header}
		if err := w.x.Respond(&interim, 0); err != nil && w.err == nil {
			w.err = err
		}
	default:
		w.status = int16(status)
	}
}

// Status returns the status as it is set, or would be if the handler ended now.
func (w *ResponseWriter) Status() int {
	if w.status == 0 {
		return int(w.preset)
	}
	return int(w.status)
}

// Written returns the number of bytes of content written so far.
func (w *ResponseWriter) Written() int64 { return w.written }

// Write writes content. It may hold back a few KiB until Flush or the handler's
// end. To a HEAD request content is counted and not sent. Errors: [ErrNoContent] if the
// status allows none, [ErrLength] if it is more than was declared, [ErrPeerGone] if the
// client has gone, os.ErrDeadlineExceeded.
func (w *ResponseWriter) Write(p []byte) (int, error) {
	if err := w.admit(int64(len(p))); err != nil || len(p) == 0 {
		return 0, err
	}
	if int(w.held)+len(p) <= holdMost {
		return w.hold(len(p), w.x.Hold(p))
	}
	if err := w.release(); err != nil {
		return 0, err
	}
	if len(p) <= holdMost/2 {
		return w.hold(len(p), w.x.Hold(p))
	}
	n, err := w.x.Write(p)
	w.count(n)
	return n, w.fail(err)
}

// hold counts content that is held back.
func (w *ResponseWriter) hold(n int, err error) (int, error) {
	if err != nil {
		return 0, w.fail(err)
	}
	w.held += int16(n)
	w.count(n)
	return n, nil
}

// WriteString is Write.
func (w *ResponseWriter) WriteString(s string) (int, error) {
	if len(s) <= holdMost-int(w.held) {
		if err := w.admit(int64(len(s))); err != nil || s == "" {
			return 0, err
		}
		return w.hold(len(s), w.x.HoldString(s))
	}
	return w.Write([]byte(s))
}

// ReadFrom writes content from r until its end, but no more than was declared. If the
// length has been declared in Header, r is a file, or an [io.LimitedReader] of
// one, and the flow a kernel's socket, the kernel copies (sendfile).
func (w *ResponseWriter) ReadFrom(r io.Reader) (int64, error) {
	if err := w.admit(0); err != nil {
		return 0, err
	}
	if w.left < 0 || w.head() {
		// Nothing is sent before r has given something: it may be the request's
		// content, which the client sends only after 100 (Continue).
		return loop.CopyBlocks(w, r)
	}
	if err := w.release(); err != nil {
		return 0, err
	}
	n, err := w.x.Copy(r, w.left)
	w.written += n
	w.left -= n
	return n, err // not kept: it may be r's, and what is left can be written still
}

// Take gives the exchange itself to an adaptor that is a Handler: he responds to it and ends it, and may keep it, for it is a ticket that opens
// nothing when Serve has returned. Nothing can be written to w afterwards; see Account. body is r.Body if a handler in front has put
// something of its own in the place of the request's content, else nil.
func (w *ResponseWriter) Take(r *Request) (x loop.Exchange, body io.Reader) {
	if own, is := r.Body.(*requestBody); r.Length != 0 && (!is || own != (*requestBody)(r.exchange)) {
		body = r.Body
	}
	w.begun, w.err = true, loop.ErrOver
	return w.x, body
}

// Account tells handlers in front, by Status and Written, what an adaptor has done with an exchange that he took.
func (w *ResponseWriter) Account(status int, written int64) {
	w.status, w.written = int16(status), written
}

// Flush sends what has been written so far, the head at the least, and returns
// when the flow has taken it. It fails as Write does.
func (w *ResponseWriter) Flush() error {
	if w.err != nil {
		return w.err
	}
	if err := w.release(); err != nil {
		return err
	}
	return w.fail(w.x.Flush())
}

// SetWriteDeadline bounds the time until which the response may be written. Later
// writes fail with os.ErrDeadlineExceeded, and one that waits then is cut
// together with the connection. The zero time removes the bound.
func (w *ResponseWriter) SetWriteDeadline(t time.Time) { w.x.SetWriteDeadline(t) }

// admit reports whether n bytes of content may be written, and takes note of a declared length.
func (w *ResponseWriter) admit(n int64) error {
	switch {
	case w.err != nil:
		return w.err
	case !w.begun && w.written == 0:
		w.left = w.declared()
	}
	if n > 0 && semantics.NoContent(w.Status()) {
		return w.misuse(ErrNoContent)
	}
	if w.left >= 0 && n > w.left && !w.head() {
		return w.misuse(ErrLength)
	}
	return nil
}

func (w *ResponseWriter) count(n int) {
	w.written += int64(n)
	if w.left >= 0 {
		w.left -= int64(n)
	}
}

// declared returns the length that the handler has declared in Header, or -1.
func (w *ResponseWriter) declared() int64 {
	v, ok := w.header.Lookup("Content-Length")
	if !ok {
		return -1
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil {
		w.warn("Content-Length is not a number and is left out", "value", v)
		w.header.Del("Content-Length")
		return -1
	}
	return int64(n)
}

// release lays out the head, if it has not been, and the content that was held back.
func (w *ResponseWriter) release() error {
	if !w.begun {
		if err := w.begin(w.declared()); err != nil {
			return err
		}
	}
	if w.held == 0 {
		return nil
	}
	w.held = 0
	return w.fail(w.x.Release())
}

// begin lays out the head of the final response.
func (w *ResponseWriter) begin(length int64) error {
	head := w.complete()
	if err := w.x.Respond(&head, length); err != nil {
		return w.headFailed(err)
	}
	return nil
}

// complete returns the head, which now is complete.
func (w *ResponseWriter) complete() semantics.Response {
	w.begun = true
	status := w.Status()
	w.status = int16(status)
	if !w.header.Has("Date") {
		// RFC 9110, Section 6.6.1: "An origin server with a clock […] MUST
		// generate a Date header field in all 2xx, 3xx, and 4xx responses".
		w.header.Add("Date", w.x.Date())
	}
	return semantics.Response{Status: status, Fields: w.header}
}

// end completes the response after the handler has returned.
func (w *ResponseWriter) end() error {
	if w.err != nil {
		return w.err
	}
	var trailer *Fields
	if w.hasTrailer() {
		trailer = w.trailer
	}
	if !w.begun {
		return w.endWhole(trailer)
	}
	return w.fail(w.x.End(trailer))
}

// endWhole sends a response of which nothing has been sent yet.
func (w *ResponseWriter) endWhole(trailer *Fields) error {
	length := w.whole()
	head := w.complete()
	if err := w.x.Answer(&head, length, trailer); err != nil {
		return w.headFailed(err)
	}
	return nil
}

// head reports whether the request's method is HEAD.
func (w *ResponseWriter) head() bool {
	return w.request != nil && w.request.Method == semantics.MethodHead
}

func (w *ResponseWriter) hasTrailer() bool { return w.trailer != nil && w.trailer.Len() > 0 }

// whole returns the length of a response that is complete before its head is sent.
func (w *ResponseWriter) whole() int64 {
	declared := w.declared()
	switch {
	case declared >= 0:
		return declared
	case w.hasTrailer():
		return -1
	case w.head() && w.written == 0:
		return -1 // the handler knows HEAD and has not said how long GET would be
	case w.status == semantics.StatusNotModified:
		return -1
	}
	return w.written
}

// fail keeps the first error: nothing can be written after it.
func (w *ResponseWriter) fail(err error) error {
	if err == nil {
		return nil
	}
	if w.err == nil {
		w.err = err
	}
	if errors.Is(err, loop.ErrOver) {
		return w.misuse(err)
	}
	return err
}

// reset forgets what a handler has prepared, for another to answer in its place.
func (w *ResponseWriter) reset(status int) {
	w.header.Reset()
	w.trailer = nil
	w.x.Forget()
	w.status, w.preset, w.held, w.written, w.left, w.err = 0, int16(status), 0, 0, -1, nil
}
