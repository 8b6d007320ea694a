package load

import "github.com/paf-go/paf/engine"

// An exchange is a request that was sent, or is to be.
type exchange struct {
	ticket
	what    *request
	sent    int64 // when it was; of one that is to be, since when it waits for that
	first   int64 // when the first byte of the response came
	status  int
	id      engine.StreamID
	left    []byte // content that the engine has not taken yet
	sending bool   // the request has not been ended
	again   int    // how many times it was sent before, to a server that did not want it then
	turn    uint64 // in which it was sent
	in, out int64  // bytes that came and went for it
	said    []byte // how the content of a response with a status of 400 or more begins, if there is no example yet
}

// request sends what a ticket is for, as soon as that is possible. c.mu is held.
func (c *conn) request(t ticket, now int64) {
	x := exchange{ticket: t, what: c.run.requests[t.number%int64(len(c.run.requests))]}
	if c.waiting.n == 0 && c.room() {
		c.send(x, now)
	} else {
		c.hold(x, now)
	}
}

// hold keeps an exchange until it can be sent. c.mu is held.
func (c *conn) hold(x exchange, now int64) {
	x.sent = now
	c.waiting.push(x)
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
	before := c.out.Len()
	id, err := lane.Request(&c.out, &x.what.head, int64(len(x.what.content)))
	c.lay(&x, before)
	if err != nil { // which newRun has tried
		c.end(err)
	}
	x.id, x.sent, x.turn, x.left, x.sending = id, now, c.turn, x.what.content, true
	if !c.run.openLoop() && x.again == 0 { // the latency of what is sent again goes on
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
	defer c.lay(x, c.out.Len())
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

// lay counts what has been laid out for an exchange, since that was so many bytes. c.mu is held.
func (c *conn) lay(x *exchange, before int) {
	n := c.out.Len() - before
	c.laid += n
	x.out += int64(n)
}

// free takes an exchange that is over off the connection. c.mu is held.
func (c *conn) free(at int) exchange {
	x := c.flying[at]
	x.in, x.out = x.in+c.in, x.out+c.sent
	c.in, c.sent = 0, 0
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
		c.shard.Done(x.due-zero, x.sent-zero, x.first-zero, now-zero, x.status, x.in, x.out)
		if x.status >= 400 && c.run.refused.CompareAndSwap(false, true) {
			c.run.recorder.Refused(now-zero, x.status, x.said)
		}
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
		c.shard.Moved(now-c.run.zero, x.in, x.out)
	}
	c.idle++
	c.run.pace.giveBack()
}

// mostAgain is how many times a request is sent again that a server has certainly not looked at; one that is pipelined, as often more as others are before it:
// of these a server that ends its connections answers one at the least each time.
const mostAgain = 3

// again keeps an exchange that the server has certainly not looked at, to be sent once more. It returns false if that was done often. c.mu is held.
func (c *conn) again(at int, now int64) bool {
	if c.flying[at].again >= mostAgain+len(c.lanes)-1 {
		return false
	}
	x := c.free(at)
	if x.counted {
		c.balance--
	}
	c.hold(exchange{ticket: x.ticket, what: x.what, again: x.again + 1, in: x.in, out: x.out}, now)
	return true
}
