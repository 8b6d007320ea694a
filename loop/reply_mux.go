package loop

import (
	"context"

	"github.com/paf-go/paf/engine"
)

// This file is what a reply does on a connection that it shares with others.

// newReply makes a reply.
func (c *ClientConn) newReply(call *Call) *Reply {
	if c.mux == nil {
		call.reply.c, call.reply.call = c, call
		return &call.reply
	}
	return &Reply{c: c, call: call}
}

// lost implements receiver: what is to be told of it the content tells.
func (r *Reply) lost(error) {}

// tellInterims tells the interim responses that have come. The connection's lock is held, and released meanwhile.
func (r *Reply) tellInterims() {
	interims := r.call.asking.interims
	r.call.asking.interims = nil
	for _, head := range interims {
		if r.tell(head); r.call.asking.sendErr != nil {
			return
		}
	}
}

// awaitReady waits until more content may be sent. The connection's lock is held, and released meanwhile.
func (r *Reply) awaitReady() {
	b := &r.content
	for !b.ready && !r.over && !r.c.gone && b.gone == nil {
		b.wait()
	}
}

// abandon is called when the context of the exchange has ended.
func (r *Reply) abandon() {
	c := r.c
	if c.mux == nil {
		c.discard(Aborted)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.over || r.content.stream == 0 || r.content.ended && r.sent {
		c.notify()
		return // begin looks at the context itself
	}
	r.content.ended = false // what has not been read is not wanted any more
	r.content.fail(context.Cause(r.ctx))
	c.client.Reset(&c.out, r.content.stream, 0)
	c.detach(&r.content)
	c.notify()
	c.push()
}

// endExchange ends an exchange on its connection, which nobody else uses unless it is multiplexed.
func (c *ClientConn) endExchange(r *Reply, why CloseReason) {
	if c.mux == nil {
		c.discard(why)
		return
	}
	c.mu.Lock()
	if r.content.stream != 0 {
		if !r.content.ended || r.content.gone != nil || !r.sent {
			c.client.Reset(&c.out, r.content.stream, engine.Code(0))
		}
		c.detach(&r.content)
		r.over = true
		c.notify()
		c.push()
	}
	c.mu.Unlock()
	_ = c.rest()
}
