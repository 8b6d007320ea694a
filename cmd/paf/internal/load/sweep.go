package load

import (
	"context"
	"time"

	"github.com/paf-go/paf/engine"
)

// lookAfter is for how long nothing may come before the flow is read once more: an end that has come with what came last is then seen (see readable).
const lookAfter = 100 * time.Millisecond

// sweep ends what takes too long, until ctx ends.
func (r *run) sweep(ctx context.Context) {
	every := min(lookAfter/2, max(r.options.Timeout/20, time.Millisecond))
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		for at := range r.groups {
			r.sweepGroup(at)
		}
	}
}

// sweepGroup sweeps the connections of a group, all while it has their lock: to wait for it takes a turn of whoever is busy.
func (r *run) sweepGroup(at int) {
	g := r.groups[at]
	g.mu.Lock()
	defer g.mu.Unlock()
	now := r.clock()
	for i := at; i < len(r.conns); i += len(r.groups) {
		r.conns[i].sweep(now)
	}
}

// sweep ends the exchanges that were sent, or have waited to be, too long before now. c.mu is held.
func (c *conn) sweep(now int64) {
	if c.halted {
		return
	}
	late := now - int64(c.run.options.Timeout)
	held := c.sweepWaiting(now, late)
	if !c.isOpen || c.over != nil {
		return // the seats ask again when that is known to be of use
	}
	ended := 0
	switch {
	case c.multi != nil:
		ended = c.sweepStreams(now, late)
	case c.busy > 0 && c.flying[c.first].sent <= late: // nothing comes any more if the oldest does not
		c.end(errTimeout)
		return
	}
	switch {
	case c.lanes[c.first].State() != engine.Open: // as a server has wanted it that said GOAWAY
		c.end(errGone)
		return
	case held > 0 && c.busy == 0: // it has long had nothing to do, and takes nothing
		c.end(errHeld)
		return
	case held+ended > 0:
		c.ask(now, all)
		c.push(now, false)
	}
	if (c.busy > 0 || c.waiting.n > 0) && !c.poked && c.heard <= now-int64(lookAfter) {
		c.poked = true
		c.poke()
	}
}

// sweepWaiting ends the exchanges that have waited too long to be sent, and returns how many. c.mu is held.
func (c *conn) sweepWaiting(now, late int64) (held int) {
	for ; c.waiting.n > 0 && c.waiting.head().sent <= late; held++ {
		x := c.waiting.pop()
		c.lose(&x, now, errHeld)
	}
	return held
}

// sweepStreams ends the exchanges of HTTP/2 that were sent too long ago, and returns how many. c.mu is held.
func (c *conn) sweepStreams(now, late int64) (ended int) {
	for id, at := range c.streams {
		if x := &c.flying[at]; x.sent <= late {
			x.sending = false
			c.lanes[0].Reset(&c.out, id, 0)
			c.failed(at, now, errTimeout)
			ended++
		}
	}
	return ended
}

// poke makes the reader read once more. c.mu is held.
func (c *conn) poke() {
	if c.raw != nil && c.powers.ReadDeadline != nil {
		_ = c.powers.ReadDeadline.SetReadDeadline(time.Unix(1, 0))
	}
}
