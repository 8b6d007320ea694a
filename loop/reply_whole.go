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
	if r.over || r.tunnel || r.Head == nil || !r.sent || !b.ended || b.err != nil || b.gone != nil || len(r.interims) > 0 {
		return false
	}
	if c.mux != nil {
		delete(c.mux.receivers, r.stream)
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

// readWhole is Read when all of the response is here.
func (r *Reply) readWhole(p []byte) (int, error) {
	switch {
	case r.c.mux == nil && len(r.small) == 0, r.c.mux != nil && r.content.queue.empty():
		return 0, io.EOF
	case r.closed.Load():
		return 0, errClosed
	case r.c.mux != nil:
		return r.content.queue.read(p), nil
	}
	n := copy(p, r.small)
	r.small = r.small[n:]
	return n, nil
}

// Take returns all of the content, and the trailer section, in place of Read, if the response has come whole and its content in one
// piece. spent reports whether nobody but the caller of Do has the Call any more, who may then use its memory again, and
// must use the reply no more.
func (r *Reply) Take() (content []byte, trailer *semantics.Fields, taken, spent bool) {
	if !r.whole.Load() || r.c.mux != nil && len(r.content.queue.list) > 1 {
		return nil, nil, false, false
	}
	if r.c.mux == nil {
		content = r.small
	} else if !r.content.queue.empty() {
		content = r.content.queue.list[0]
	}
	return content, r.content.trailer, true, r.spent
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
