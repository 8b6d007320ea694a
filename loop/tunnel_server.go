package loop

import (
	"errors"
	"fmt"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/semantics"
)

// This file is how a handler takes the flow.

var (
	// ErrNoTunnel: a tunnel was wanted of an exchange that is none.
	ErrNoTunnel = errors.New("paf: this is no tunnel")
	// ErrNoHijack: HTTP/2 has no flow for a single exchange. It is errors.ErrUnsupported, too.
	ErrNoHijack = fmt.Errorf("paf: a connection of HTTP/2 cannot be hijacked: %w", errors.ErrUnsupported)
	// ErrTaken: an exchange is used whose flow has been taken.
	ErrTaken = errors.New("paf: the flow of the exchange has been taken")
)

// Codes that tell what has become of a tunnel's other end.
const (
	codeCancel  engine.Code = 0x8 // RFC 8441, Section 5: what TCP would say by RST
	codeConnect engine.Code = 0xa // RFC 9113, Section 8.5: "a stream error […] of type CONNECT_ERROR"
)

// Tunnel grants what a request asks for, CONNECT or an upgrade, with the response r: of status 101 to an upgrade on HTTP/1, else of
// status 2xx. It returns when the response has been written. From then on all other methods fail with ErrTaken; the tunnel
// is the caller's, and outlives the handler. Errors: ErrNoTunnel, after which the request can be answered in another way; ErrTaken.
func (t Exchange) Tunnel(head *semantics.Request, r *semantics.Response) (*Tunnel, error) {
	x, err := t.enter()
	if err != nil {
		return nil, err
	}
	defer x.exit()
	c := x.c
	switch {
	case x.taken:
		return nil, ErrTaken
	case x.begun:
		return nil, engine.Misuse(engine.RuleOrder, "the final response has begun")
	case !x.mayTunnel(head, r.Status):
		return nil, ErrNoTunnel
	}
	length := int64(0)
	if c.mux != nil {
		x.lasts()
		c.attach(&x.content)
		length = -1
	}
	if err := x.respond(r, length); err != nil {
		return nil, err
	}
	if err := x.flushToTake(); err != nil {
		return nil, err
	}
	x.taken, x.ended = true, true
	var tunnel *Tunnel
	if c.mux == nil {
		x.leaveContent()
		f := c.newTakenFlow(c.closeFlow)
		c.moved(ConnTaken)
		tunnel = c.newTunnel(c.base, f)
	} else {
		tunnel = c.newStreamTunnel(c.base, &streamFlow{b: &x.content, code: resetCode(head), after: c.afterStream})
	}
	x.content.owner = &taker{x, tunnel}
	return tunnel, nil
}

// flushToTake writes what has been laid out, and reports why the flow cannot be taken after that: somebody else may have taken it meanwhile. c.mu is
// held, and released meanwhile.
func (x *exchange) flushToTake() error {
	if err := x.c.flush(); err != nil {
		return err
	}
	switch {
	case x.done:
		return ErrOver
	case x.taken:
		return ErrTaken
	}
	return nil
}

// A taker is an exchange whose flow, or stream, has been taken for a tunnel, as what the tunnel's content belongs to.
type taker struct {
	*exchange
	tunnel *Tunnel
}

func (t *taker) event(ev *engine.Event) {
	t.exchange.event(ev)
	if ev.Kind == engine.Fault {
		t.tunnel.cancel(&GoneError{Op: "read", Err: ev.Err})
	}
}

func (t *taker) lost(err error) {
	t.exchange.lost(err)
	t.tunnel.cancel(t.lostFor(err))
}

// tunnel returns what the exchange has been taken for, nil for none.
func (x *exchange) tunnel() *Tunnel {
	if t, is := x.content.owner.(*taker); is {
		return t.tunnel
	}
	return nil
}

// mayTunnel reports whether a response of some status grants a tunnel. RFC 9110, Section 7.8: the server switches after it has read
// the request, content and all.
func (x *exchange) mayTunnel(head *semantics.Request, status int) bool {
	switch {
	case head == nil:
		return false
	case head.Method == semantics.MethodConnect:
		return semantics.Successful(status)
	}
	return x.c.mux == nil && head.Upgrade != "" && status == semantics.StatusSwitchingProtocols && x.content.ended && x.content.err == nil
}

func resetCode(head *semantics.Request) engine.Code {
	if head.Upgrade != "" {
		return codeCancel
	}
	return codeConnect
}

// Hijack ends HTTP on a connection of HTTP/1, and returns its flow and what had been read of it and not consumed, the request's content
// included. What has been laid out of a response is written first; nothing is afterwards. The flow is the caller's: neither counted,
// nor told of the stop, nor waited for, nor closed. Other methods then fail with ErrTaken. Errors: ErrNoHijack, ErrTaken, those of Flush.
func (t Exchange) Hijack() (flow.Flow, []byte, error) {
	x, err := t.enter()
	if err != nil {
		return nil, nil, err
	}
	defer x.exit()
	c := x.c
	switch {
	case c.mux != nil:
		return nil, nil, ErrNoHijack
	case x.taken:
		return nil, nil, ErrTaken
	}
	if err := x.flushToTake(); err != nil {
		return nil, nil, err
	}
	x.taken, x.ended = true, true
	x.leaveContent()
	early := c.takeOver()
	c.hijacked = true
	f := c.flow
	if c.reading {
		f = &hijackedFlow{takenFlow{c: &c.conn}}
	}
	c.mu.Unlock()
	c.disown()
	c.mu.Lock()
	return f, early, nil
}

// A hijackedFlow is one on which a read is going on that could not be ended.
type hijackedFlow struct{ takenFlow }

// Close closes the flow.
func (h *hijackedFlow) Close() error { return h.c.flow.Close() }

// Powers returns those of the flow.
func (h *hijackedFlow) Powers() flow.Powers { return h.c.powers }

// leaveContent has whoever waits for content wait no more, be it for the peer to go.
func (x *exchange) leaveContent() {
	x.content.gone = ErrTaken
	if x.looked {
		x.lookAway()
	}
}

// disown takes a connection that was hijacked from the group, together with the goroutine that it is served on.
func (c *serverConn) disown() {
	g, a := c.group, c.from
	g.tell(c.flow, ConnTaken)
	g.remove(c, Taken)
	if a != nil {
		a.ended(nil)
		g.done() // what began the goroutine ends it once more: see own
	}
}

// own takes the goroutine back, which is about to end.
func (c *serverConn) own() {
	if c.from != nil {
		c.group.begin()
	}
}

// lasts is called by an exchange that is going to take long: others read meanwhile.
func (x *exchange) lasts() {
	if x.c.turn.inline == x {
		x.c.runApart(apartWatch)
	}
	x.waits()
}

// afterStream is called when a tunnel may have ended a stream.
func (c *serverConn) afterStream() {
	c.settle()
	c.push()
	if c.out.Len() > 0 && !c.writing && c.writeErr == nil {
		_ = c.flush()
	}
	if !c.goesOn() {
		c.wakeReader()
	}
	c.notify()
}

// finishTaken ends an exchange whose flow has been taken: it goes on without the handler. c.mu is held.
func (c *serverConn) finishTaken(x *exchange) {
	x.finishContext()
	if c.mux == nil {
		c.current = nil
		c.lookDue.Store(0)
		return
	}
	if !x.returned {
		x.waits()
		c.mu.Unlock()
		_ = x.tunnel().Reset()
		c.mu.Lock()
	}
	if c.turn.inline == x {
		c.turn.inline = nil
	}
	c.notify()
}
