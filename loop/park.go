package loop

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
)

// Parking.
//
// An accepted connection on which nothing happens needs no goroutine and no buffer: its descriptor is enough. After
// Config.ParkAfter without a byte and without an exchange the goroutine that waits for input is woken as if time were up, leaves the
// descriptor with a poller (epoll, kqueue) and ends. When the descriptor becomes readable, when the connection's deadline
// has passed, or when the group stops, a goroutine takes the connection up again. A connection that is busy
// notices nothing of this: the time at which it would be parked is one more reason for the sweeper to end a wait.
//
// What has to be remembered between two exchanges the engine tells: of HTTP/1 nothing, of HTTP/2 some hundred bytes and the entries of the
// peer's table. All else is made anew.

// A parked connection is a member of the group in the place of the one that it was.
type parked struct {
	from      *acceptor
	accepted  net.Conn
	base      context.Context
	c         *serverConn   // nil if rested is all that need be kept
	rested    engine.Rested // nil if c is there
	fd        int32
	since     engine.Instant // nothing has happened
	due       engine.Instant // when time is up, 0: never
	exchanges uint64

	before, after *parked // in the lot
}

// A lot is where connections are parked; the group's lock guards it. They lie in the order in which they came, which is about that of
// their deadlines: nobody looks through all of them.
type lot struct {
	poll        *poll
	fds         map[int32]*parked
	first, last *parked
	waking      int // those that have been taken and are not the group's yet

	looked map[int32]*exchange // whose peers are looked after beside the parked ones: see lookOut

	sooner atomic.Int64 // by how much connections are parked before ParkAfter
	litter litter
}

// Where more connections than crowd are awake at a time, those on which nothing happens are parked soon, so that memory
// is needed for those on which something does.
const (
	crowd     = 512
	crowdTick = 25 * time.Millisecond
	crowdPark = 30 * time.Millisecond
)

// hurry returns how long the sweeper may sleep; g.mu is held.
func (g *Group) hurry() time.Duration {
	if !canPoll || g.accepted-len(g.lot.fds) < crowd || g.config.ParkAfter < 0 {
		g.lot.sooner.Store(0)
		return g.tick
	}
	g.lot.sooner.Store(int64(max(0, g.config.ParkAfter-crowdPark)))
	return min(g.tick, crowdTick)
}

// soonDue reports whether a connection's wait is to end because it could be parked.
func (c *serverConn) soonDue(now engine.Instant) bool {
	sooner := c.group.lot.sooner.Load()
	return sooner > 0 && c.fd >= 0 && past(c.readDue.Load(), now+engine.Instant(sooner))
}

func (c *serverConn) isDue(now engine.Instant) bool { return c.conn.isDue(now) || c.soonDue(now) }

func (c *serverConn) sweep(now engine.Instant) {
	if !c.conn.isDue(now) && c.soonDue(now) {
		c.mu.Lock()
		c.interrupt()
		c.mu.Unlock()
	}
	c.conn.sweep(now)
}

// descriptor returns that at which reads of the connection wait, -1 if there is none that a poller could watch.
func descriptor(p flow.Powers) (fd int32) {
	fd = -1
	if p.Waits == nil || !canPoll || p.ReadDeadline == nil || p.ReadDeadline.SetReadDeadline(noDeadline) != nil {
		return fd
	}
	raw, err := p.Waits.SyscallConn()
	if err != nil {
		return fd
	}
	_ = raw.Control(func(n uintptr) { fd = int32(n) })
	return fd
}

// settle notes since when nothing happens on a connection, and when it is to be parked. c.mu is held.
func (c *serverConn) settle() {
	if c.running > 0 || len(c.tunnels) > 0 || c.server.Streams() > 0 || c.in.len() > 0 {
		c.parkDue = 0
		return
	}
	if c.fd < 0 || c.from == nil || c.parkDue != 0 || c.group.config.ParkAfter < 0 {
		return
	}
	if _, can := c.eng.(engine.Rester); can {
		now := c.group.now()
		if c.quiet == 0 {
			c.quiet = now
		}
		c.parkDue = now.After(c.group.config.ParkAfter)
	}
}

// park parks the connection if it is time to and nothing is in the way, and reports whether it did: then the connection is no longer the
// caller's. Only a read that has waited in vain tells that no flow above the descriptor, as that of TLS, keeps something that has
// come: of that the poller would not tell. c.mu is held.
func (c *serverConn) park() bool {
	now := c.group.now() + engine.Instant(c.group.lot.sooner.Load())
	if !past(c.parkDue, now) || !c.inVain || c.stopping || c.eof || c.closed || c.fault != nil || c.reading || c.writing || c.telling ||
		c.running > 0 || len(c.tunnels) > 0 || c.in.len() > 0 || c.out.Len() > 0 || c.server.Streams() > 0 {
		return false
	}
	p := &parked{from: c.from, accepted: c.accepted, base: c.base, fd: c.fd, since: c.quiet, due: c.eng.Deadline(c.group.now()), exchanges: c.exchanges}
	if p.rested = c.eng.(engine.Rester).Rest(); p.rested == nil {
		p.c = c
	}
	c.parkDue = 0 // if it cannot be, not to be tried again at once
	if !c.group.lay(c, p) {
		return false
	}
	c.memory.Store(nil)
	c.life++
	c.in.leave()
	c.out.Buf, c.spare.Buf, c.bufs, c.spares, c.data, c.ev = nil, nil, nil, nil, nil, nil
	return true
}

