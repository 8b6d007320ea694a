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

// An exchange is a request that was sent, or is to be.
type exchange struct {
	ticket
	what    *request
	sent    int64
	first   int64 // when the head of the response came
	status  int
	id      engine.StreamID
	left    []byte // content that the engine has not taken yet
	sending bool   // the request has not been ended
	poked   bool   // somebody has looked whether the connection has ended since
	again   uint8  // how many times it was sent before, to a server that did not want it then
	turn    uint64 // in which it was sent
}

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
	over    error           // why the connection has ended, if it has
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
		d, err := c.run.dialer.open(ctx, c.run.clock)
		if ctx.Err() != nil {
			if err == nil {
				_ = d.flow.Close()
			}
			opened(ctx.Err())
			return
		}
		if err != nil {
			c.refused(err)
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

// refused is called when no connection could be opened: what it should have been for has failed.
func (c *conn) refused(err error) {
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
		c.lose(&x, c.run.clock(), err)
	}
}

// attach makes d the connection.
func (c *conn) attach(d dialed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.open(d.flow)
	c.closing, c.useful, c.over, c.first, c.busy = false, false, nil, 0, 0
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

// request sends what a ticket is for, as soon as that is possible. c.mu is held.
func (c *conn) request(t ticket, now int64) {
	x := exchange{ticket: t, what: c.run.requests[t.number%int64(len(c.run.requests))]}
	if c.waiting.n == 0 && c.room() {
		c.send(x, now)
	} else {
		c.waiting.push(x)
	}
}

// resume sends what has waited. c.mu is held.
func (c *conn) resume(now int64) {
	for c.waiting.n > 0 && c.room() {
		c.send(c.waiting.pop(), now)
	}
}

// room reports whether a request can be sent now.
func (c *conn) room() bool {
	if !c.isOpen || c.closing || c.over != nil || c.busy == len(c.flying) {
		return false
	}
	return c.lanes[(c.first+c.busy)%len(c.lanes)].Capacity() > 0
}

// send lays a request out. c.mu is held.
func (c *conn) send(x exchange, now int64) {
	at := (c.first + c.busy) % len(c.lanes)
	lane := c.lanes[at]
	if c.multi != nil {
		at = c.spare[len(c.spare)-1]
		c.spare = c.spare[:len(c.spare)-1]
	}
	id, err := lane.Request(&c.out, &x.what.head, int64(len(x.what.content)))
	if err != nil { // which newRun has tried
		c.over = err
	}
	x.id, x.sent, x.turn, x.left, x.sending = id, now, c.turn, x.what.content, true
	if !c.run.openLoop() {
		x.due = now
	}
	if x.counted {
		c.balance++
	}
	if c.multi != nil {
		c.streams[id] = at
	}
	c.asked = c.turn
	c.flying[at] = x
	c.busy++
	c.feed(lane, &c.flying[at])
}

// feed gives the engine content, as much as it takes. c.mu is held.
func (c *conn) feed(lane engine.Client, x *exchange) {
	if len(x.left) > 0 {
		n, err := lane.Data(&c.out, x.id, x.left)
		if x.left = x.left[n:]; err != nil {
			x.left = nil // the peer has reset the stream, which is told as an event
		}
	}
	if len(x.left) == 0 && x.sending {
		x.sending = false
		_ = lane.End(&c.out, x.id, nil)
	}
}

// free takes an exchange that is over off the connection. c.mu is held.
func (c *conn) free(at int) exchange {
	x := c.flying[at]
	c.flying[at] = exchange{}
	c.busy--
	if c.multi == nil {
		c.first = (c.first + 1) % len(c.lanes)
		return x
	}
	delete(c.streams, x.id)
	c.spare = append(c.spare, at)
	if x.sending {
		c.lanes[0].Reset(&c.out, x.id, 0)
	}
	return x
}

// answered records an exchange whose response is whole, and takes the seat's next ticket. c.mu is held.
func (c *conn) answered(at int, now int64) {
	x := c.free(at)
	c.useful = true
	if x.counted {
		c.balance--
		zero := c.run.zero
		c.shard.Done(x.due-zero, x.sent-zero, x.first-zero, now-zero, x.status, c.in, c.sent)
		c.in, c.sent = 0, 0
	}
	if t, ok := c.run.pace.next(c, now, true); ok {
		c.request(t, now)
	}
}

// failed records an exchange that was in flight. Its seat asks for another ticket later. c.mu is held.
func (c *conn) failed(at int, now int64, err error) {
	x := c.free(at)
	if x.counted {
		c.balance--
	}
	c.lose(&x, now, err)
}

// lose records an exchange that has failed, in flight or not. c.mu is held.
func (c *conn) lose(x *exchange, now int64, err error) {
	if x.counted {
		c.shard.Failed(x.due-c.run.zero, now-c.run.zero, KindOf(err), err)
	}
	c.idle++
	c.run.pace.giveBack()
}

// mostAgain is how many times a request is sent again that a server has certainly not looked at.
const mostAgain = 3

// again keeps an exchange that the server has certainly not looked at, to be sent once more. It returns false if that was done often. c.mu is held.
func (c *conn) again(at int) bool {
	if c.flying[at].again >= mostAgain {
		return false
	}
	x := c.free(at)
	if x.counted {
		c.balance--
	}
	c.waiting.push(exchange{ticket: x.ticket, what: x.what, again: x.again + 1})
	return true
}

// detach ends the connection, and what was in flight on it. It reports whether the connection was of use.
func (c *conn) detach() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.close(c.mu)
	now := c.run.clock()
	if c.over == nil {
		c.over = errGone
	}
	for at := c.oldest(); at >= 0; at = c.oldest() {
		switch {
		case c.halted && c.late == nil:
			if x := c.free(at); x.counted {
				c.balance--
			}
		case c.halted:
			c.failed(at, now, c.late)
		case c.closing && c.again(at):
		default:
			c.failed(at, now, c.over)
		}
	}
	c.account(now)
	return c.useful
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
		c.lose(&x, c.run.clock(), late)
	}
	c.cut()
}
