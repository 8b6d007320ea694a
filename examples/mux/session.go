package main

import (
	"io"
	"net"
	"sync"

	"github.com/xtaci/smux"
)

// settings are those of a session. In version 2 of smux each stream has a window, so that one which nobody reads does not hold up the others.
func settings() *smux.Config {
	c := smux.DefaultConfig()
	c.Version, c.MaxStreamBuffer = 2, 256<<10
	return c
}

// A whole connection ends with an error: what ends in peace are its streams, each by a word of its own.
type whole struct{ net.Conn }

func (c whole) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// A listener accepts the streams of a session. Unlike the session it can be closed while streams are in use.
type listener struct {
	session *smux.Session
	streams chan *smux.Stream
	failed  chan error
	closed  chan struct{}
	once    sync.Once
}

func newListener(s *smux.Session) *listener {
	l := &listener{s, make(chan *smux.Stream), make(chan error, 1), make(chan struct{}), sync.Once{}}
	go l.accept()
	return l
}

func (l *listener) accept() {
	for {
		s, err := l.session.AcceptStream()
		if err != nil {
			l.failed <- err
			return
		}
		select {
		case l.streams <- s:
		case <-l.closed:
			_ = s.Close()
		}
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case s := <-l.streams:
		return newStream(s), nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.session.LocalAddr() }