// lay lays a connection down that is the caller's, unless it is to stop.
func (g *Group) lay(c *serverConn, p *parked) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.from.stopped() {
		return false
	}
	if g.openLot() != nil || g.lot.poll.arm(p.fd) != nil {
		return false
	}
	delete(g.conns, c)
	g.lot.put(p)
	g.lot.litter.add(g.now())
	return true
}

// openLot sees to it that there is a poller; g.mu is held.
func (g *Group) openLot() error {
	l := &g.lot
	if l.poll != nil {
		return nil
	}
	poll, err := newPoll()
	if err != nil {
		return err
	}
	l.poll, l.fds, l.looked = poll, map[int32]*parked{}, map[int32]*exchange{}
	g.spawnLocked(func() { g.wakeReadable(poll) })
	return nil
}

func (l *lot) put(p *parked) {
	l.fds[p.fd] = p
	if p.before = l.last; p.before != nil {
		p.before.after = p
	} else {
		l.first = p
	}
	l.last = p
}

// take makes a parked connection the caller's, if it is still there.
func (l *lot) take(p *parked) bool {
	if l.fds[p.fd] != p {
		return false
	}
	delete(l.fds, p.fd)
	if p.before != nil {
		p.before.after = p.after
	} else {
		l.first = p.after
	}
	if p.after != nil {
		p.after.before = p.before
	} else {
		l.last = p.before
	}
	p.before, p.after = nil, nil
	return true
}

// wakeReadable wakes connections whose descriptors have become readable, until the poller is closed.
func (g *Group) wakeReadable(poll *poll) {
	var ready [128]int32
	for {
		n, err := poll.wait(ready[:])
		if err != nil {
			return
		}
		g.mu.Lock()
		for _, fd := range ready[:n] {
			if p := g.lot.fds[fd]; p != nil {
				g.wakeParked(p)
			} else if x := g.lot.looked[fd]; x != nil {
				delete(g.lot.looked, fd)
				g.spawnLocked(x.goneAhead)
			}
		}
		g.mu.Unlock()
	}
}

// wakeDue wakes the connections whose time is up; g.mu is held.
func (g *Group) wakeDue(now engine.Instant) {
	for p := g.lot.first; p != nil && past(p.due, now); p = g.lot.first {
		g.wakeParked(p)
	}
}

// wakeParked has a goroutine take a connection up again; g.mu is held.
func (g *Group) wakeParked(p *parked) {
	if g.lot.take(p) {
		g.lot.waking++
		g.spawnLocked(p.resume)
	}
}

// closeLot ends the poller when there are no connections; g.mu is held.
func (g *Group) closeLot() {
	if g.lot.poll != nil {
		g.lot.poll.close()
		g.lot.poll = nil
	}
}

// resume goes on where the connection was parked.
func (p *parked) resume() {
	a := p.from
	g, c := a.group, p.c
	if c == nil {
		c = g.newServerConn(p.base, flow.Conn(p.accepted), a.service.Reopen(p.rested, p.since), a.service)
		c.from, c.accepted, c.exchanges, c.quiet, c.state = a, p.accepted, p.exchanges, p.since, ConnIdle
	}
	g.mu.Lock()
	g.lot.waking--
	g.conns[c] = struct{}{}
	stopping, cutting := a.stopped(), g.cutting || a.over
	g.mu.Unlock()
	switch {
	case cutting:
		c.cut(Stopped)
	case stopping:
		c.stop()
	}
	_ = c.serve()
}

// end ends a connection that nobody takes up again.
func (p *parked) end(why CloseReason) {
	_ = p.accepted.Close()
	p.from.group.tell(p.accepted, ConnClosed)
	p.from.group.remove(p, why)
	p.from.ended(nil)
}

// stop implements member.
func (p *parked) stop() {
	g := p.from.group
	g.mu.Lock()
	if p.c != nil || p.rested.Parts() {
		g.wakeParked(p)
		g.mu.Unlock()
		return
	}
	defer g.mu.Unlock()
	if g.lot.take(p) {
		g.spawnLocked(func() { p.end(Stopped) }) // for a flow may take its time to close
	}
}

// cut implements member.
func (p *parked) cut(why CloseReason) {
	g := p.from.group
	g.mu.Lock()
	mine := g.lot.take(p)
	g.mu.Unlock()
	if mine {
		p.end(why)
	}
}

// The sweeper does not look at parked connections.
func (p *parked) isDue(engine.Instant) bool { return false }
func (p *parked) sweep(engine.Instant)      {}

func (p *parked) count() (uint64, bool, int) { return p.exchanges, false, 0 }
func (p *parked) of(a *acceptor) bool        { return p.from == a }
