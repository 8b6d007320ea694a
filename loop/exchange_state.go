package loop

import (
	"math"
	"os"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// An exchange is what an Exchange stands for. It belongs to its connection, whose lock guards it, and is used for one request
// after another.
type exchange struct {
	c      *serverConn
	n      uint64 // counts the uses: a ticket of another one is over
	inside int    // goroutines in a method of the ticket, the lock released or not
	held   []byte // content that waits for what follows
	pocket any    // see Exchange.Pocket

	exchangeUse
}

// An exchangeUse is the part of an exchange that is made anew for each request.
type exchangeUse struct {
	content    content
	left       int64 // of the request's content, what has not been read; negative if its length is not known
	writeBy    engine.Instant
	context    *exchangeContext // nil until the handler asks for it, or its end has come early
	expect     bool             // the client waits for 100 (Continue)
	begun      bool             // the final response has begun
	ended      bool             // and ended
	returned   bool             // the handler has returned
	done       bool             // and the exchange been finished
	watched    bool             // somebody wants to know when the peer goes
	looked     bool             // the poller looks out for that
	seenBroken bool             // the handler knows that the content broke off
	read       bool             // some of the content has been
	taken      bool             // the flow, or the stream, is no longer the exchange's
	readers    int32            // who are in Read
}

// sparesMost is how many exchanges a connection keeps for requests to come.
const sparesMost = 32

// heldMost is how much memory of held an exchange keeps.
const heldMost = 8 << 10

// newExchange returns memory for an exchange.
func (c *serverConn) newExchange(ev *engine.Event) *exchange {
	var x *exchange
	if n := len(c.spares); n > 0 {
		x = c.spares[n-1]
		c.spares = c.spares[:n-1]
	} else {
		x = &exchange{c: c}
	}
	x.left, x.expect = ev.Length, ev.Expect
	x.content.c, x.content.stream, x.content.owner = &c.conn, ev.Stream, x
	x.content.ended = ev.End || ev.Kind == engine.Fault
	return x
}

// keep keeps the memory of an exchange that is over for the next one, unless somebody may still look at it,
// who is in one of its methods.
func (c *serverConn) keep(x *exchange) {
	if x.inside == 0 && !x.taken && len(c.spares) < sparesMost {
		if x.held = x.held[:0]; cap(x.held) > heldMost {
			x.held = nil
		}
		x.exchangeUse = exchangeUse{}
		c.spares = append(c.spares, x)
	}
}

// receive is Read; the connection's lock is held, and released meanwhile.
func (x *exchange) receive(p []byte) (int, error) {
	c := x.c
	if x.taken {
		return 0, ErrTaken
	}
	if x.expect && !x.begun && !x.content.ended {
		// RFC 9110, Section 10.1.1: an origin server sends 100 if it wants the
		// content, or a final status.
		if err := c.server.Respond(&c.out, x.content.stream, &continueResponse, 0); err != nil {
			return 0, err
		}
	}
	x.expect = false
	if len(p) == 0 {
		return 0, nil
	}
	if c.mux == nil {
		c.lookDue.Store(0)
	}
	x.readers++
	n, err := x.content.read(p)
	x.readers--
	x.left -= int64(n)
	x.read = x.read || n > 0
	x.seenBroken = x.seenBroken || err != nil && err == x.content.err
	if x.watched && c.mux == nil {
		c.lookDue.Store(c.group.after(c.group.tick))
	}
	return n, err
}

var continueResponse = semantics.Response{Status: 100}

// respond is Respond; the connection's lock is held.
func (x *exchange) respond(r *semantics.Response, length int64) error {
	c := x.c
	if err := x.writable(); err != nil {
		return err
	}
	if c.mux == nil && (c.stopping || x.tooMuchLeft()) {
		c.server.Shutdown(&c.out) // so that the response says close
	}
	c.head = *r // what an engine is given is the heap's, and r may lie on a stack
	err := c.server.Respond(&c.out, x.content.stream, &c.head, length)
	c.head = semantics.Response{}
	if err != nil {
		return err
	}
	if semantics.Informational(r.Status) && r.Status != 101 {
		x.expect = x.expect && r.Status != semantics.StatusContinue
		return c.flush()
	}
	x.begun = true
	return nil
}

// tooMuchLeft reports whether more of the request's content is certain to be left than will be
// drained, unless the handler goes on reading: the client is told then that the
// connection ends, before it sends another request on it.
func (x *exchange) tooMuchLeft() bool {
	drain := x.c.group.config.DrainBytes
	return drain >= 0 && !x.read && !x.content.ended && x.left > drain
}

// release lays out what was held back.
func (x *exchange) release() error {
	if len(x.held) == 0 {
		return nil
	}
	held := x.held
	x.held = nil // another may hold back more while this is being written
	_, err := x.write(held)
	if x.held == nil {
		x.held = held[:0]
	}
	return err
}

// write is Write; the connection's lock is held, and released while the flow takes what is laid out.
func (x *exchange) write(p []byte) (int, error) {
	c := x.c
	written := 0
	for written < len(p) {
		if err := x.writable(); err != nil {
			return written, err
		}
		x.content.ready = false // before: it may come while what Data took is being written
		n, err := c.server.Data(&c.out, x.content.stream, p[written:])
		written += n
		if err == nil && (c.out.Segmented() || c.out.Len() >= flushAt) {
			err = c.flush()
		}
		if err == nil && written < len(p) && c.mux != nil {
			x.awaitReady()
		}
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// awaitReady waits until more content may be laid out: the peer has given credit, or those who
// were before us have written.
func (x *exchange) awaitReady() {
	b := &x.content
	x.c.attach(b)
	for !b.ready && x.writable() == nil {
		if x.writeBy != 0 {
			x.c.lookBy(x.writeBy)
		}
		b.wait()
	}
	if !b.ready {
		_, _ = x.c.server.Data(&x.c.out, x.content.stream, nil) // it waits no more
	}
}

// flush implements receiver.
func (x *exchange) flush() { _ = x.c.flush() }

// end is End; the connection's lock is held.
func (x *exchange) end(trailer *semantics.Fields) error {
	c := x.c
	if err := x.writable(); err != nil {
		return err
	}
	if err := c.server.End(&c.out, x.content.stream, trailer); err != nil {
		return err
	}
	x.ended = true
	return nil
}

// abandon ends the response where it is.
func (x *exchange) abandon() {
	c := x.c
	if c.mux == nil {
		c.abort()
	}
	if v, can := c.server.(engine.Verbatim); can && v.Verbatim(x.content.stream, 0) == math.MaxInt64 {
		c.harsh = true // only the connection's end would end the content: it must not look like that
	}
	c.server.Reset(&c.out, x.content.stream, 0)
	x.ended = true
}

// writable reports why nothing can be written any more.
func (x *exchange) writable() error {
	switch {
	case x.done:
		return ErrOver
	case x.taken:
		return ErrTaken
	case x.c.writeErr != nil:
		return x.c.writeErr
	case x.writeBy != 0 && past(x.writeBy, x.c.group.Now()): // to the tick would be too late: short content is written at once
		return os.ErrDeadlineExceeded
	case x.c.mux != nil && x.content.gone != nil:
		return &GoneError{Op: "write", Err: x.content.gone}
	}
	return nil
}
