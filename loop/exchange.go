package loop

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// An Exchange is one request with its response, as a server's handler sees it. It is a ticket, to be copied at will: the
// memory behind it is used again for other requests, and after the handler has returned the methods of the ticket
// fail with ErrOver, whoever calls them.
//
// Its methods are safe for concurrent use; but two goroutines that read the content get what comes in pieces, and what
// two write is mixed.
type Exchange struct {
	x *exchange
	n uint64 // which use of the memory
}

// enter takes the connection's lock if the exchange goes on, and returns its memory, which is not used again before exit.
func (t Exchange) enter() (*exchange, error) {
	x := t.x
	x.c.mu.Lock()
	if x.n != t.n {
		x.c.mu.Unlock()
		return nil, ErrOver
	}
	x.inside++
	return x, nil
}

// exit ends what enter has begun.
func (x *exchange) exit() {
	x.inside--
	x.c.mu.Unlock()
}

// Handler returns the handler that the connection was given.
func (t Exchange) Handler() Handler { return t.x.c.handler }

// Pocket is where a handler finds what another one of the same connection, which has returned, has left there, and leaves something itself, to be
// used again. It is the handler's alone, until it returns.
func (t Exchange) Pocket() *any { return &t.x.pocket }

// Flow returns the connection's flow. It belongs to the connection: reading or writing it
// breaks the protocol, asking it for facts does not.
func (t Exchange) Flow() flow.Flow { return t.x.c.flow }

// Peer returns the address of the peer, nil if the flow does not tell.
func (t Exchange) Peer() net.Addr { return t.x.c.powers.PeerAddr() }

// Local returns our own address, nil if the flow does not tell.
func (t Exchange) Local() net.Addr { return t.x.c.powers.LocalAddr() }

// Secured reports whether the connection had a handshake, as every TLS has.
func (t Exchange) Secured() bool { return t.x.c.powers.Negotiator != nil }

// Remember returns what find returned when it was called for the connection the first time: what a handler has to find out once a
// connection, and not for each request. A connection that has been parked has forgotten it. find may be called by several
// goroutines at a time; what one of them returns stands. All who use the connection share the one place.
func (t Exchange) Remember(find func(flow.Flow) any) any {
	c := t.x.c
	if v := c.memory.Load(); v != nil {
		return *v
	}
	v := find(c.flow)
	if c.memory.CompareAndSwap(nil, &v) {
		return v
	}
	return *c.memory.Load()
}

// Date returns the time as the value of a Date field (RFC 9110, Section 6.6.1).
func (t Exchange) Date() string { return t.x.c.group.date() }

// Context returns a context that is cancelled when the peer goes away, when the
// connection is cut, and when the exchange is over; context.Cause tells which.
// It carries the values of the context that was given to ServeFlow.
//
// It costs little until it is asked for Done or Err, or a request is sent with it: only then, a tick later, does a watcher
// begin to look out for the peer.
func (t Exchange) Context() context.Context {
	c := t.x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.x.n == t.n {
		return t.x.contextOf()
	}
	over := &exchangeContext{x: t.x}
	over.inner.Store(c.overContext())
	return over
}

// Read reads the content of the request. If the client waits for it, the first
// Read sends 100 (Continue).
func (t Exchange) Read(p []byte) (int, error) {
	x, err := t.enter()
	if err != nil {
		return 0, err
	}
	defer x.exit()
	return x.receive(p)
}

// Trailer returns the request's trailer section, nil before the content has
// been read to its end or if there is none.
func (t Exchange) Trailer() *semantics.Fields {
	x, err := t.enter()
	if err != nil {
		return nil
	}
	defer x.exit()
	return x.content.trailer
}

// Broken returns what has ended the request's content, if not its end, once Read has returned it.
func (t Exchange) Broken() error {
	x, err := t.enter()
	if err != nil {
		return nil
	}
	defer x.exit()
	if !x.seenBroken {
		return nil
	}
	return x.content.err
}

