package proxying

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A socket is a listener that is lent to one server after another.
type socket struct {
	ln     net.Listener
	accept sync.Mutex // held by who accepts
}

// deadliner is what listeners of TCP and of Unix sockets have.
type deadliner interface{ SetDeadline(time.Time) error }

// A loan is a socket as long as one server has it. Closing it leaves the socket open for the next one.
type loan struct {
	*socket
	over   atomic.Bool
	once   sync.Once
	closed chan struct{}
}

func (s *socket) lend() *loan { return &loan{socket: s, closed: make(chan struct{})} }

// Accept implements [net.Listener]. When the loan is over it waits for Close: the server is told of its end in another way.
func (l *loan) Accept() (net.Conn, error) {
	for {
		c, err := l.acceptOne()
		switch {
		case l.over.Load() && c == nil:
			<-l.closed
			return nil, net.ErrClosed
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue // that was meant for who had it before
		}
		return c, err
	}
}

func (l *loan) acceptOne() (net.Conn, error) {
	l.accept.Lock()
	defer l.accept.Unlock()
	if l.over.Load() {
		return nil, net.ErrClosed
	}
	return l.ln.Accept()
}

// end ends the loan: when it returns its server gets no more connections, and those that come wait for the next one. What has no deadlines
// cannot be lent twice: it is closed.
func (l *loan) end() {
	if l.over.Swap(true) {
		return
	}
	d, is := l.ln.(deadliner)
	if !is {
		l.ln.Close()
		return
	}
	_ = d.SetDeadline(time.Unix(1, 0)) // wakes who accepts
	l.accept.Lock()
	defer l.accept.Unlock()
	_ = d.SetDeadline(time.Time{})
}

// Close implements [net.Listener].
func (l *loan) Close() error {
	l.end()
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements [net.Listener].
func (l *loan) Addr() net.Addr { return l.ln.Addr() }
