package web

import (
	"net"
	"sync"
	"syscall/js"
)

// A Listener accepts the flows that [DialMessagePort] opens. It is a net.Listener.
type Listener struct {
	events *handlers
	ports  chan js.Value
	closed chan struct{}
	once   sync.Once
}

// backlog is how many flows may wait for Accept.
const backlog = 128

// Listen takes the ports that are posted to scope: in a worker js.Global(), in a page the Worker itself, if it is that which opens flows, or a
// MessagePort. Other messages to scope are left alone. A page whose scope is its window takes them of its own origin alone.
//
// Ports that are posted before are lost, for workers are loaded when they are: let the worker post that it is ready.
func Listen(scope js.Value) *Listener {
	l := &Listener{ports: make(chan js.Value, backlog), closed: make(chan struct{})}
	l.events = listen(scope, func(_ string, event js.Value) { l.offer(scope, event) }, "message")
	if start := scope.Get("start"); start.Type() == js.TypeFunction {
		scope.Call("start")
	}
	return l
}

// offer is called by the event loop.
func (l *Listener) offer(scope, event js.Value) {
	ports := event.Get("ports")
	switch {
	case !event.Get("data").Equal(js.ValueOf(protocol)) || ports.Length() != 1:
		return
	case isWindow(scope) && !event.Get("origin").Equal(scope.Get("origin")):
		return
	}
	select {
	case l.ports <- ports.Index(0):
	default:
		reject(ports.Index(0))
	}
}

func reject(port js.Value) {
	port.Call("postMessage", "reset")
	port.Call("close")
}

// Accept implements net.Listener: it returns a *Conn.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "web", Addr: l.Addr(), Err: net.ErrClosed}
	case p := <-l.ports:
		p.Call("postMessage", "open")
		return NewConn(p), nil
	}
}

// Close implements net.Listener: flows that wait to be accepted are refused.
func (l *Listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.events.stop()
		for {
			select {
			case p := <-l.ports:
				reject(p)
			default:
				return
			}
		}
	})
	return nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return addr{"web", "messages"} }
