package paftest

import (
	"context"
	"net"
	"sync"

	"github.com/paf-go/paf/flow"
)

// A Listener is a net.Listener whose connections are pipes in memory. It is safe for concurrent use.
type Listener struct {
	accept chan flow.Flow
	closed chan struct{}
	once   sync.Once
}

// Listen makes a listener.
func Listen() *Listener {
	return &Listener{accept: make(chan flow.Flow), closed: make(chan struct{})}
}

// Dial opens a flow to the listener and returns when it has been accepted. Errors:
// net.ErrClosed, the cause of ctx.
func (l *Listener) Dial(ctx context.Context) (flow.Flow, error) {
	here, there := flow.Pipe(0)
	select {
	case l.accept <- there:
		return here, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: addr{}, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Accept returns the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case f := <-l.accept:
		return flow.NetConn(f), nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "memory", Addr: addr{}, Err: net.ErrClosed}
	}
}

// Close makes Accept and Dial fail.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns an address that says "memory".
func (l *Listener) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "memory" }
