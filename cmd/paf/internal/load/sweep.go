package load

import (
	"context"
	"time"
)

// lookAfter is for how long nothing may come of a request before the flow is read once more: an end that has come with the response before is then
// seen (see readable).
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
		now := r.clock()
		for _, c := range r.conns {
			c.sweep(now)
		}
	}
}

// sweep ends the exchanges that were sent too long before now.
func (c *conn) sweep(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isOpen || c.busy == 0 || c.over != nil {
		return
	}
	late := now - int64(c.run.options.Timeout)
	if c.multi == nil {
		c.sweepSerial(now, late)
		return
	}
	ended, quiet := 0, true
	for id, at := range c.streams {
		if x := &c.flying[at]; x.sent <= late {
			x.sending = false
			c.lanes[0].Reset(&c.out, id, 0)
			c.failed(at, now, errTimeout)
			ended++
		} else {
			quiet = quiet && x.sent <= now-int64(lookAfter) && !x.poked
			x.poked = x.poked || x.sent <= now-int64(lookAfter)
		}
	}
	if quiet && c.busy > 0 {
		c.poke()
	}
	if ended > 0 {
		c.ask(now, all)
		c.push(now, false)
	}
}

// sweepSerial is sweep on HTTP/1, where nothing comes any more if the oldest does not. c.mu is held.
func (c *conn) sweepSerial(now, late int64) {
	x := &c.flying[c.first]
	switch {
	case x.sent <= late:
		c.over = errTimeout
		c.cut()
	case !x.poked && x.sent <= now-int64(lookAfter):
		x.poked = true
		c.poke()
	}
}

// poke makes the reader read once more. c.mu is held.
func (c *conn) poke() {
	if c.raw != nil && c.powers.ReadDeadline != nil {
		_ = c.powers.ReadDeadline.SetReadDeadline(time.Unix(1, 0))
	}
}
