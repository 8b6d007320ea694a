package loop

import (
	"context"
	"runtime/debug"

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

// tell tells of a state. The connection's lock is not held: whoever is told may do with the flow what he likes. His panic costs the connection.
func (g *Group) tell(f flow.Flow, s ConnState) {
	if g.config.ConnState == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			g.config.Log.Error("paf: ConnState panicked", "component", "paf-server", "state", s.String(), "panic", v, "stack", string(debug.Stack()))
			_ = f.Close()
		}
	}()
	g.config.ConnState(f, s)
}

// moved tells of a state, if it is another one than before, and reports whether it did: then c.mu, which is held, was released meanwhile, and
// whoever reads may have brought input. What several goroutines have found is told one after another, and only while it is so.
func (c *serverConn) moved(s ConnState) (told bool) {
	if c.group.config.ConnState == nil {
		return false
	}
	for c.telling {
		c.wait()
	}
	if c.state == s || c.state >= ConnTaken || s == ConnIdle && (c.state != ConnActive || c.running > 0) {
		return false
	}
	c.state, c.telling = s, true
	c.mu.Unlock()
	c.group.tell(c.flow, s)
	c.mu.Lock()
	c.telling = false
	c.notify()
	return true
}
