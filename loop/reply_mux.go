package loop

import (
	"context"

	"github.com/paf-go/paf/engine"
)

// This file is what a reply does on a connection that it shares with others.

// newReply makes a reply, in one piece.
func (c *ClientConn) newReply(call *Call) *Reply {
	if c.mux == nil {
		call.reply.c, call.reply.call = c, call
		return &call.reply
	}
	m := &struct {
		Reply
		box inbox
	}{}
	m.c, m.call, m.Reply.box = c, call, &m.box
	return &m.Reply
}

// lost implements receiver: what is to be told of it the content tells.
func (r *Reply) lost(error) {}

// tellInterims tells the interim responses that have come. The connection's lock is held, and released meanwhile.
func (r *Reply) tellInterims() {
	interims := r.interims
	r.interims = nil
	for _, head := range interims {
		r.tell(head)
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
	if r.over || r.stream == 0 || r.content.ended && r.sent {
		return // begin looks at the context itself
	}
	r.content.ended = false // what has not been read is not wanted any more
	r.content.fail(context.Cause(r.ctx))
	c.client.Reset(&c.out, r.stream, 0)
	c.detach(&r.content)
	c.notify()
	c.push()
}

// leave ends an exchange on its connection, which nobody else uses unless it is multiplexed.
func (c *ClientConn) leave(r *Reply, why CloseReason) {
	if c.mux == nil {
		c.discard(why)
		return
	}
	c.mu.Lock()
	if r.stream != 0 {
		if !r.content.ended || r.content.gone != nil || !r.sent {
			c.client.Reset(&c.out, r.stream, engine.Code(0))
		}
		c.detach(&r.content)
		r.over = true
		c.notify()
		c.push()
	}
	c.mu.Unlock()
	c.rest()
}
