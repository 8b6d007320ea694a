package loop

import (
	"net"
	"os"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// An Exchange is one request with its response, as a server's handler sees it. One
// goroutine may read the content while another writes the response; otherwise
// it is not safe for concurrent use. After the handler has returned its methods
// fail with ErrPeerGone.
type Exchange struct {
	Head   *semantics.Request // shared with other exchanges: read only; nil after a fault
	Length int64              // of the content, or -1
	Expect bool               // the client waits for 100 (Continue)
	Owner  any                // of the handler: what the exchange is a part of

	c       *serverConn
	stream  engine.StreamID
	content content
	ctx     *exchangeContext // nil until somebody asks for it
	cause   error            // what it has ended for
	begun   bool             // the final response has begun
	ended   bool             // and ended
	read    int64            // of the request's content
	done    bool             // the handler has returned
	watched bool             // somebody wants to know when the peer goes
	writeBy engine.Instant
}

func newExchange(c *serverConn, ev *engine.Event) *Exchange {
	x := c.handler.New()
	x.Head, x.Length, x.Expect, x.c, x.stream = ev.Request, ev.Length, ev.Expect, c, ev.Stream
	x.content = content{c: &c.conn, stream: ev.Stream, owner: x, ended: ev.End || ev.Kind == engine.Fault}
	return x
}

// Flow returns the connection's flow. It belongs to the connection: reading or writing it
// breaks the protocol, asking it for facts does not.
func (x *Exchange) Flow() flow.Flow { return x.c.flow }

// Peer returns the address of the peer, nil if the flow does not tell.
func (x *Exchange) Peer() net.Addr { return x.c.powers.PeerAddr() }

// Local returns our own address, nil if the flow does not tell.
func (x *Exchange) Local() net.Addr { return x.c.powers.LocalAddr() }

// Secured reports whether the connection had a handshake, as every TLS has.
func (x *Exchange) Secured() bool { return x.c.powers.Negotiator != nil }

// Date returns the time as the value of a Date field (RFC 9110, Section 6.6.1).
func (x *Exchange) Date() string { return x.c.group.date() }

// Read reads the content of the request. If the client waits for it, the first
// Read sends 100 (Continue).
func (x *Exchange) Read(p []byte) (int, error) {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.done {
		return 0, ErrPeerGone
	}
	if x.Expect && !x.begun && !x.content.ended {
		// RFC 9110, Section 10.1.1: an origin server sends 100 if it wants the
		// content, or a final status.
		if err := c.server.Respond(&c.out, x.stream, &continueResponse, 0); err != nil {
			return 0, err
		}
	}
	x.Expect = false
	if len(p) == 0 {
		return 0, nil
	}
	if c.mux == nil {
		c.lookDue.Store(0)
	}
	n, err := x.content.read(p)
	x.read += int64(n)
	if x.watched && c.mux == nil {
		c.lookDue.Store(int64(c.group.after(c.group.tick)))
	}
	return n, err
}

var continueResponse = semantics.Response{Status: 100}

// Trailer returns the request's trailer section, nil before the content has
// been read to its end or if there is none.
func (x *Exchange) Trailer() *semantics.Fields {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	return x.content.trailer
}

// SetReadDeadline bounds the time that Read may wait; the zero time removes the
// bound. A Read that waits for longer fails with os.ErrDeadlineExceeded.
func (x *Exchange) SetReadDeadline(t time.Time) {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	x.content.due = x.c.group.expires(t)
}

// SetWriteDeadline bounds the time until which the response may be written; the
// zero time removes the bound. Later writes fail with os.ErrDeadlineExceeded, and
// one that waits then is cut together with the connection.
func (x *Exchange) SetWriteDeadline(t time.Time) {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	x.writeBy = x.c.group.expires(t)
	if x.c.mux == nil && !x.done {
		x.c.writeBy.Store(int64(x.writeBy))
	}
}

// Respond begins a response: an interim one, which is sent at once, or the final
// one. See [engine.Server.Respond] for length and framing.
func (x *Exchange) Respond(r *semantics.Response, length int64) error {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	return x.respond(r, length)
}

// respond is Respond; the connection's lock is held.
func (x *Exchange) respond(r *semantics.Response, length int64) error {
	c := x.c
	if err := x.writable(); err != nil {
		return err
	}
	if c.mux == nil && (c.stopping || x.tooMuchLeft()) {
		c.server.Shutdown(&c.out) // so that the response says close
	}
	if err := c.server.Respond(&c.out, x.stream, r, length); err != nil {
		return err
	}
	if semantics.Informational(r.Status) && r.Status != 101 {
		x.Expect = x.Expect && r.Status != semantics.StatusContinue
		return c.flush()
	}
	x.begun = true
	return nil
}

// Begun reports whether the final response has begun.
func (x *Exchange) Begun() bool {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	return x.begun
}

// tooMuchLeft reports whether more of the request's content is certain to be left than will be
// drained, unless the handler goes on reading: the client is told then that the
// connection ends, before it sends another request on it.
func (x *Exchange) tooMuchLeft() bool {
	drain := x.c.group.config.DrainBytes
	return drain >= 0 && x.read == 0 && !x.content.ended && x.Length > drain
}

// Write writes content of the response. It returns when p may be changed again;
// what is small may still wait for Flush or for the end of the exchange.
func (x *Exchange) Write(p []byte) (int, error) {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	return x.write(p)
}

// write is Write; the connection's lock is held, and released while the flow takes what is laid out.
func (x *Exchange) write(p []byte) (int, error) {
	c := x.c
	written := 0
	for written < len(p) {
		if err := x.writable(); err != nil {
			return written, err
		}
		if x.content.inbox != nil {
			x.content.ready = false // before: it may come while what Data took is being written
		}
		n, err := c.server.Data(&c.out, x.stream, p[written:])
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
func (x *Exchange) awaitReady() {
	b := &x.content
	x.c.attach(b)
	for !b.ready && x.writable() == nil {
		if x.writeBy != 0 {
			x.c.lookBy(x.writeBy)
		}
		b.wait()
	}
	if !b.ready {
		_, _ = x.c.server.Data(&x.c.out, x.stream, nil) // it waits no more
	}
}

// flush implements receiver.
func (x *Exchange) flush() { _ = x.c.flush() }

// End ends the response; trailer may be nil.
func (x *Exchange) End(trailer *semantics.Fields) error {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	return x.end(trailer)
}

// end is End; the connection's lock is held.
func (x *Exchange) end(trailer *semantics.Fields) error {
	c := x.c
	if err := x.writable(); err != nil {
		return err
	}
	if err := c.server.End(&c.out, x.stream, trailer); err != nil {
		return err
	}
	x.ended = true
	return nil
}

// Answer is Respond, Write and End in one, for a response that is there as a whole.
func (x *Exchange) Answer(r *semantics.Response, length int64, content []byte, trailer *semantics.Fields) error {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := x.respond(r, length); err != nil {
		return err
	}
	if len(content) > 0 {
		if _, err := x.write(content); err != nil {
			return err
		}
	}
	return x.end(trailer)
}

// Flush writes what has been laid out so far.
func (x *Exchange) Flush() error {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if err := x.writable(); err != nil {
		return err
	}
	return x.c.flush()
}

// Abort abandons the exchange: the peer cannot take what it has got for a
// whole response. On HTTP/1 that ends the connection.
func (x *Exchange) Abort() {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if !x.done && !x.ended {
		if x.c.mux == nil {
			x.c.abort()
		}
		x.c.server.Reset(&x.c.out, x.stream, 0)
		x.ended = true
	}
}

// writable reports why nothing can be written any more.
func (x *Exchange) writable() error {
	switch {
	case x.done:
		return ErrPeerGone
	case x.c.writeErr != nil:
		return x.c.writeErr
	case past(int64(x.writeBy), x.c.group.now()):
		return os.ErrDeadlineExceeded
	case x.c.mux != nil && x.content.gone != nil:
		return &GoneError{Op: "write", Err: x.content.gone}
	}
	return nil
}
