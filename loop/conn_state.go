package loop

import (
	"context"

	"github.com/paf-go/paf/flow"
)

// A ConnState is what a server's connection is doing, as Config.ConnState is told of it.
type ConnState uint8

const (
	ConnNew    ConnState = iota + 1 // it has begun; its handshake, if it has one, may not be over
	ConnActive                      // it has a request
	ConnIdle                        // it waits for the next one
	ConnTaken                       // another protocol has taken its flow: the last that is told
	ConnClosed                      // it is over: the last that is told
)

// String returns the state as a word.
func (s ConnState) String() string {
	return [...]string{"none", "new", "active", "idle", "taken", "closed"}[s]
}

// baseOf returns the context of a connection's exchanges.
func (g *Group) baseOf(base context.Context, f flow.Flow) context.Context {
	if g.config.ConnContext == nil {
		return base
	}
	return g.config.ConnContext(base, f)
}

// tell tells of a state. The connection's lock is not held: whoever is told may do with the flow what he likes.
func (g *Group) tell(f flow.Flow, s ConnState) {
	if g.config.ConnState != nil {
		g.config.ConnState(f, s)
	}
}

// moved tells of a state, if it is another one than before, and reports whether it did: then c.mu, which is held, was released meanwhile, and
// whoever reads may have brought input.
func (c *serverConn) moved(s ConnState) (told bool) {
	if c.group.config.ConnState == nil || c.state == s || s == ConnIdle && c.state != ConnActive {
		return false
	}
	c.state = s
	c.mu.Unlock()
	c.group.tell(c.flow, s)
	c.mu.Lock()
	return true
}

// parted tells that the connection is over. c.mu is not held.
func (c *serverConn) parted() {
	if c.state != ConnTaken {
		c.group.tell(c.flow, ConnClosed)
	}
}
