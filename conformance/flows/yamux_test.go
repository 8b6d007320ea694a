package flows

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-yamux/v5"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/paftest/httpover"
)

func TestHTTPWorksOverYamux(t *testing.T)    { works(t, listening(session)) }
func TestAStreamOfYamuxIsAFlow(t *testing.T) { flowtest.Run(t, pairs(listening(session))) }

// session opens the streams of a yamux session over a pipe.
func session(t testing.TB) (net.Listener, httpover.Dial) {
	t.Helper()
	here, there := flow.Pipe(0)
	config := yamux.DefaultConfig()
	config.LogOutput, config.EnableKeepAlive = io.Discard, false
	client, err := yamux.Client(here, config, nil)
	if err != nil {
		t.Fatal(err)
	}
	server, err := yamux.Server(there, config, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return accepting(server), func(ctx context.Context) (flow.Flow, error) {
		s, err := client.OpenStream(ctx)
		if err != nil {
			return nil, err
		}
		return &stream{Stream: s}, nil
	}
}

// streams are those that the peer opens. To close them ends accepting, and not the session.
type streams struct {
	*yamux.Session
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func accepting(s *yamux.Session) *streams {
	l := &streams{Session: s, accepted: make(chan net.Conn), closed: make(chan struct{})}
	go func() {
		for {
			s, err := l.AcceptStream()
			if err != nil {
				return
			}
			select {
			case l.accepted <- &stream{Stream: s}:
			case <-l.closed:
				_ = s.Reset()
			}
		}
	}()
	return l
}

func (l *streams) Accept() (net.Conn, error) {
	select {
	case c := <-l.accepted:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *streams) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// A stream is one of yamux as a flow has to be: deadlines are told by their error, and what comes after Close resets the stream, of which yamux tells
// the peer nothing otherwise.
type stream struct {
	*yamux.Stream
	closed  atomic.Bool
	reading sync.Mutex
}

func (s *stream) Read(p []byte) (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := s.Stream.Read(p)
	if s.closed.Load() && n == 0 {
		return 0, net.ErrClosed
	}
	return n, late(err)
}

func (s *stream) Write(p []byte) (int, error) {
	n, err := s.Stream.Write(p)
	return n, late(err)
}

func (s *stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

func (s *stream) SetReadDeadline(t time.Time) error {
	if s.closed.Load() {
		return net.ErrClosed // it is the last reader's
	}
	return s.Stream.SetReadDeadline(t)
}

// Close ends our side and leaves the stream to one who reads for the last time.
func (s *stream) Close() error {
	if s.closed.Swap(true) {
		return net.ErrClosed
	}
	err := s.CloseWrite()
	_ = s.Stream.SetReadDeadline(time.Unix(1, 0)) // whoever reads leaves
	go func() {
		s.reading.Lock()
		defer s.reading.Unlock()
		_ = s.Stream.SetReadDeadline(time.Time{})
		if n, _ := s.Stream.Read(make([]byte, 1)); n > 0 {
			_ = s.Reset()
		}
		_ = s.CloseRead()
	}()
	return err
}

func late(err error) error {
	if errors.Is(err, yamux.ErrTimeout) {
		return os.ErrDeadlineExceeded
	}
	return err
}
