package netstack

import (
	"io"
	"sync"
)

// Pair returns two links that lead to each other, in memory. They carry packets of IP with an MTU of 65535 bytes; Ethernet and
// MTU may be changed in both before they are used. When one stack has been closed, so has the other one's link.
func Pair() (a, b Link) {
	there, back := newLane(), newLane()
	a = Link{Carrier: &pairEnd{in: back, out: there}, MTU: maxMTU}
	b = Link{Carrier: &pairEnd{in: there, out: back}, MTU: maxMTU}
	return a, b
}

// A pairEnd is one end of a Pair.
type pairEnd struct{ in, out *lane }

func (e *pairEnd) Read(p []byte) (int, error)  { return e.in.take(p) }
func (e *pairEnd) Write(p []byte) (int, error) { return e.out.put(p) }

func (e *pairEnd) Close() error {
	e.in.close()
	e.out.close()
	return nil
}

// laneSize is how many bytes are on their way in one direction of a Pair.
const laneSize = 256 << 10

// A lane moves packets in one direction. They lie one behind the other in buf, which is a ring of memory: a
// packet needs no memory of its own.
type lane struct {
	mu      sync.Mutex
	changed sync.Cond
	buf     []byte
	sizes   []int // of the packets, the next one first
	start   int   // of the next one
	used    int
	closed  bool
}

func newLane() *lane {
	l := &lane{}
	l.changed.L = &l.mu
	return l
}

// put waits until there is room for p.
func (l *lane) put(p []byte) (int, error) {
	if len(p) > laneSize {
		return 0, io.ErrShortBuffer
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.used+len(p) > laneSize && !l.closed {
		l.changed.Wait()
	}
	if l.closed {
		return 0, io.ErrClosedPipe
	}
	if l.buf == nil {
		l.buf = make([]byte, laneSize)
	}
	end := (l.start + l.used) % laneSize
	n := copy(l.buf[end:], p)
	copy(l.buf, p[n:])
	l.used += len(p)
	l.sizes = append(l.sizes, len(p))
	l.changed.Broadcast()
	return len(p), nil
}

// take waits for the next packet. What has been put is still delivered after the end.
func (l *lane) take(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.sizes) == 0 && !l.closed {
		l.changed.Wait()
	}
	if len(l.sizes) == 0 {
		return 0, io.EOF
	}
	size := l.sizes[0]
	l.sizes = l.sizes[1:]
	head := l.buf[l.start:min(l.start+size, laneSize)]
	n := copy(p, head)
	if n == len(head) {
		n += copy(p[n:], l.buf[:size-len(head)])
	}
	l.start = (l.start + size) % laneSize
	l.used -= size
	l.changed.Broadcast()
	return n, nil
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.changed.Broadcast()
}
