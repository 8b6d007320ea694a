package loop

import (
	"io"

	"github.com/paf-go/paf/semantics"
)

// This file is about responses that have come whole by the time their caller is told of them, as most small ones have: the
// exchange is over then, the connection free for the next one, and the rest is between the caller and his memory.

// smallMost is how long content may be that is copied for the sake of that, where a connection has one exchange at a time.
const smallMost = 4 << 10

// complete takes the exchange off the connection if nothing is left to be done there: the response has come to its end, and the
// request was sent. It reports whether that is so. The connection's lock is held.
func (r *Reply) complete() bool {
	c, b := r.c, &r.content
	if r.over || r.tunnel || !r.headed || !r.sent || !b.ended || b.err != nil || b.gone != nil || r.untold() {
		return false
	}
	if c.mux != nil {
		delete(c.mux.receivers, b.stream)
		b.attached = false
		r.empty()
	}
	r.over = true
	if r.counted {
		r.counted = false
		c.running--
	}
	c.notify()
	c.used.Store(true)
	r.whole.Store(true)
	return true
}

// restWhole is what Do does when the response has come whole: the connection is free, unless it is being closed.
func (r *Reply) restWhole(call *Call) {
	free := r.free()
	r.spent = free && call.Body == nil
	switch {
	case r.c.mux != nil:
	case free:
		call.Trace.rested(r.c.rest())
	default: // ctx has ended
		r.c.discard(Aborted)
	}
}

// untold reports whether there are interim responses that Do has still to tell.
func (r *Reply) untold() bool { return r.awaited && len(r.call.asking.interims) > 0 }

// empty takes the content of a response that is whole out of its inbox, and gives that up, as far as Do waits for it and
// there is no more content than in one piece. The connection's lock is held.
func (r *Reply) empty() {
	in := r.content.inbox
	if in == nil || !r.awaited || len(in.queue.list) > 1 {
		return
	}
	if !in.queue.empty() {
		r.small = in.queue.list[0]
		in.queue = chunks{}
	}
	r.content.inbox = nil
	if in.waiting == 0 {
		r.c.mux.keep(in)
	} else {
		in.waiting, in.left = 0, true // Do does not touch it again
	}
}

// readWhole is Read when all of the response is here.
func (r *Reply) readWhole(p []byte) (int, error) {
	switch {
	case len(r.small) == 0 && !r.content.unread():
		return 0, io.EOF
	case r.closed.Load():
		return 0, errClosed
	case len(r.small) == 0:
		return r.content.inbox.queue.read(p), nil
	}
	n := copy(p, r.small)
	r.small = r.small[n:]
	return n, nil
}

// Take returns all of the content, and the trailer section, in place of Read, if the response has come whole and its content in one
// piece. spent reports whether nobody but the caller of Do has the Call any more, who may then use its memory again, and
// must use the reply no more if the content was taken.
func (r *Reply) Take() (content []byte, trailer *semantics.Fields, taken, spent bool) {
	if !r.whole.Load() || r.content.unread() {
		return nil, nil, false, r.spent
	}
	return r.small, r.content.trailer, true, r.spent
}

// takeSmall takes the content of a response whose head has come, if all of it has come with the head and there is little of it.
// It reports whether the response is whole, then. The connection's lock is held. It is of use where a connection has one exchange
// at a time.
func (r *Reply) takeSmall() bool {
	c := r.c
	if r.sent && !r.content.ended && 0 < r.Length && r.Length <= min(smallMost, int64(c.in.len())) {
		r.small = make([]byte, 0, r.Length)
		for !r.content.ended && len(c.data) == 0 {
			ev := c.nextEvent()
			if ev == nil {
				break
			}
			r.content.take(ev)
			r.small = append(r.small, c.data...)
			c.data = nil
		}
	}
	if r.complete() {
		return true
	}
	if len(r.small) > 0 {
		c.data = r.small // for Read
	}
	return false
}
