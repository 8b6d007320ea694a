package loop

import (
	"os"

	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// Whose turn it is.
//
// A server's multiplexed connection is read by the goroutine whose turn it is. That one runs the handlers of what it has read
// too, one after another, and writes what they have answered at once: a handler that does not block costs no
// change of goroutine. As soon as one waits for something inside paf, or a monitor finds that nobody has
// read for a few milliseconds, it is another goroutine's turn; the first one finishes its handler and goes.

// turn is held by the goroutine that reads.
type turn struct {
	number uint32        // whose turn it is
	busy   atomic.Uint32 // odd while that goroutine does something else than to read
	listed atomic.Bool   // the monitor looks at it
	seen   uint32        // busy when it did the last time, if it did; the monitor's own
	inline *exchange     // whose handler that goroutine runs
	ended  bool          // it has found that the connection is over

	// Handlers that were found to block are likely to be followed by others: the next ones run on goroutines of
	// their own, so many, before one is tried again.
	apart int // how many are left
	again int // how many there were the last time
}

const (
	apartWatch = 8 // after one that has asked for the end of its context
	apartLeast = 256
	apartMost  = 64 << 10
)

// pump reads and runs handlers for as long as it is its turn. c.mu is held, and released meanwhile.
func (c *serverConn) pump(number uint32) {
	var ev engine.Event
	c.turn.busy.Add(1)
	c.group.monitor.watch(c)
	for c.turn.number == number && c.goesOn() {
		c.windDown()
		switch {
		case !c.next(&ev):
			if c.goesOn() {
				c.wakeReady()
				if c.park() {
					c.turn.number++
					c.turn.busy.Add(1)
					c.notify()
					return
				}
				c.await()
			}
		case ev.Kind == engine.Request, ev.Kind == engine.Fault && ev.Err.Status != 0 && c.mux.receivers[ev.Stream] == nil:
			c.start(&ev)
		default:
			c.deliver(&ev)
		}
	}
	if c.turn.number == number {
		c.turn.busy.Add(1)
		c.failAll(c.ending())
		c.part()
		c.turn.ended = true
		c.notify()
	}
}

// ending is what exchanges that go on are told at the end of their connection.
func (c *serverConn) ending() error {
	switch {
	case c.fault != nil:
		return c.fault
	case c.writeErr != nil:
		return c.writeErr
	case c.over:
		return &GoneError{Op: "read", Err: os.ErrDeadlineExceeded}
	}
	return ErrPeerGone
}

// start runs the handler of a request, on this goroutine unless handlers have been found to block; what has been refused does not.
func (c *serverConn) start(ev *engine.Event) {
	if c.turn.apart == 0 || ev.Kind == engine.Fault {
		number := c.turn.number
		c.exchange(ev)
		if c.turn.number == number {
			c.turn.again = 0
		}
		return
	}
	c.turn.apart--
	x, head := c.newExchange(ev), ev.Request
	c.begin(x, head)
	c.attach(&x.content)
	c.moved(ConnActive)
	c.group.begin()
	x.apart(head)
}

// apart runs a handler on a goroutine of its own. Many of them may wait for long, and what is on the smallest of stacks, of which about
// 1.1 KiB can be used, is to be theirs: so little else is on it, and the frames of this package and the one above are small.
func (x *exchange) apart(head *semantics.Request) {
	go func() {
		defer x.finish()
		x.c.handler.Serve(Exchange{x, x.n}, head, x.left)
		x.returned = true
	}()
}

// finish ends an exchange that has had a goroutine of its own.
func (x *exchange) finish() {
	c := x.c
	c.mu.Lock()
	c.finish(x)
	c.mu.Unlock()
	c.group.done()
}

// windDown has the engine end the connection when it is to stop.
func (c *serverConn) windDown() {
	if c.stopping && !c.windingDown {
		c.windingDown = true
		c.because(Stopped)
		c.server.Shutdown(&c.out)
	}
}

// awaitTurn waits for input as awaitInput does; a monitor need not look at a goroutine that reads.
func (c *serverConn) awaitTurn() {
	c.eng.Flush(&c.out)
	if c.out.Len() > 0 && !c.writing {
		_ = c.flush()
		return
	}
	c.settle()
	c.turn.busy.Add(1)
	c.awaitInput()
	c.turn.busy.Add(1)
	c.group.monitor.watch(c)
}

func (c *serverConn) goesOn() bool {
	return c.server.State() == engine.Open && c.writeErr == nil && !c.closed && !c.taken
}

// waits is called when the handler of x is about to wait: if it runs on the goroutine whose turn it is, it is another's.
func (x *exchange) waits() {
	if x.c.turn.inline == x {
		x.c.takeTurn()
	}
}

// runApart has the handlers of the next requests run on goroutines of their own, many more of them each time.
func (c *serverConn) runApart(least int) {
	c.turn.again = min(max(least, 4*c.turn.again), apartMost)
	c.turn.apart = c.turn.again
}

// takeTurn makes it another goroutine's turn. From now on what happens on the stream of the exchange whose handler goes on
// has to be told: until now nobody has read anything. c.mu is held.
func (c *serverConn) takeTurn() {
	if x := c.turn.inline; x != nil {
		c.attach(&x.content)
	}
	c.turn.inline = nil
	c.turn.number++
	c.turn.busy.Add(1) // it was odd: nobody reads
	number := c.turn.number
	c.group.spawn(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.pump(number)
	})
}

// A monitor finds connections that nobody reads because a handler takes its time.
type monitor struct {
	group *Group
	mu    sync.Mutex
	list  []*serverConn
	runs  bool
	wake  chan struct{} // tells run that a connection has gone
}

// monitorTick is how often a monitor looks: a handler has twice that before another goroutine takes over.
const monitorTick = 2 * time.Millisecond

// watch puts a connection on the list.
func (m *monitor) watch(c *serverConn) {
	if c.turn.listed.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.turn.listed.Swap(true) {
		return
	}
	m.list = append(m.list, c)
	if !m.runs {
		m.runs = true
		m.group.spawn(m.run)
	}
}

// forget takes a connection that is over off the list.
func (m *monitor) forget(c *serverConn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.list, c); i >= 0 {
		m.list = slices.Delete(m.list, i, i+1)
	}
	c.turn.listed.Store(true) // so that it does not come back
	if m.runs && len(m.list) == 0 {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

func (m *monitor) run() {
	t := time.NewTicker(monitorTick)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-m.wake:
		}
		m.mu.Lock()
		kept := m.list[:0]
		for _, c := range m.list {
			if m.look(c) {
				kept = append(kept, c)
			}
		}
		clear(m.list[len(kept):])
		m.list = kept
		if len(kept) == 0 {
			m.runs = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
	}
}

// look looks at one connection, and reports whether it is to be looked at again.
func (m *monitor) look(c *serverConn) bool {
	busy := c.turn.busy.Load()
	switch {
	case busy%2 == 0:
		c.turn.listed.Store(false)
		return c.turn.busy.Load()%2 == 1 && !c.turn.listed.Swap(true) // it may have begun just now
	case c.turn.seen == busy:
		m.group.spawn(func() { c.overdue(busy) })
	}
	c.turn.seen = busy
	return true
}

// overdue takes the turn from a goroutine that has been doing one thing for too long.
func (c *serverConn) overdue(busy uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn.busy.Load() != busy || !c.goesOn() {
		return
	}
	if c.turn.inline != nil { // it is a handler, and not a write
		c.runApart(apartLeast)
	}
	c.takeTurn()
}
