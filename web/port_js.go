package web

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"syscall/js"

	"github.com/paf-go/paf/mimic"
)

// MessagePort opens flows over MessagePorts; its endpoint is where messages can be posted to for a [Listener] to get them: a Worker, the MessagePort of
// a SharedWorker, another window, a ServiceWorker. Its priority, 0, puts it before TLS and TCP.
var MessagePort = mimic.Register("messageport", 0, DialMessagePort)

// DialMessagePort opens a flow to a [Listener]: it makes a MessageChannel, posts one of its ports to target and waits until that is accepted.
// Whoever posts before somebody listens will wait in vain, until ctx ends. The error is [ErrRefused] if the listener has been closed, or more
// flows wait for its Accept than it lets wait.
func DialMessagePort(ctx context.Context, target js.Value) (*Conn, error) {
	channel := js.Global().Get("MessageChannel").New()
	p := &port{port: channel.Get("port1"), opened: make(chan error, 1)}
	c := p.conn()
	if err := attempt(func() { post(target, protocol, channel.Get("port2")) }); err != nil {
		p.abort()
		return nil, err
	}
	select {
	case err := <-p.opened:
		if err != nil {
			p.abort()
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		_ = p.close("reset")
		return nil, fmt.Errorf("web: nobody has accepted the port: %w", context.Cause(ctx))
	}
}

// post posts a message with a transferable object. A window wants to know for which origin it is: any, since who asks has chosen the window.
func post(target js.Value, message any, transfer js.Value) {
	options := map[string]any{"transfer": []any{transfer}}
	if isWindow(target) {
		options["targetOrigin"] = "*"
	}
	target.Call("postMessage", message, options)
}

func isWindow(v js.Value) bool {
	class := js.Global().Get("Window")
	return class.Truthy() && v.InstanceOf(class)
}

// NewConn returns the flow over a MessagePort whose other end is another NewConn's. The port is the flow's alone from then on. It is for ports
// that have come in a way of their own; one flow is all that they carry.
func NewConn(messagePort js.Value) *Conn { return (&port{port: messagePort}).conn() }

// A port is a MessagePort as a carrier.
type port struct {
	port   js.Value
	events *handlers
	opened chan error // nil unless the answer of a listener is waited for
	once   sync.Once  // of abort
}

func (p *port) conn() *Conn {
	c := newConn(p)
	p.events = listen(p.port, func(kind string, event js.Value) { p.happens(c, kind, event) }, "message", "messageerror", "close")
	p.port.Call("start")
	return c
}

// happens is called by the event loop.
func (p *port) happens(c *Conn, kind string, event js.Value) {
	switch {
	case kind != "message": // "close" comes, where a browser has it, when the other end is gone with its worker
		c.lose(fmt.Errorf("%w: the other end of the port is gone", syscall.ECONNRESET))
		p.answer(ErrRefused)
	case p.opened != nil && event.Get("data").Equal(js.ValueOf("open")):
		p.answer(nil)
	default:
		data := event.Get("data")
		if data.Equal(js.ValueOf("reset")) {
			p.answer(ErrRefused)
		}
		deliver(c, data)
	}
}

func (p *port) answer(err error) {
	select {
	case p.opened <- err:
	default: // nobody waits
	}
}

// worthTransfer is from how many bytes on it costs less to hand memory over than to have it copied: in Chromium 9 to 21 us and 16 to 24 us for
// 4 KiB, 50 us and 250 us for 64 KiB; below that there is no difference.
const worthTransfer = 4 << 10

func (p *port) send(pieces [][]byte, n int) error {
	buffer := bytesOf(pieces, n).Get("buffer")
	if n < worthTransfer {
		return attempt(func() { p.port.Call("postMessage", buffer) })
	}
	return attempt(func() { p.port.Call("postMessage", buffer, []any{buffer}) })
}

func (p *port) tell(word string) { p.port.Call("postMessage", word) }

// close does not wait: what was posted before arrives all the same.
func (p *port) close(word string) error {
	p.tell(word)
	p.abort()
	return nil
}

func (p *port) abort() {
	p.once.Do(func() {
		p.events.stop()
		p.port.Call("close")
	})
}
