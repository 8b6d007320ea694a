package loop

import (
	"os"
	"runtime"

	"github.com/paf-go/paf/engine"
)

// This file is what a connection does whose exchanges go on side by side: one goroutine reads at any moment, takes the
// events of all streams and hands each to whom it is for, who waits on a condition of its own. See
// turn.go for who reads on a server.

// mux is nil on a connection that has one exchange at a time.
type mux struct {
	engine.Multiplexed
	receivers map[engine.StreamID]*content
	inboxes   []*inbox                        // that nobody uses
	together  func()                          // a client's way to push, see together.go; nil: as soon as there is something
	refused   map[engine.StreamID]*streamFlow // tunnels that have been closed, and whose peers have not ended theirs
	ahead     int                             // content that was delivered since others had their turn
}

// A receiver is an exchange, or a reply: what comes beside content and its end is for it. The connection's lock is held.
type receiver interface {
	event(ev *engine.Event)
	waits()         // it is about to wait for something to happen on the stream
	flush()         // it is about to wait for input, and there is output
	lost(err error) // the connection is over
}

// most is how much output may pile up before reading stops: behind a write that blocks answers to
// PING and heads of responses go on being laid out.
const most = 1 << 20

// aheadMost is how much content is delivered before those who take it get the processor: else, as long as input is at hand, nobody
// but whoever reads runs on a core, and a window of content piles up for readers that are ready.
const aheadMost = 64 << 10

// use makes an engine the connection's.
func (c *conn) use(eng engine.Engine) {
	c.eng = eng
	if m, ok := c.eng.(engine.Multiplexed); ok {
		c.mux = &mux{Multiplexed: m, receivers: map[engine.StreamID]*content{}}
	}
}

// attach makes a content the receiver of a stream, unless it is. c.mu is held.
func (c *conn) attach(b *content) {
	if !b.attached {
		b.attached = true
		c.mux.receivers[b.stream] = b
	}
}

// detach ends that; what has not been read is thrown away.
func (c *conn) detach(b *content) {
	if !b.attached {
		return
	}
	b.attached = false
	delete(c.mux.receivers, b.stream)
	if b.inbox != nil {
		b.inbox.queue = chunks{}
	}
	b.wake()
	b.unbox()
}

// deliver hands an event to whom it is for, and wakes him. c.mu is held.
func (c *conn) deliver(ev *engine.Event) {
	if b := c.hand(ev); b != nil {
		b.wake()
	}
}

// hand hands an event to whom it is for, and returns him, nil for nobody. c.mu is held.
func (c *conn) hand(ev *engine.Event) *content {
	if ev.Kind == engine.Fault && ev.Err.Scope == engine.Connection {
		ev.Err.Err = c.readErr
		c.fault = ev.Err
		c.failAll(ev.Err)
		return nil
	}
	b := c.mux.receivers[ev.Stream]
	switch {
	case b == nil:
		if s := c.mux.refused[ev.Stream]; s != nil {
			s.refuse()
		}
	case ev.Kind == engine.Data:
		c.mux.ahead += len(ev.Data)
		b.box().take(ev.Data)
	default:
		b.take(ev)
	}
	return b
}

// failAll tells all exchanges that the connection is over. c.mu is held.
func (c *conn) failAll(err error) {
	for _, b := range c.mux.receivers {
		b.fail(err)
		b.owner.lost(err)
		b.wake()
	}
}

// wakeReady lets those write on whose turn it is. c.mu is held.
func (c *conn) wakeReady() {
	for {
		id := c.mux.Ready(&c.out)
		if id == 0 {
			return
		}
		if b := c.mux.receivers[id]; b != nil {
			b.ready = true
			b.wake()
		}
	}
}

// awaitInput writes what is there to be written, then waits for input. While another goroutine writes it does
// not wait for that one: what the peer sends may be what lets it read. c.mu is held.
func (c *conn) awaitInput() {
	if c.mux.ahead >= aheadMost {
		c.mux.ahead = 0
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
		return
	}
	c.eng.Flush(&c.out)
	switch {
	case c.out.Len() > 0 && !c.writing:
		_ = c.flush()
	case c.out.Len() > most:
		c.wait()
	default:
		c.fill(0)
	}
}

// push writes the output unless whoever reads is about to. c.mu is held, and released meanwhile.
func (c *conn) push() {
	c.eng.Flush(&c.out)
	if c.mux.together != nil {
		c.mux.together()
	} else {
		for c.out.Len() > 0 && !c.writing && c.reading && c.writeErr == nil {
			_ = c.flush()
		}
	}
	c.rearm()
}

// rearm is called when a deadline may have changed while somebody reads.
func (c *conn) rearm() {
	if c.reading {
		c.arm(0)
	}
}

// readQueued reads content of a stream as io.Reader does. c.mu is held, and released meanwhile.
func (b *content) readQueued(p []byte) (int, error) {
	c := b.c
	c.attach(b)
	n := 0
	for n == 0 && !b.unread() {
		if b.ended {
			return 0, b.end()
		}
		if past(b.due, c.group.now()) {
			return 0, os.ErrDeadlineExceeded
		}
		n = b.waitLending(p)
	}
	if b.unread() {
		n += b.inbox.queue.read(p[n:]) // what did not fit, or came before
	}
	b.unbox()
	c.mux.Consumed(c.group.now(), b.stream, n)
	c.push()
	return n, nil
}

// lookBy makes the sweeper wake all who wait, at a time that one of them has set.
func (c *conn) lookBy(due engine.Instant) {
	if d := c.lookDue.Load(); d == 0 || d > due {
		c.lookDue.Store(due)
	}
}

// wakeAll lets everybody see whether time is up. c.mu is held.
func (c *conn) wakeAll() {
	for _, b := range c.mux.receivers {
		b.wake()
	}
}
