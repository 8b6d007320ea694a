package loop

// This file is how a peer that goes is noticed though nobody can read what it had sent before.

// lookOut has the poller tell when the peer of an exchange goes that nobody can read ahead for: there is no room. It helps where it
// can. c.mu is held.
func (x *exchange) lookOut() {
	c, g := x.c, x.c.group
	if c.fd < 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.openLot() == nil && g.lot.poll.armGone(c.fd) == nil {
		g.lot.looked[c.fd] = x
		x.looked = true
	}
}

// lookAway ends that.
func (x *exchange) lookAway() {
	g := x.c.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lot.looked[x.c.fd] == x {
		delete(g.lot.looked, x.c.fd)
	}
}

// goneAhead ends the context of an exchange whose peer has gone before what it has sent was read.
func (x *exchange) goneAhead() {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !x.done && !c.group.config.KeepHalfClosed {
		x.cancel(ErrPeerGone)
	}
}
