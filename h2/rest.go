package h2

import (
	"github.com/paf-go/paf/engine"
)

// Rest implements engine.Rester. The peer's entries stay in the decoder's table, for the peer may refer to them; ours are given up, which
// the next block says.
func (c *ServerConn) Rest() (fresh bool) {
	c.enc.Forget()
	c.former, c.said, c.message = head{}, saying{}, message{}
	c.hot, c.free = nil, nil
	if len(c.streams) == 0 {
		c.streams = map[engine.StreamID]*stream{}
	}
	if len(c.pending) == 0 {
		c.pending = nil
	}
	if !c.in.block.open {
		c.in.block = block{}
	}
	if len(c.credit.owing) == 0 {
		c.credit.owing = nil
	}
	if len(c.window.waiting) == 0 {
		c.window.waiting = nil
	}
	return false
}
