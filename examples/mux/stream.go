package main

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/xtaci/smux"
)

// A stream is a flow: a stream of smux that keeps the promises of flow.Flow. A session says "the peer writes no more" and "the peer has gone"
// in one word, FIN. Here it stands for the latter: there are no half-closes, and what is written after it fails. To notice it while nobody reads, a
// goroutine reads ahead, as far as the pipe holds it, and then the stream's window.
type stream struct {
	inner *smux.Stream
	read  *flow.PipeEnd // what has come

	mu   sync.Mutex
	over error // why Write fails: the peer has gone, or Close
}

func newStream(inner *smux.Stream) *stream {
	near, far := flow.Pipe(0)
	s := &stream{inner: inner, read: near}
	go s.readAhead(far)
	return s
}

func (s *stream) readAhead(far *flow.PipeEnd) {
	_, err := io.Copy(struct{ io.Writer }{far}, struct{ io.Reader }{s.inner})
	if err != nil {
		_ = far.Reset() // the session has broken off, or Close
	} else {
		_ = far.CloseWrite()
	}
	s.end(syscall.EPIPE)
}

// end makes Write fail, the one that blocks included.
func (s *stream) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		s.over = why
		_ = s.inner.SetWriteDeadline(time.Unix(1, 0))
	}
}

func (s *stream) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// Read implements net.Conn.
func (s *stream) Read(p []byte) (int, error) { return s.read.Read(p) }

// Write implements net.Conn.
func (s *stream) Write(p []byte) (int, error) {
	if err := s.reason(); err != nil {
		return 0, err
	}
	n, err := s.inner.Write(p)
	if err == nil {
		return n, nil
	}
	if why := s.reason(); why != nil {
		return n, why
	}
	if errors.Is(err, smux.ErrTimeout) {
		return n, os.ErrDeadlineExceeded
	}
	return n, err
}

// Close implements net.Conn.
func (s *stream) Close() error {
	s.end(net.ErrClosed)
	_ = s.read.Close()
	return s.inner.Close()
}

// SetDeadline implements net.Conn.
func (s *stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (s *stream) SetReadDeadline(t time.Time) error { return s.read.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (s *stream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return s.over
	}
	return s.inner.SetWriteDeadline(t)
}

// LocalAddr and RemoteAddr are those of the connection.
func (s *stream) LocalAddr() net.Addr  { return s.inner.LocalAddr() }
func (s *stream) RemoteAddr() net.Addr { return s.inner.RemoteAddr() }