// SetReadDeadline bounds the time that Read may wait; the zero time removes the
// bound. A Read that waits for longer fails with os.ErrDeadlineExceeded, one that has begun before, too.
func (t Exchange) SetReadDeadline(at time.Time) {
	if x, err := t.enter(); err == nil {
		defer x.exit()
		x.readBy(x.c.group.expires(at))
	}
}

// SetWriteDeadline bounds the time until which the response may be written; the
// zero time removes the bound. Later writes fail with os.ErrDeadlineExceeded, and
// one that waits then, though it has begun before, is cut together with the connection.
func (t Exchange) SetWriteDeadline(at time.Time) {
	if x, err := t.enter(); err == nil {
		defer x.exit()
		x.writeUntil(x.c.group.expires(at))
	}
}

// Respond begins a response: an interim one, which is sent at once, or the final
// one. See [engine.Server.Respond] for length and framing.
func (t Exchange) Respond(r *semantics.Response, length int64) error {
	x, err := t.enter()
	if err != nil {
		return err
	}
	defer x.exit()
	return x.respond(r, length)
}

// Begun reports whether the final response has begun.
func (t Exchange) Begun() bool {
	x, err := t.enter()
	if err != nil {
		return true
	}
	defer x.exit()
	return x.begun
}

// Hold keeps content back, a few KiB at most, for what comes next to lay out: Write, Release, Answer.
func (t Exchange) Hold(p []byte) error {
	x, err := t.enter()
	if err == nil {
		x.held = append(x.held, p...)
		x.exit()
	}
	return err
}

// HoldString is Hold.
func (t Exchange) HoldString(p string) error {
	x, err := t.enter()
	if err == nil {
		x.held = append(x.held, p...)
		x.exit()
	}
	return err
}

// Release lays out what was held back.
func (t Exchange) Release() error {
	x, err := t.enter()
	if err != nil {
		return err
	}
	defer x.exit()
	return x.release()
}

// Forget forgets what was held back.
func (t Exchange) Forget() {
	if x, err := t.enter(); err == nil {
		x.held = x.held[:0]
		x.exit()
	}
}

// Write writes content of the response, after what was held back. It returns when p may be changed again;
// what is small may still wait for Flush or for the end of the exchange.
func (t Exchange) Write(p []byte) (int, error) {
	x, err := t.enter()
	if err != nil {
		return 0, err
	}
	defer x.exit()
	if err := x.release(); err != nil {
		return 0, err
	}
	return x.write(p)
}

// End ends the response; trailer may be nil.
func (t Exchange) End(trailer *semantics.Fields) error {
	x, err := t.enter()
	if err != nil {
		return err
	}
	defer x.exit()
	if err := x.release(); err != nil {
		return err
	}
	return x.end(trailer)
}

// Answer is Respond and End in one, for a response whose content, if it has any, has been held back as a whole.
func (t Exchange) Answer(r *semantics.Response, length int64, trailer *semantics.Fields) error {
	x, err := t.enter()
	if err != nil {
		return err
	}
	defer x.exit()
	if err := x.respond(r, length); err != nil {
		return err
	}
	if err := x.release(); err != nil {
		return err
	}
	return x.end(trailer)
}

// Flush writes what has been laid out so far, and what was held back.
func (t Exchange) Flush() error {
	x, err := t.enter()
	if err != nil {
		return err
	}
	defer x.exit()
	if err := x.release(); err != nil {
		return err
	}
	if err := x.writable(); err != nil {
		return err
	}
	return x.c.flush()
}

// Abort abandons the exchange: the peer cannot take what it has got for a
// whole response. On HTTP/1 that ends the connection. A tunnel is reset.
func (t Exchange) Abort() {
	x, err := t.enter()
	if err != nil {
		return
	}
	tunnel := x.tunnel()
	if !x.ended {
		x.abandon()
	}
	x.exit()
	if tunnel != nil {
		_ = tunnel.Reset()
	}
}

var _ io.ReadWriter = Exchange{}
