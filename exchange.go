package paf

import (
	"errors"
	"io"
	"runtime/debug"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// An exchange is what a handler is given, in one piece of memory that is never used again, unless the handler is a Borrower: whoever keeps it
// keeps what is his own. It is small, for what it does not hold is the connection's.
type exchange struct {
	r Request
	w ResponseWriter
}

// Serve runs the user's handler and completes its response.
func (s serving) Serve(x loop.Exchange, head *semantics.Request, length int64) {
	e := s.borrow(x)
	e.begin(x, head, semantics.StatusOK)
	e.fill(head, length)
	if s.misdirected(e) {
		s.misdirect(e)
		return
	}
	defer e.rescue() // turns a panic into an answer
	s.handler().Serve(&e.w, &e.r)
	s.unanswered(e)
	s.end(e)
	s.giveBack(e)
}

// Fault answers what never became a request.
func (s serving) Fault(x loop.Exchange, head *semantics.Request, err *engine.Error) {
	e := &exchange{}
	e.begin(x, head, err.Status)
	s.refused(x, err)
	var r *Request
	if head != nil {
		e.fill(head, 0)
		r = &e.r
	}
	s.answer(e, r, err)
	s.end(e)
}

// refused tells why a request is, at a level where peers cannot fill a log.
func (s serving) refused(x loop.Exchange, err error) {
	s.log().Debug("request refused", "component", "paf-server", "peer", x.Peer(), "error", err)
}

// borrow returns memory for an exchange: what a Borrower has given back, or new.
func (s serving) borrow(x loop.Exchange) *exchange {
	if s.borrows {
		pocket := x.Pocket()
		if e, _ := (*pocket).(*exchange); e != nil {
			*pocket = nil // whoever does not return gives nothing back
			return e
		}
	}
	return &exchange{}
}

// giveBack is what follows when a handler has returned.
func (s serving) giveBack(e *exchange) {
	if s.borrows && !e.r.lent {
		x := e.w.x
		*e = exchange{}
		*x.Pocket() = e
	}
}

func (e *exchange) begin(x loop.Exchange, head *semantics.Request, status int) {
	w := &e.w
	w.x, w.request, w.preset, w.left = x, head, int16(status), -1
	w.header = semantics.FieldsFrom(w.fields[:0])
}

// fill makes the request of the head that has been read.
func (e *exchange) fill(h *semantics.Request, length int64) {
	r := &e.r
	r.Method, r.Target, r.Protocol = h.Method, h.Target, h.Protocol
	if e.w.x.Secured() && h.Target.Form == semantics.OriginForm && !e.trusted(h) {
		r.Scheme = "https"
	}
	r.Header = h.Fields.Share()
	r.Length = length
	r.exchange = e
	r.Body = noContent{}
	if length != 0 {
		r.Body = (*requestBody)(e)
	}
}

// trusted reports whether the client has said a scheme, and is believed: browsers ask proxies of HTTP/2 over TLS for "http", too.
func (e *exchange) trusted(h *semantics.Request) bool {
	return h.Protocol == HTTP2 && e.w.x.Handler().(serving).TrustScheme
}

// misdirected reports whether a request is for a scheme that its connection cannot vouch for.
func (s serving) misdirected(e *exchange) bool {
	switch e.r.Scheme {
	case "", "http":
		return false
	case "https":
		return !e.w.x.Secured() && !s.TrustScheme
	}
	return !s.TrustScheme
}

//go:noinline
func (s serving) misdirect(e *exchange) { // as panicked
	s.refused(e.w.x, errMisdirected)
	e.w.preset = semantics.StatusMisdirectedRequest
	s.answer(e, &e.r, errMisdirected)
	s.end(e)
}

// RFC 9110, Section 7.4: "an origin server MUST reject a request if any scheme-specific requirements for the target
// resource are not met. In particular, a request for an "https" resource MUST be rejected unless it has been received over
// a connection that has been secured".
var errMisdirected = &engine.Error{Blame: engine.Peer, Scope: engine.Message, Status: semantics.StatusMisdirectedRequest,
	Rule: "RFC 9110, Section 7.4: a request for another scheme than the connection's"}

// rescue answers for a handler that has panicked, and completes the response.
func (e *exchange) rescue() {
	if v := recover(); v != nil {
		s := e.w.x.Handler().(serving)
		s.panicked(e, v)
		s.end(e)
	}
}

//go:noinline
func (s serving) panicked(e *exchange, v any) { // the usual case is not to have a stack for this
	if v == ErrAbort {
		e.w.x.Abort()
		e.w.err = ErrAbort
		return
	}
	p := &PanicError{Value: v, Stack: debug.Stack()}
	s.log().Error("paf: the handler panicked", "component", "paf-server", "peer", e.w.x.Peer(),
		"method", e.r.Method, "path", e.r.Path, "panic", v, "stack", string(p.Stack))
	if e.w.begun {
		e.w.x.Abort()
		return
	}
	e.w.reset(semantics.StatusInternalServerError)
	s.answer(e, &e.r, p)
}

// unanswered answers a request whose content broke off, or broke a limit, and
// whose handler has written nothing about it.
func (s serving) unanswered(e *exchange) {
	if e.r.Length == 0 || e.w.begun || e.w.status != 0 || e.w.written > 0 {
		return
	}
	var fault *engine.Error
	if errors.As(e.w.x.Broken(), &fault) && fault.Status != 0 {
		e.w.reset(fault.Status)
		s.answer(e, &e.r, fault)
	}
}

// answer calls the ErrorHandler; if that panics too, the exchange is abandoned.
func (s serving) answer(e *exchange, r *Request, err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case ErrAbort:
			e.w.x.Abort()
			e.w.err = ErrAbort
		default:
			s.log().Error("paf: the error handler panicked", "component", "paf-server",
				"panic", v, "stack", string(debug.Stack()))
			e.w.x.Abort()
		}
	}()
	if s.ErrorHandler != nil {
		e.r.lent = true
		s.ErrorHandler(&e.w, r, err)
	} else {
		statusInWords(&e.w, r, err)
	}
}

// end completes the response. What cannot be completed is cut off by the loop.
func (s serving) end(e *exchange) {
	if err := e.w.end(); err != nil && !errors.Is(err, ErrPeerGone) {
		s.cutOff(e, err)
	}
}

// cutOff tells that a response was cut off, if that is the handler's doing.
//
//go:noinline
func (s serving) cutOff(e *exchange, err error) { // as panicked
	var misuse *engine.Error
	if errors.As(err, &misuse) && misuse.Blame == engine.Caller && misuse.Rule != engine.RuleGone && !e.w.misused {
		s.log().Warn("paf: the response was cut off", "component", "paf-server",
			"method", e.r.Method, "path", e.r.Path, "error", err)
	}
}

// requestBody is the Body of a request with content.
type requestBody exchange

// Read reads the content. io.EOF comes only after all of it.
func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.w.x.Read(p)
	if err == io.EOF {
		b.r.Trailer = b.w.x.Trailer()
	}
	return n, err
}

// Close does nothing: what has not been read is the server's to discard.
func (b *requestBody) Close() error { return nil }
