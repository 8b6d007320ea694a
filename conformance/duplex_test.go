package conformance

import (
	"io"
	"sync"
	"testing"
	"time"
)

// TestResponseBesideItsRequestIsReadOn: the peer sends back what it gets while the client still sends, until both
// directions are full. Whoever reads then may not stop in order to write: the peer waits for him.
func TestResponseBesideItsRequestIsReadOn(t *testing.T) {
	const size = 32 << 20
	each(t, echoes, func(t *testing.T, x *there) {
		c := x.client(t)
		c.Limits.ContentTimeout, c.WriteTimeout = 20*time.Second, 20*time.Second
		content := newLockstep(size)
		r := x.request(t, "POST", "/echo", content)
		r.Length = size
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := content.readBack(resp.Body)
		resp.Body.Close()
		if err != nil || n != size {
			t.Errorf("of %d bytes %d came back: %v", int64(size), n, err)
		}
	})
}

// A lockstep is content whose Read lasts as long as one Read of the response, while that is more than a MiB behind. So
// twice as much goes out as comes back, and the room for it ends while the response is read. What is on the way is
// always enough for that Read: nobody waits for himself.
type lockstep struct {
	mu      sync.Mutex
	moved   sync.Cond
	begun   chan struct{} // a Read has begun to wait
	left    int
	ahead   int // what has gone out and not come back
	waiting bool
	done    bool
}

func newLockstep(size int) *lockstep {
	l := &lockstep{left: size, begun: make(chan struct{}, 1)}
	l.moved.L = &l.mu
	return l
}

func (l *lockstep) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ahead > 1<<20 && !l.done {
		l.waiting = true
		select {
		case l.begun <- struct{}{}:
		default:
		}
		for l.waiting {
			l.moved.Wait()
		}
	}
	n := min(len(p), l.left)
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	l.left -= n
	l.ahead += n
	return n, nil
}

// readBack reads a response to its end.
func (l *lockstep) readBack(r io.Reader) (total int64, err error) {
	buf := make([]byte, 32<<10)
	for patience := 20; err == nil; {
		late := time.After(0)
		if patience > 0 {
			late = time.After(50 * time.Millisecond)
		}
		select {
		case <-l.begun:
		case <-late: // the sender waits for room, likely: reading makes some
			patience--
		}
		l.mu.Lock()
		together := l.waiting && l.ahead > 1<<19
		if l.waiting && !together {
			l.proceed()
		}
		l.mu.Unlock()
		var n int
		n, err = r.Read(buf)
		total += int64(n)
		l.mu.Lock()
		l.ahead -= n
		l.done = err != nil
		if together || l.done {
			l.proceed()
		}
		l.mu.Unlock()
	}
	if err == io.EOF {
		err = nil
	}
	return total, err
}

func (l *lockstep) proceed() {
	l.waiting = false
	l.moved.Broadcast()
}
