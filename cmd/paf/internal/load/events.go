package load

import (
	"errors"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/engine"
)

// instant is a time of the run's clock as engines are told it.
func instant(now int64) engine.Instant { return engine.Instant(now + 1) }

// took shows the engines what has come, acts on what they tell, and returns what is left of it. c.mu is held.
func (c *conn) took(now int64, in []byte) []byte {
	c.turn++
	if len(c.rest) == 0 { // else in begins with it
		c.since = now
	}
	for more := true; more && c.over == nil && (c.multi != nil || c.busy > 0 || len(in) > 0); {
		lane := c.lanes[c.first]
		c.ev = engine.Event{}
		n := lane.Next(instant(now), in, &c.ev)
		in = in[n:]
		c.in += int64(n)
		if more = c.ev.Kind != engine.NoEvent; more {
			c.happened(lane, &c.ev, now)
		} else if lane.State() != engine.Open {
			c.end(errGone)
		}
		if n > 0 {
			c.since = now
		}
	}
	if c.over == nil {
		c.resume(now)
	}
	return in
}

// happened acts on one event. c.mu is held.
func (c *conn) happened(lane engine.Client, ev *engine.Event, now int64) {
	at := c.find(ev.Stream)
	if at >= 0 {
		c.flying[at].in += c.in
		c.in = 0
	}
	switch {
	case ev.Kind == engine.Fault && (c.multi == nil || ev.Stream == 0):
		c.end(ev.Err)
		return
	case ev.Kind == engine.Data && c.multi != nil:
		c.listen(at, ev.Data)
		c.multi.Consumed(instant(now), ev.Stream, len(ev.Data))
		return
	case ev.Kind == engine.Fault:
		lane.Reset(&c.out, ev.Stream, 0)
		c.faulted(at, ev.Err, now)
		return
	case at < 0:
		return
	}
	x := &c.flying[at]
	if ev.Kind == engine.Response {
		x.status, x.first = ev.Response.Status, c.since
	}
	if ev.Kind == engine.Data {
		c.listen(at, ev.Data)
	}
	if ev.End || ev.Kind == engine.End {
		if c.multi == nil && lane.Capacity() == 0 { // as its last response has said
			c.closing = true
		}
		c.answered(at, now)
		if c.closing {
			c.end(errGone)
		}
	}
}

// listen keeps how the content of a response begins that may become the example of those with a status of 400 or more. c.mu is held.
func (c *conn) listen(at int, data []byte) {
	if at < 0 || c.flying[at].status < 400 || !c.flying[at].counted || c.run.refused.Load() {
		return
	}
	x := &c.flying[at]
	x.said = append(x.said, data[:min(len(data), record.MaxContent-len(x.said))]...)
}

// find returns the place of the exchange on a stream, -1 if there is none. c.mu is held.
func (c *conn) find(id engine.StreamID) int {
	switch at, ok := -1, false; {
	case c.multi == nil && c.busy > 0:
		return c.first
	case c.multi != nil:
		if at, ok = c.streams[id]; ok {
			return at
		}
	}
	return -1
}

// faulted deals with a stream that has ended without its response. c.mu is held.
func (c *conn) faulted(at int, err *engine.Error, now int64) {
	if at < 0 {
		return
	}
	c.flying[at].sending = false // it has been reset
	if errors.Is(err, &engine.Error{Rule: engine.RuleRefused}) && c.again(at, now) {
		return
	}
	c.failed(at, now, err)
	c.ask(now, all)
}

// ended tells the engines that nothing more will come. err is nil for an end as it should be. c.mu is held.
func (c *conn) ended(now int64, err error, rest []byte) {
	for i := range c.lanes {
		c.lanes[i].EOF(instant(now), err == nil)
	}
	for rest = c.took(now, rest); c.over == nil && c.busy > 0; {
		before := c.busy
		if rest = c.took(now, rest); c.busy == before {
			break
		}
	}
	c.in += int64(len(rest)) // of a message that has broken off
	if err == nil {
		err = errGone
	}
	c.end(err)
}
