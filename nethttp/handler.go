package nethttp

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// Handler makes a handler of paf of one of net/http. h sees requests and response writers that behave as those of net/http's own
// server, in every version of HTTP; the package comment lists where they differ. With a nil h it is http.DefaultServeMux.
//
// http.ServerContextKey leads to an http.Server that has h and else nothing; see [Server] for one of your own.
func Handler(h http.Handler) paf.Handler {
	return &handler{server: &http.Server{Handler: h}}
}

// A handler is an http.Handler with what of its server concerns single requests.
type handler struct {
	server *http.Server
	log    atomic.Pointer[slog.Logger] // paf's
	blocks sync.Pool                   // of *block
}

// Borrows makes it a paf.Borrower: of what it is given it keeps nothing but the exchange's ticket.
func (h *handler) Borrows() {}

// An exchange is what a handler of net/http is given, the request and the response writer, in one piece. It is never used again: a handler
// that keeps its request, its URL or its context keeps what is his own.
type exchange struct {
	handler *handler
	ticket  loop.Exchange
	head    *head
	conn    *conn
	body    *body // nil if there is none
	request http.Request
	url     url.URL
	response
}

// Serve implements paf.Handler.
func (h *handler) Serve(w *paf.ResponseWriter, r *paf.Request) {
	if h.log.Load() == nil {
		h.log.Store(w.Log())
	}
	e := &exchange{handler: h}
	if !e.read(r) {
		refuseTarget(w, r)
		return
	}
	for _, f := range w.Header().List() { // what a handler of paf's in front has set
		e.Header().Add(f.Name, f.Value)
	}
	var content io.Reader
	e.ticket, content = w.Take(r)
	if e.body != nil {
		e.body.content = content
	}
	h.setDeadlines(e.ticket)
	defer e.rescue()
	h.handlerFor(e.head).ServeHTTP(e.writer(), &e.request)
	e.finish()
	w.Account(int(e.status), e.written)
}

// http2 reports whether the exchange is one of HTTP/2, where net/http does many a thing otherwise.
func (e *exchange) http2() bool { return e.head.protocol == paf.HTTP2 }

// writer returns the http.ResponseWriter, which has the powers of the version. A pointer alone needs no memory in an interface.
func (e *exchange) writer() http.ResponseWriter {
	if e.http2() {
		return response2{e}
	}
	return response1{e}
}

// handlerFor returns the handler of a request.
func (h *handler) handlerFor(r *head) http.Handler {
	switch {
	case r.from.Form == semantics.AsteriskForm && r.method == http.MethodOptions && !h.server.DisableGeneralOptionsHandler:
		return http.HandlerFunc(options)
	case h.server.Handler == nil:
		return http.DefaultServeMux
	}
	return h.server.Handler
}

// options answers "OPTIONS *", which is for the server as a whole (RFC 9110, Section 9.3.7).
func options(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "0")
	if r.ContentLength != 0 {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 4<<10)) // so much a client may send
	}
}

// setDeadlines sets the deadlines of the exchange that the server asks for.
func (h *handler) setDeadlines(x loop.Exchange) {
	if d := h.server.ReadTimeout; d > 0 {
		x.SetReadDeadline(time.Now().Add(d))
	}
	if d := h.server.WriteTimeout; d > 0 {
		x.SetWriteDeadline(time.Now().Add(d))
	}
}

// rescue turns a panic of the handler into the end of the exchange: net/http logs it, and whatever the client has got does not look
// complete.
func (e *exchange) rescue() {
	if e.done {
		e.removeFiles()
		return
	}
	if v := recover(); v != nil && v != http.ErrAbortHandler { // nil with runtime.Goexit
		e.logPanic(v)
	}
	e.removeFiles()
	e.closeTaken()
	if e.taken == nil {
		panic(paf.ErrAbort)
	}
}

// removeFiles removes the files of a form.
func (e *exchange) removeFiles() {
	if f := e.request.MultipartForm; f != nil {
		_ = f.RemoveAll()
	}
}

// logf logs what net/http would, in its words.
func (e *exchange) logf(format string, args ...any) {
	logf(e.handler.server, e.handler.log.Load(), format, args...)
}

// refuseTarget answers a request whose target net/url cannot read.
//
//go:noinline
func refuseTarget(w *paf.ResponseWriter, r *paf.Request) { // the usual case is not to have a stack for this
	w.Log().Debug("request refused", "component", "paf-nethttp", "peer", r.Peer(), "error", "net/url cannot read the target", "target", r.URL())
	refuse(w, http.StatusBadRequest)
}

// refuse answers a request that is none, in net/http's words, and ends the connection.
func refuse(w *paf.ResponseWriter, status int) {
	text := strconv.Itoa(status) + " " + reason(status)
	fields := semantics.FieldsOf("Content-Type", "text/plain; charset=utf-8", "Connection", "close", "Transfer-Encoding", "identity")
	x, _ := w.Take(&paf.Request{})
	if status < 500 {
		// RFC 9110, Section 6.6.1: a date in "all 2xx (Successful), 3xx (Redirection), and 4xx (Client Error) responses".
		fields.Add("Date", x.Date())
	}
	if status == http.StatusNotImplemented {
		text = "Unsupported transfer encoding" // for want of anything else that is not implemented
	}
	if x.HoldString(text) == nil {
		_ = x.Answer(&semantics.Response{Status: status, Reason: reason(status), Fields: fields}, -1, nil)
	}
	w.Account(status, int64(len(text)))
}
