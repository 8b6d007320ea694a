package h2

import (
	"time"

	"github.com/paf-go/paf/engine"
)

// timers holds the instants that deadlines count from.
type timers struct {
	opened engine.Instant
	idle   engine.Instant // since when there has been no stream; 0: from the next wait on
	frame  engine.Instant // since when a frame or a field block has been incomplete; 0: none is
	taken  bool           // input has been taken since that was looked at
	due    engine.Instant // of the earliest deadline of a stream, or before it; 0: it is to be found out
	fresh  []*stream      // whose response is waited for from the next wait on (client), or the rest of whose request (server)
}

// dueSlack is how near a deadline of a stream comes before it is made sure that nothing has put it off meanwhile. Far ones need
// not be right: a connection with many streams would look at each of them for every message.
const dueSlack = time.Second

// pending is called when Next can do nothing more with its input, of which left bytes are left. A frame that
// makes progress is waited for anew, a field block is not; content has a clock of its own.
func (t *timers) pending(c *conn, left int) {
	switch {
	case c.in.data.open || left == 0 && !c.in.block.open:
		t.frame = 0
	case t.frame == 0 || t.taken && !c.in.block.open:
		t.frame = c.now
	}
	t.taken = false
}

// Deadline implements engine.Engine.
func (c *conn) Deadline(now engine.Instant) engine.Instant {
	t := &c.timers
	c.now = now
	switch {
	case c.life == over:
		return 0
	case c.life <= settings:
		// What has been sent so far does not matter: a first message that comes byte by byte holds nothing open.
		// A server that says nothing must answer in time all the same.
		return engine.Sooner(t.opened.After(c.limits.HeadTimeout), c.soonestDue(now))
	}
	if t.idle == 0 {
		t.idle = now
	}
	d := c.idleDue()
	d = engine.Sooner(d, t.frame.After(c.limits.HeadTimeout))
	if c.unacked > 0 {
		d = engine.Sooner(d, c.settled.After(c.limits.HeadTimeout))
	}
	if c.life == parting {
		d = engine.Sooner(d, c.leaving.warned.After(partTime))
	}
	return engine.Sooner(d, c.soonestDue(now))
}

// soonestDue returns the earliest deadline of a stream, as far as it is known.
func (c *conn) soonestDue(now engine.Instant) engine.Instant {
	t := &c.timers
	for _, s := range t.fresh {
		c.hastens(s)
	}
	t.fresh = t.fresh[:0]
	if t.due <= now.After(dueSlack) { // as it is when it is to be found out
		t.due = c.streamsDue()
	}
	return t.due
}

// idleDue returns when the connection has been idle for too long. A head that is on its way has its own time, but once: a
// part of a frame that always stays behind is no exchange.
func (c *conn) idleDue() engine.Instant {
	if len(c.streams) > 0 {
		return 0
	}
	due := c.timers.idle.After(c.limits.IdleTimeout)
	if c.timers.frame != 0 {
		due = due.After(c.limits.HeadTimeout)
	}
	return due
}

// awaits is called when the peer is to send more of a message.
func (c *conn) awaits(s *stream) {
	if s.tunnel {
		return
	}
	s.since = c.now
	c.hastens(s)
}

// hastens is called when a stream has a deadline that it had not.
func (c *conn) hastens(s *stream) {
	if c.timers.due != 0 {
		c.timers.due = engine.Sooner(c.timers.due, s.due(c))
	}
}

// asks is called when a request is complete, and its response what comes next.
func (c *conn) asks(s *stream) {
	if c.role == client && c.timers.due != 0 {
		c.timers.fresh = append(c.timers.fresh, s)
	}
}

// never is an instant that does not come.
const never = engine.Instant(1<<63 - 1)

// streamsDue returns the earliest deadline of a stream. It may have moved on by the time it comes: then
// Tick finds nothing, and the next one is looked for.
func (c *conn) streamsDue() engine.Instant {
	var d engine.Instant
	for _, s := range c.streams {
		d = engine.Sooner(d, s.due(c))
	}
	if d == 0 {
		return never
	}
	return d
}

// due returns when a stream must have made progress.
func (s *stream) due(c *conn) engine.Instant {
	var d engine.Instant
	if s.since != 0 && s.held == 0 {
		d = s.since.After(c.limits.ContentTimeout)
	}
	if c.role == client && s.state == localEnded && !s.headed {
		if s.asked == 0 {
			s.asked = c.now
		}
		d = engine.Sooner(d, s.asked.After(c.limits.ResponseTimeout))
	}
	if s.lingers {
		if s.asked == 0 {
			s.asked = c.now
		}
		d = engine.Sooner(d, s.asked.After(lingerTime))
	}
	if c.stalls(s) {
		if s.window.since == 0 {
			s.window.since = c.now
			if s.window.size <= 0 { // that of the connection may be shut for want of a turn only: each wait counts by itself
				s.window.since -= s.window.spent
			}
		}
		d = engine.Sooner(d, s.window.since.After(c.limits.StallTimeout))
	}
	return d
}

// progress notes that content has come. Until it has been consumed it is the application that is waited for.
func (s *stream) progress(c *conn, n int) {
	if s.opaque() {
		return
	}
	if s.since == 0 {
		s.since = c.now
	}
	if s.held == 0 {
		s.held = c.now
	}
	if s.arrived += int64(n); s.arrived >= c.limits.ContentProgress {
		s.since, s.arrived, s.held = c.now, 0, c.now
	}
}

// resume is called when all content that has come has been consumed: now it is the peer that is waited for.
func (s *stream) resume(c *conn) {
	if s.since != 0 && s.held != 0 {
		s.since += c.now - s.held
		s.held = 0
		c.hastens(s)
	}
	s.held = 0
}

// Tick implements engine.Engine.
func (c *conn) Tick(now engine.Instant) {
	c.now = now
	past := func(d engine.Instant) bool { return d != 0 && d <= now }
	t := &c.timers
	switch {
	case c.life == over:
		return
	case c.life <= settings:
		if past(t.opened.After(c.limits.HeadTimeout)) {
			c.note(0, ruleConnTimeout)
			return
		}
		c.tickStreams(past)
		return
	case c.life == parting && past(c.leaving.warned.After(partTime)):
		c.part()
	}
	switch {
	case c.unacked > 0 && past(c.settled.After(c.limits.HeadTimeout)):
		c.note(0, ruleSettingsTimeout)
	case past(t.frame.After(c.limits.HeadTimeout)):
		c.note(0, ruleConnTimeout)
	case past(c.idleDue()):
		c.pending = appendGoAway(c.pending, c.lastProcessed(), NoError)
		c.turn(finish)
	}
	c.tickStreams(past)
}

func (c *conn) tickStreams(past func(engine.Instant) bool) {
	if !past(c.timers.due) {
		return
	}
	c.timers.due = 0
	for _, s := range c.inOrder() {
		c.tickStream(s, past)
	}
}

func (c *conn) tickStream(s *stream, past func(engine.Instant) bool) {
	switch {
	case !past(s.due(c)):
	case s.lingers:
		c.resetStream(s, NoError)
	case c.stalls(s) && past(s.window.since.After(c.limits.StallTimeout)):
		c.note(s.id, ruleStall)
		s.window.since = c.now
	default:
		c.note(s.id, ruleTimeout)
		s.since = 0
		if c.role == client {
			s.asked = never
		}
	}
}

// note notes a fault that the next call of Next tells.
func (c *conn) note(id engine.StreamID, r rule) {
	c.faults = append(c.faults, told{id, r})
}
