package load

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
)

// A conn is a place of the run: a connection, and the next one when that has ended. Its seats are its streams, or the requests that
// are pipelined on it. Each seat is one of: in flight; with a ticket in waiting; without one, in the hands of the pace; idle.
type conn struct {
	run   *run
	shard *record.Shard

	group *group
	mu    *sync.Mutex // the group's
	begun bool        // requests may be sent
	seats int         // 0 as long as nobody knows which protocol is spoken
	idle  int         // seats that have to ask for a ticket, once it is open

	line
	lanes   []engine.Client    // HTTP/2: one; HTTP/1: one for each request in flight, whose responses come in order
	multi   engine.Multiplexed // lanes[0], if that is HTTP/2's
	flying  []exchange         // HTTP/1: that of each lane; HTTP/2: in any order
	streams map[engine.StreamID]int
	spare   []int           // places in flying that are free; HTTP/2
	first   int             // the lane whose response is due next
	busy    int             // exchanges in flight
	waiting queue[exchange] // that have a ticket, and cannot be sent now
	closing bool            // the server takes no more requests on this connection
	over    error           // why the connection has ended, if it has; see end
	acting  bool            // the reader acts on what came, and will see over
	heard   int64           // when something came last
	poked   bool            // somebody has looked since whether the connection has ended
	since   int64           // when the first byte came of what the engines are shown next
	useful  bool            // a response has come on it
	turn    uint64          // counts what came in
	asked   uint64          // the turn in which the latest request was sent
	balance int64           // by how much more are in flight than was recorded
	ev      engine.Event    // of the moment
	halted  bool            // the run is over
	late    error           // why what it cuts off has failed; nil: that is not recorded
}

func newConn(r *run, g *group) *conn {
	c := &conn{run: r, group: g, mu: &g.mu}
	c.written, c.fd, c.sendFD, c.turnFD = sync.NewCond(c.mu), -1, c.writeFD, c.readable
	return c
}

// live opens connections, one after another, until the run is over.
func (c *conn) live(ctx context.Context, opened func(error)) {
	defer c.stopWriter()
	for tries := 0; ; tries++ {
		began := c.run.clock()
		d, err := c.run.dialer.open(ctx, c.run.clock)
		if ctx.Err() != nil {
			if err == nil {
				_ = d.flow.Close()
			}
			opened(ctx.Err())
			return
		}
		if err != nil {
			c.refused(began, err)
		} else {
			c.run.connected(&d)
			c.attach(d)
		}
		opened(err)
		if err == nil {
			c.serve()
			if c.detach() {
				tries = 0
			}
		}
		if c.done() || !pause(ctx, tries) {
			return
		}
	}
}

// done reports whether no other connection is wanted.
func (c *conn) done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.halted
}

// pause waits before a connection is opened once more, unless the last one was of use. It returns false when the run is over.
func pause(ctx context.Context, tries int) bool {
	if tries == 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(min(100*time.Millisecond, 5*time.Millisecond<<min(tries, 5)))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// refused is called when no connection could be opened, which was tried since began: what it should have been for has failed. In a closed loop it took as long
// as that.
func (c *conn) refused(began int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seats == 0 {
		c.seats, c.idle = 1, 1
	}
	if c.begun {
		c.ask(c.run.clock(), all)
	}
	for c.waiting.n > 0 {
		x := c.waiting.pop()
		if !c.run.openLoop() {
			x.due = min(x.due, began)
		}
		c.lose(&x, c.run.clock(), err)
	}
}

// attach makes d the connection.
func (c *conn) attach(d dialed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.open(d.flow)
	c.closing, c.useful, c.over, c.first, c.busy = false, false, nil, 0, 0
	c.heard, c.poked = c.run.clock(), false
	c.multi, _ = d.eng.(engine.Multiplexed)
	seats := c.run.options.Streams
	c.lanes = append(c.lanes[:0], d.eng)
	if c.multi == nil {
		seats = c.run.options.Pipeline
		for len(c.lanes) < seats {
			c.lanes = append(c.lanes, h1.NewClient(c.run.dialer.limits, instant(c.run.clock())))
		}
	}
	c.flying = make([]exchange, seats)
	if c.multi != nil {
		c.streams = make(map[engine.StreamID]int, seats)
		c.spare = c.spare[:0]
		for i := range seats {
			c.spare = append(c.spare, i)
		}
	}
	c.idle += max(0, seats-c.seats)
	c.seats = max(seats, c.seats)
	if c.begun {
		c.ask(c.run.clock(), all)
	}
	c.push(c.run.clock(), false)
}

// begin lets requests be sent, and gets a ticket for one seat. It reports whether there are more: the connections take turns, so that what is due one after
// another goes over all of them.
func (c *conn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = true
	if !c.isOpen {
		return false
	}
	now := c.run.clock()
	c.ask(now, 1)
	c.push(now, false)
	return c.idle > 0
}

// all is more seats than a connection has.
const all = math.MaxInt

// ask gets tickets for at most n of the seats that have none. c.mu is held.
func (c *conn) ask(now int64, n int) {
	for ; c.idle > 0 && n > 0; n-- {
		c.idle--
		if t, ok := c.run.pace.next(c, now, false); ok {
			c.request(t, now)
		}
	}
	c.resume(now)
}

// start implements seat.
func (c *conn) start(t ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.run.clock()
	c.request(t, now)
	c.push(now, false)
}

// detach ends the connection, and what was in flight on it. It reports whether the connection was of use.
func (c *conn) detach() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.close(c.mu)
	now := c.run.clock()
	c.end(errGone)
	for at := c.oldest(); at >= 0; at = c.oldest() {
		switch {
		case c.halted && c.late == nil:
			if x := c.free(at); x.counted {
				c.balance--
				c.run.unfinished.Add(1)
			}
		case c.halted:
			c.failed(at, now, c.late)
		case c.closing && c.again(at, now):
		default:
			c.failed(at, now, c.over)
		}
	}
	c.account(now)
	return c.useful
}

// end says that the connection has ended, and why, unless that was said before. The reader comes to know of it wherever it is. c.mu is held.
func (c *conn) end(why error) {
	if c.over != nil {
		return
	}
	c.over = why
	if !c.acting {
		c.cut()
	}
}

// oldest returns the place of an exchange in flight, the oldest on HTTP/1, -1 if there is none. c.mu is held.
func (c *conn) oldest() int {
	switch {
	case c.busy == 0:
		return -1
	case c.multi == nil:
		return c.first
	}
	for _, at := range c.streams {
		return at
	}
	return -1
}

// account records by how much more or less are in flight. c.mu is held.
func (c *conn) account(now int64) {
	if c.balance != 0 {
		c.shard.InFlight(now-c.run.zero, c.balance)
		c.balance = 0
	}
}

// halt ends the connection for good. What this cuts off has failed with late, and is not recorded if that is nil.
func (c *conn) halt(late error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.halted {
		return
	}
	c.halted, c.late = true, late
	for c.waiting.n > 0 && late != nil {
		x := c.waiting.pop()
		c.lose(&x, c.run.clock(), errUnsent)
	}
	c.cut()
}
