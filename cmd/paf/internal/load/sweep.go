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
	ended := 0
	for id, at := range c.streams {
		if x := &c.flying[at]; x.sent <= late {
			x.sending = false
			c.lanes[0].Reset(&c.out, id, 0)
			c.failed(at, now, errTimeout)
			ended++
		}
	}
	if ended > 0 {
		c.ask(now)
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
	case c.raw != nil && !x.poked && x.sent <= now-int64(lookAfter) && c.powers.ReadDeadline != nil:
		x.poked = true
		_ = c.powers.ReadDeadline.SetReadDeadline(time.Unix(1, 0))
	}
}
