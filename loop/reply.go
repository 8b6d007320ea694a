package loop

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A Reply is the response to a Call. Read and Close are for one goroutine at a
// time; Close may come from another.
type Reply struct {
	// Head is shared with other replies: read only. Whoever has what he wants of it may let go of it.
	Head   *semantics.Response
	Length int64 // of the content, or -1

	c       *ClientConn
	call    *Call // nil from when it is sent and the head is there, where a connection has many exchanges: a reply may be kept for long
	ctx     context.Context
	release func() bool // stops looking at ctx, unless that keeps the reply; see free
	content content
	small   []byte // all of the content, in one piece

	// whole: all of it is here, and the exchange over. From then on Read and Close need no lock, for nobody else touches it.
	whole  atomic.Bool
	closed atomic.Bool // Close has been called
	spent  bool        // see Take

	headed  bool // the head of the final response has come
	awaited bool // Do has not returned
	counted bool
	sent    bool // the request is complete
	over    bool // the connection has been given back
	tunnel  bool // the response has made a tunnel of the exchange
	taken   bool // which has been taken

	opened *Tunnel // what it has been taken for, where a connection has many exchanges
}

// event takes what is neither content nor its end. The connection's lock is held.
func (r *Reply) event(ev *engine.Event) {
	switch ev.Kind {
	case engine.Interim:
		call := r.call
		if ev.Response.Status == 100 {
			r.proceed(call)
		}
		if f := call.Interim; f != nil && r.c.mux != nil {
			call.asking.interims = append(call.asking.interims, ev.Response) // for Do to tell; the engine bounds them
		} else if f != nil {
			r.tell(ev.Response)
		}
	case engine.Response:
		r.headed, r.Head, r.Length = true, ev.Response, ev.Length
		r.content.due = 0
		r.sendAllTheSame()
		r.judge()
		if ev.End || r.c.client.State() == engine.Switched {
			r.content.ended = true
		}
		r.c.notify() // a sender that waits for 100 (Continue) has its answer
	case engine.Fault:
		if r.opened != nil {
			r.opened.cancel(&GoneError{Op: "read", Err: ev.Err})
		}
	}
}

// refuse ends the exchange with an error of the caller's. The connection's lock is held.
func (r *Reply) refuse(err error) {
	if err != nil && r.call.asking.sendErr == nil {
		r.call.asking.sendErr = err
	}
}

// tell tells the caller an interim response. The connection's lock is held, and released meanwhile.
func (r *Reply) tell(head *semantics.Response) {
	r.c.mu.Unlock()
	r.call.firstByte()
	err := r.call.Interim(head)
	r.c.mu.Lock()
	r.refuse(err)
}

// Read reads the content of the response. After an error other than io.EOF what has
// been read is not all of it.
func (r *Reply) Read(p []byte) (int, error) {
	if r.whole.Load() {
		return r.readWhole(p)
	}
	r.c.mu.Lock()
	if r.over && r.whole.Load() {
		r.c.mu.Unlock()
		return r.readWhole(p)
	}
	if r.tunnel {
		r.c.mu.Unlock()
		return 0, io.EOF
	}
	if r.over {
		err := r.content.end()
		r.c.mu.Unlock()
		if err != errClosed {
			r.cancelled(&err) // it may have broken off before anybody has read
		}
		return 0, err
	}
	if len(p) == 0 {
		r.c.mu.Unlock()
		return 0, nil
	}
	n, err := r.content.read(p)
	r.c.mu.Unlock()
	if err != nil {
		r.cancelled(&err)
		r.finish()
	}
	return n, err
}

// Conn returns the connection that the reply has come on.
func (r *Reply) Conn() *ClientConn { return r.c }

// Trailer returns the response's trailer section, nil before the content has
// been read to its end or if there is none.
func (r *Reply) Trailer() *semantics.Fields {
	if r.whole.Load() {
		return r.content.trailer
	}
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return r.content.trailer
}

// Close gives the connection back if the rest of the content has already
// arrived, and otherwise closes it.
func (r *Reply) Close() error {
	r.closed.Store(true)
	if r.whole.Load() {
		return nil
	}
	r.c.mu.Lock()
	if r.taken {
		r.c.mu.Unlock()
		return nil
	}
	for r.c.mux == nil && !r.over && !r.content.ended {
		r.c.data = nil
		ev := r.c.nextEvent()
		if ev == nil {
			break
		}
		r.content.take(ev)
	}
	r.content.fail(errClosed)
	r.c.mu.Unlock()
	r.finish()
	return nil
}

var errClosed = errors.New("paf: read of content after Close")

// finish gives the connection back, once.
func (r *Reply) finish() {
	c := r.c
	c.mu.Lock()
	if r.over {
		c.mu.Unlock()
		return
	}
	r.over = true
	if c.mux == nil {
		c.forgetData()
	}
	whole := r.content.ended && r.content.err == nil && r.sent
	if whole {
		c.used.Store(true)
	}
	c.notify()
	c.mu.Unlock()
	free := r.stop()
	switch {
	case c.mux != nil:
		c.endExchange(r, Aborted)
	case free && whole:
		r.call.Trace.rested(c.rest())
	default:
		c.discard(Aborted)
	}
}

// stop ends what the exchange holds besides the connection. It reports false if
// ctx has ended already: then the connection is being closed, and nobody else may use it.
func (r *Reply) stop() bool {
	r.c.mu.Lock()
	if r.counted {
		r.counted = false
		r.c.running--
	}
	unsent := !r.sent
	r.c.mu.Unlock()
	if unsent {
		r.call.interrupt()
	}
	return r.free()
}

// cancelled replaces an error that comes of the context's end by the context's cause, and one that comes of the group's by ErrStopped.
func (r *Reply) cancelled(err *error) {
	if *err == io.EOF {
		return
	}
	cause := context.Cause(r.ctx)
	if cause == nil && r.c.wasStopped() {
		cause = ErrStopped
	}
	if cause == nil {
		return
	}
	var s *SendError
	if errors.As(*err, &s) {
		*err = &SendError{Sent: s.Sent, Err: cause}
	} else {
		*err = cause
	}
}

// wasStopped reports whether the connection has ended because the group was closed.
func (c *ClientConn) wasStopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone && c.why == Stopped
}

// waits implements receiver: a client's connection is read by a goroutine of its own.
func (r *Reply) waits() {}

// flush implements receiver. While the request's content is still being sent, by another goroutine, that
// is done beside the reading: the peer may have to be read before it takes more.
func (r *Reply) flush() {
	if r.sent {
		_ = r.c.flush()
		return
	}
	r.c.group.spawn(func() {
		r.c.mu.Lock()
		defer r.c.mu.Unlock()
		_ = r.c.flush()
	})
}
