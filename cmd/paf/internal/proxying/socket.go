package proxying

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A socket is a listener that is lent to one server after another: closing a loan leaves it open for the next one.
type socket struct {
	ln     net.Listener
	accept sync.Mutex // held by who accepts
}

// deadliner is what listeners of TCP and of Unix sockets have.
type deadliner interface{ SetDeadline(time.Time) error }

// A loan is a socket as long as one server has it.
type loan struct {
	*socket
	over atomic.Bool
}

func (s *socket) lend() net.Listener { return &loan{socket: s} }

// Accept implements [net.Listener].
func (l *loan) Accept() (net.Conn, error) {
	for {
		c, err := l.once()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue // that was meant for the one who had it before, or for us
		}
		return c, err
	}
}

func (l *loan) once() (net.Conn, error) {
	l.accept.Lock()
	defer l.accept.Unlock()
	if l.over.Load() {
		return nil, net.ErrClosed
	}
	return l.ln.Accept()
}

// Close implements [net.Listener]: it wakes who accepts.
func (l *loan) Close() error {
	if l.over.Swap(true) {
		return net.ErrClosed
	}
	d, is := l.ln.(deadliner)
	if !is {
		return l.ln.Close()
	}
	_ = d.SetDeadline(time.Unix(1, 0))
	l.accept.Lock()
	defer l.accept.Unlock()
	return d.SetDeadline(time.Time{})
}

// Addr implements [net.Listener].
func (l *loan) Addr() net.Addr { return l.ln.Addr() }
