package paf

import (
	"errors"
	"io"
	"runtime/debug"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// An exchange is what a handler is given, in one piece of memory.
type exchange struct {
	x    loop.Exchange
	r    Request
	w    ResponseWriter
	left error // what has ended the request's content, if not its end
}

// serving is a Server as the handler of a loop.
type serving struct{ *Server }

// New implements loop.Handler.
func (s serving) New() *loop.Exchange {
	e := &exchange{}
	e.x.Owner = e
	return &e.x
}

// Serve runs the user's handler and completes its response.
func (s serving) Serve(x *loop.Exchange) {
	e := s.begin(x, 200)
	e.r.fill(x, (*requestBody)(e))
	s.run(e)
	s.end(e)
}

// Fault answers what never became a request.
func (s serving) Fault(x *loop.Exchange, err *engine.Error) {
	e := s.begin(x, err.Status)
	logFault(s.log(), e, err)
	var r *Request
	if x.Head != nil {
		e.r.fill(x, (*requestBody)(e))
		r = &e.r
	}
	s.answer(e, r, err)
	s.end(e)
}

func (s serving) begin(x *loop.Exchange, status int) *exchange {
	e := x.Owner.(*exchange)
	w := &e.w
	w.x, w.log, w.preset, w.left = x, s.log(), status, -1
	w.response.Fields = semantics.FieldsFrom(w.fields[:0])
	w.head = x.Head != nil && x.Head.Method == "HEAD"
	return e
}

// fill makes the request of the head that has been read.
func (r *Request) fill(x *loop.Exchange, body *requestBody) {
	h := x.Head
	r.Method, r.Target, r.Protocol = h.Method, h.Target, h.Protocol
	if x.Secured() && h.Target.Form == semantics.OriginForm {
		r.Scheme = "https"
	}
	r.Header = h.Fields.Share()
	r.Length = x.Length
	r.exchange = x
	r.Body = noContent{}
	if x.Length != 0 {
		r.Body = body
	}
}

// run calls the handler and turns a panic into an answer.
func (s serving) run(e *exchange) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == ErrAbort {
			e.x.Abort()
			return
		}
		p := &PanicError{Value: v, Stack: debug.Stack()}
		s.log().Error("paf: the handler panicked", "component", "paf-server", "peer", e.x.Peer(),
			"method", e.r.Method, "path", e.r.Path, "panic", v, "stack", string(p.Stack))
		if e.w.begun {
			e.x.Abort()
			return
		}
		e.w.reset(semantics.StatusInternalServerError)
		s.answer(e, &e.r, p)
	}()
	s.handler().Serve(&e.w, &e.r)
	s.unanswered(e)
}

// unanswered answers a request whose content broke off, or broke a limit, and
// whose handler has written nothing about it.
func (s serving) unanswered(e *exchange) {
	if e.left == nil || e.w.begun || e.w.status != 0 || e.w.written > 0 {
		return
	}
	var fault *engine.Error
	if errors.As(e.left, &fault) && fault.Status != 0 {
		e.w.reset(fault.Status)
		s.answer(e, &e.r, fault)
	}
}

// answer calls the ErrorHandler; if that panics too, the exchange is abandoned.
func (s serving) answer(e *exchange, r *Request, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log().Error("paf: the error handler panicked", "component", "paf-server",
				"panic", v, "stack", string(debug.Stack()))
			e.x.Abort()
		}
	}()
	if s.ErrorHandler != nil {
		s.ErrorHandler(&e.w, r, err)
	} else {
		answer(&e.w, r, err)
	}
}

// end completes the response. What cannot be completed is cut off by the loop.
func (s serving) end(e *exchange) {
	err := e.w.end()
	e.w.close()
	if err == nil || errors.Is(err, ErrPeerGone) {
		return
	}
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
	n, err := b.x.Read(p)
	if err == io.EOF {
		b.r.Trailer = b.x.Trailer()
	} else if err != nil {
		b.left = err
	}
	return n, err
}

// Close does nothing: what has not been read is the server's to discard.
func (b *requestBody) Close() error { return nil }
