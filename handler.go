package paf

import "fmt"

// A Handler answers requests, of every protocol version.
//
// Serve is called for each request and may block for as long as it likes; when it
// returns the response is complete. It may go on reading the request while it
// writes the response. It must not use w or r.Body after it has returned; what it
// has taken out of r (strings, fields) stays valid for as long as it is kept, and a [Tunnel]
// until it is closed.
//
// A panic costs this exchange alone: it is logged with its stack, and answered
// by the Server's ErrorHandler if the response has not begun, else the response
// is cut off so that the client can tell. panic(ErrAbort) does the latter
// without a log line.
//
// Serve is called from many goroutines at a time.
type Handler interface {
	Serve(w *ResponseWriter, r *Request)
}

// A HandlerFunc is a function as a [Handler].
type HandlerFunc func(w *ResponseWriter, r *Request)

// Serve calls f.
func (f HandlerFunc) Serve(w *ResponseWriter, r *Request) { f(w, r) }

// A Borrower is a Handler that gives back what it is given: when Serve has returned, neither it nor anybody to whom it has handed them uses w, r or
// r.Body any more. Strings, and Fields that were copied, stay valid as ever. The memory is used again for the connection's next request, without
// which an exchange costs a third to a half less; one that breaks the promise reads and writes other clients' exchanges. It is for
// handlers that answer a great many small requests, or take everything over into types of their own.
//
// The promise is asked of the [Server]'s Handler itself: one that wraps a Borrower is none, unless it says so too.
type Borrower interface {
	Handler
	Borrows()
}

// A BorrowerFunc is a function as a [Borrower].
type BorrowerFunc func(w *ResponseWriter, r *Request)

// Serve calls f.
func (f BorrowerFunc) Serve(w *ResponseWriter, r *Request) { f(w, r) }

// Borrows makes f a Borrower.
func (f BorrowerFunc) Borrows() {}

// An ErrorHandler answers in place of a Handler what never reached it, or what it
// left unanswered: a request that could not be understood or broke a limit
// (err is an [*engine.Error]; r is nil unless the head could be read), a panic (err is a
// [*PanicError]), content that broke off before the handler wrote anything. w has
// the status that belongs to err already; the ErrorHandler may set another, add fields
// and write content, or panic with ErrAbort. The connection is closed afterwards, except after a panic of the Handler.
type ErrorHandler func(w *ResponseWriter, r *Request, err error)

// ErrAbort is what a handler panics with in order to cut its response off.
var ErrAbort = fmt.Errorf("paf: the handler has abandoned the exchange")

// A PanicError is a panic of a handler.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns what the handler panicked with.
func (e *PanicError) Error() string { return fmt.Sprintf("paf: the handler panicked: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// statusInWords is the ErrorHandler of a Server that has none: it says nothing that the peer has sent.
func statusInWords(w *ResponseWriter, _ *Request, _ error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.WriteString(StatusText(w.Status()) + "\n")
}
