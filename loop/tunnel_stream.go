package loop

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
)

// A streamFlow is a stream of a multiplexed connection as a flow. The connection's lock guards it.
type streamFlow struct {
	b     *content
	code  engine.Code // what Reset says
	after func()      // something has been said that may end the stream, or the connection; c.mu is held, and may be released meanwhile

	readDue  flow.Deadline // to the instant and not to the sweeper's tick: whoever holds a tunnel is used to that
	writeDue flow.Deadline
	ended    bool // CloseWrite
	closed   bool
	linger   *time.Timer // since Close, until the stream has ended
}

func (s *streamFlow) Read(p []byte) (n int, err error) {
	b, c := s.b, s.b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	defer b.unbox()
	for {
		switch {
		case s.closed:
			return 0, net.ErrClosed
		case n > 0: // what has come into p is not lost to a deadline that has passed since
			return s.take(p, n), nil
		case s.readDue.Past():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case b.unread():
			return s.take(p, 0), nil
		case b.ended:
			return 0, s.end()
		}
		n = b.waitLending(p)
	}
}

// take reads what has come, behind n bytes that are in p already, and gives credit for both.
func (s *streamFlow) take(p []byte, n int) int {
	b, c := s.b, s.b.c
	if b.unread() {
		n += b.inbox.queue.read(p[n:])
	}
	c.mux.Consumed(c.group.now(), s.b.stream, n)
	s.say()
	return n
}

// end is what Read says at the end of what the peer sends.
func (s *streamFlow) end() error {
	if err := s.b.end(); err == io.EOF {
		return err
	}
	return &GoneError{Op: "read", Err: s.b.err}
}

// Write returns when all of p is laid out, in memory of the connection: nothing refers to p any more, even when it fails.
func (s *streamFlow) Write(p []byte) (written int, err error) {
	b, c := s.b, s.b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	defer b.unbox()
	for written < len(p) {
		if err := s.writable(); err != nil {
			return written, err
		}
		b.ready = false // before: it may come while what Data took is being written
		n, err := s.data(p[written:])
		written += n
		if err != nil {
			return written, &GoneError{Op: "write", Err: err}
		}
		if written < len(p) {
			s.awaitReady()
		}
	}
	s.say()
	return written, nil
}

func (s *streamFlow) data(p []byte) (int, error) {
	out := &s.b.c.out
	segmentMin := out.SegmentMin
	out.SegmentMin = 0
	n, err := s.b.c.eng.Data(out, s.b.stream, p)
	out.SegmentMin = segmentMin
	return n, err
}

// awaitReady waits until more may be laid out.
func (s *streamFlow) awaitReady() {
	for !s.b.ready && s.writable() == nil {
		s.b.wait()
	}
	if !s.b.ready {
		_, _ = s.b.c.eng.Data(&s.b.c.out, s.b.stream, nil) // it waits no more
	}
}

// writable reports why nothing can be written.
func (s *streamFlow) writable() error {
	switch c := s.b.c; {
	case s.closed:
		return net.ErrClosed
	case s.ended:
		return &net.OpError{Op: "write", Net: "flow", Err: syscall.EPIPE}
	case s.b.gone != nil:
		return &GoneError{Op: "write", Err: s.b.gone}
	case c.writeErr != nil:
		return c.writeErr
	case s.writeDue.Past():
		return os.ErrDeadlineExceeded
	}
	return nil
}

// say has what was laid out written, without waiting for another who is writing.
func (s *streamFlow) say() {
	c := s.b.c
	c.push()
	if c.mux.together == nil && c.out.Len() > 0 && !c.writing && c.writeErr == nil {
		_ = c.flush() // whoever has the turn runs a handler
	}
}

// CloseWrite says END_STREAM.
func (s *streamFlow) CloseWrite() error {
	s.b.c.mu.Lock()
	defer s.b.c.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if s.b.gone != nil && !s.ended {
		return &GoneError{Op: "write", Err: s.b.gone}
	}
	s.endWrite()
	s.after()
	return nil
}

// endWrite ends our sending side, once.
func (s *streamFlow) endWrite() {
	if !s.ended && s.b.gone == nil {
		_ = s.b.c.eng.End(&s.b.c.out, s.b.stream, nil)
	}
	s.ended = true
	s.b.wake()
}

// Close says END_STREAM, and lets the peer do so, too. RST_STREAM follows only if the peer goes on sending, or if it has sent what nobody has read,
// as a kernel does with TCP: a peer that counts resets has nothing to count.
func (s *streamFlow) Close() error {
	b, c := s.b, s.b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.close() {
		return net.ErrClosed
	}
	s.endWrite()
	if b.ended || b.gone != nil || b.unread() {
		s.part(0)
	} else {
		s.lingers()
	}
	s.after()
	return nil
}

// Reset says RST_STREAM.
func (s *streamFlow) Reset() error {
	c := s.b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.close() {
		return net.ErrClosed
	}
	s.part(s.code)
	s.after()
	return nil
}

// close makes every call fail, and wakes those that wait; false if that has been done before.
func (s *streamFlow) close() bool {
	if s.closed {
		return false
	}
	s.closed = true
	s.readDue.Set(&s.b.c.mu, time.Time{}, nil)
	s.writeDue.Set(&s.b.c.mu, time.Time{}, nil)
	s.b.wake()
	return true
}

// part gives the stream up: what of it is not complete is reset.
func (s *streamFlow) part(code engine.Code) {
	if s.linger != nil {
		s.linger.Stop()
	}
	delete(s.b.c.mux.refused, s.b.stream)
	s.b.c.eng.Reset(&s.b.c.out, s.b.stream, code)
	s.b.c.detach(s.b)
}

// lingers leaves it to the peer to end the stream, for a while.
func (s *streamFlow) lingers() {
	c := s.b.c
	c.detach(s.b)
	if c.mux.refused == nil {
		c.mux.refused = map[engine.StreamID]*streamFlow{}
	}
	c.mux.refused[s.b.stream] = s
	if limit := c.group.config.LingerTimeout; limit >= 0 {
		s.linger = time.AfterFunc(limit, s.lingered)
	}
}

// refuse is called when something comes on the stream after Close. c.mu is held, and is not released.
func (s *streamFlow) refuse() {
	s.part(0)
	s.b.c.group.spawn(s.settle)
}

// lingered is called when nothing has come for too long.
func (s *streamFlow) lingered() {
	c := s.b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mux.refused[s.b.stream] == s {
		s.part(0)
		s.after()
	}
}

func (s *streamFlow) settle() {
	s.b.c.mu.Lock()
	defer s.b.c.mu.Unlock()
	s.after()
}

func (s *streamFlow) SetReadDeadline(t time.Time) error  { return s.setDue(&s.readDue, t) }
func (s *streamFlow) SetWriteDeadline(t time.Time) error { return s.setDue(&s.writeDue, t) }

func (s *streamFlow) setDue(d *flow.Deadline, t time.Time) error {
	s.b.c.mu.Lock()
	defer s.b.c.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	d.Set(&s.b.c.mu, t, s.b.wake)
	return nil
}

// Powers implements what flow.PowersOf asks for.
func (s *streamFlow) Powers() flow.Powers {
	p := s.b.c.powers
	return flow.Powers{ReadDeadline: s, WriteDeadline: s, CloseWriter: s, Resetter: s, Peer: p.Peer, Local: p.Local}
}
