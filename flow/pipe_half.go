package flow

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A half is one direction of a pipe: a bounded queue of bytes between a writer and
// a reader. Whoever waits for it does so on a condition variable, which
// testing/synctest understands.
type half struct {
	size int

	mu      sync.Mutex
	changed sync.Cond // any field below
	queue   []byte    // queue[head:] is not read yet
	head    int
	writer  side
	reader  side
	reset   bool // by either of them
	through bool // a write waits until the reader comes for more: then it is done with all that was written
	hungry  bool // it has, and waits
}

// A side is what one end of a pipe has to do with one half.
type side struct {
	ended  bool // CloseWrite or CloseRead
	closed bool // Close
	due    Deadline
}

func newHalf(size int) *half {
	h := &half{size: size}
	h.changed.L = &h.mu
	return h
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.reader.closed:
			return 0, net.ErrClosed
		case h.reset:
			return 0, syscall.ECONNRESET
		case h.reader.due.Past():
			return 0, os.ErrDeadlineExceeded
		case h.reader.ended:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		case len(h.queue) > h.head:
			return h.take(p), nil
		case h.writer.ended:
			return 0, io.EOF
		}
		if h.through && !h.hungry {
			h.hungry = true
			h.changed.Broadcast()
		}
		h.changed.Wait()
	}
}

func (h *half) write(p []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.writer.closed:
			return n, net.ErrClosed
		case h.reset:
			return n, syscall.ECONNRESET
		case h.writer.ended, h.reader.ended:
			return n, syscall.EPIPE
		case h.writer.due.Past():
			return n, os.ErrDeadlineExceeded
		}
		n += h.put(p[n:])
		if n == len(p) && (!h.through || h.hungry || n == 0) {
			return n, nil
		}
		h.changed.Wait()
	}
}

// take moves bytes from the queue to p; h.mu is held.
func (h *half) take(p []byte) int {
	n := copy(p, h.queue[h.head:])
	h.head += n
	if h.head == len(h.queue) {
		h.queue, h.head = h.queue[:0], 0
	}
	h.changed.Broadcast()
	return n
}

// put moves to the queue as much of p as it may hold; h.mu is held.
func (h *half) put(p []byte) int {
	live := len(h.queue) - h.head
	n := min(len(p), h.size-live)
	if n == 0 {
		return 0
	}
	// Only when half of the memory or more is free, so that moving costs less than
	// what was read meanwhile.
	if len(h.queue)+n > cap(h.queue) && h.head >= live {
		copy(h.queue, h.queue[h.head:])
		h.queue, h.head = h.queue[:live], 0
	}
	h.queue = append(h.queue, p[:n]...)
	h.hungry = false
	h.changed.Broadcast()
	return n
}

// end ends the half for one of its sides, by Close or by half of one. It reports
// whether that side had not closed it before.
func (h *half) end(s *side, closed bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := !s.closed
	s.ended = true
	s.closed = s.closed || closed
	if s.closed {
		s.due.Set(&h.mu, time.Time{}, nil)
	}
	if h.reader.ended {
		h.queue, h.head = nil, 0
	}
	h.changed.Broadcast()
	return first
}

// drop ends the half for both of its sides and loses what it holds.
func (h *half) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reset = true
	h.queue, h.head = nil, 0
	h.changed.Broadcast()
}

// setDeadline reports whether it could: the side has not closed the half.
func (h *half) setDeadline(s *side, t time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.closed {
		return false
	}
	s.due.Set(&h.mu, t, h.changed.Broadcast)
	return true
}
