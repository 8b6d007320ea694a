package h1

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A conn is what both sides of a connection share.
type conn struct {
	limits engine.Limits
	role   side    // which of the halves is ours
	half   [2]half // state.go
	id     engine.StreamID
	timers timers

	persistent bool // no message has said close
	shutting   bool // our caller wants no further exchange
	eof        bool // the peer's sending side has ended
	cut        bool // it broke off
	broken     rule // a fault that the next call of Next tells; ok if there is none

	section section // the head or trailer section that is being looked for
	body    body    // the peer's content, while its half is in content
	frame   frame   // our content, while our half is in content
}

func newConn(limits engine.Limits, role side, now engine.Instant) conn {
	return conn{
		limits:     limits.WithDefaults(),
		role:       role,
		half:       [2]half{idle, idle},
		persistent: true,
		timers:     timers{idle: now},
	}
}

// peer returns the side of the peer.
func (c *conn) peer() side { return 1 - c.role }

// persists reports whether another exchange may follow this one
// (RFC 9112, Section 9.3).
func (c *conn) persists() bool { return c.persistent && !c.shutting }

// State implements engine.Engine.
func (c *conn) State() engine.State {
	switch {
	case c.half == [2]half{switched, switched}:
		return engine.Switched
	case c.over():
		return engine.Closed
	}
	return engine.Open
}

// Streams implements engine.Engine.
func (c *conn) Streams() int {
	if c.half == [2]half{idle, idle} || c.State() != engine.Open {
		return 0
	}
	return 1
}

// Flush implements engine.Engine. HTTP/1 has nothing to say by itself.
func (c *conn) Flush(*engine.Output) {}

// EOF implements engine.Engine. What it means depends on what is still pending,
// which Next is shown.
func (c *conn) EOF(_ engine.Instant, whole bool) {
	c.cut = c.cut || !c.eof && !whole
	c.eof = true
}

// Reset implements engine.Engine. HTTP/1 has no other way to say that a message is
// broken than to end the connection inside it.
func (c *conn) Reset(_ *engine.Output, id engine.StreamID, _ engine.Code) {
	if id == c.id && c.Streams() > 0 {
		c.abandon()
	}
}

// abandon ends both halves where they are.
func (c *conn) abandon() {
	c.step(client, fault)
	c.step(server, fault)
}

// Shutdown implements engine.Engine.
func (c *conn) Shutdown(*engine.Output) {
	c.shutting = true
	c.closeIdle()
}

// closeIdle closes the connection if no exchange is in progress.
func (c *conn) closeIdle() {
	if c.half == [2]half{idle, idle} {
		c.abandon()
	}
}

// fault ends the peer's message: it tells the loop which rule was broken. A
// server may answer on the event's stream if it has not begun to.
func (c *conn) fault(ev *engine.Event, r rule, detail string) {
	*ev = engine.Event{Kind: engine.Fault, Request: ev.Request, Err: &engine.Error{
		Blame:  engine.Peer,
		Scope:  engine.Connection,
		Rule:   rules[r].text,
		Status: rules[r].status,
		Detail: detail,
	}}
	if c.half == [2]half{idle, idle} {
		c.id++ // of a request that could not be read
	}
	ev.Stream = c.id
	c.broken = ok
	c.persistent = false
	c.timers.whole()
	c.step(c.peer(), fault)
	if c.role == client || ev.Err.Status == 0 || !c.may(server, head) {
		ev.Err.Status = 0
		c.abandon()
	}
}

// Data implements engine.Engine.
func (c *conn) Data(out *engine.Output, id engine.StreamID, p []byte) (int, error) {
	if err := c.writing(id); err != nil {
		return 0, err
	}
	return c.frame.data(out, p)
}

// End implements engine.Engine.
func (c *conn) End(out *engine.Output, id engine.StreamID, trailer *semantics.Fields) error {
	if id == c.id && c.half[server] == switched {
		return nil // a switch has no content to end
	}
	if err := c.writing(id); err != nil {
		return err
	}
	if err := c.frame.end(out, trailer); err != nil {
		if c.frame.short() {
			c.abandon() // so that the peer sees the message cut off
		}
		return err
	}
	c.step(c.role, end)
	return nil
}

// Verbatim implements engine.Verbatim.
func (c *conn) Verbatim(id engine.StreamID, n int64) int64 {
	if c.writing(id) != nil {
		return 0
	}
	more := c.frame.verbatim(0)
	if n > more || n < 0 {
		c.abandon() // what is on the wire is not what has been declared
		return 0
	}
	return c.frame.verbatim(n)
}

// writing reports why our content on a stream cannot be written now.
func (c *conn) writing(id engine.StreamID) error {
	switch {
	case id != c.id || c.State() != engine.Open:
		return engine.Misuse(engine.RuleGone, "")
	case c.half[c.role] == idle || c.half[c.role] == waiting:
		return engine.Misuse(engine.RuleOrder, "content before the head")
	case c.half[c.role] != content:
		return engine.Misuse(engine.RuleGone, "the message has ended")
	}
	return nil
}
