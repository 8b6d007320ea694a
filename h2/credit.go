package h2

import "github.com/paf-go/paf/engine"

// credit is how much the peer may send on the connection (Section 5.2), and how that grows.
//
// Credit is given back when the application has taken content, so what the peer can make us keep is
// bounded by the windows. They begin small and grow to what the path can hold, the product of its bandwidth
// and its delay: a PING is sent with the credit, and what the application takes until the answer comes is how
// much fits into a round trip. If that is a third of
// the window, it doubles: right after it has grown a round trip still shows the content that the former
// window let through. If meanwhile no stream was read to the end of what had come, it is the application that is slow, and
// more credit would only be more memory.
type credit struct {
	size       int // what the connection's window is refilled to
	streamSize int // and a stream's
	announced  int // what a stream begins with, which our settings have said
	most       int // which neither outgrows
	window     int // what the peer may still send
	owed       int // what may be given back and has not been
	owing      []*stream

	consumed int64 // by the application, in all
	pinged   bool
	mark     int64 // consumed when the ping was sent
	emptied  bool  // since then all that had come on some stream was consumed
	next     int64 // consumed when the next one may be sent
}

// streamCredit is the same for a stream.
type streamCredit struct {
	size   int32
	window int32
	owed   int32
	unread int32 // told and not consumed
}

func (k *credit) init(c *conn) {
	k.size = min(max(c.limits.Window, initialWindow), maxWindow)
	k.streamSize = max(k.size/4, initialWindow)
	k.announced = k.streamSize
	k.most = min(max(c.limits.WindowMax, k.size), maxWindow)
	k.window = k.size
}

func (k *streamCredit) open(c *conn) {
	*k = streamCredit{size: int32(c.credit.announced), window: int32(c.credit.announced)}
	if c.unacked > 0 && c.role == server {
		// Until the peer has acknowledged our settings it may still go by the initial value, and not
		// know of ours; what it is allowed is the greater.
		k.window = max(k.window, initialWindow)
	}
}

// spend takes a DATA frame's payload off the connection's window.
func (k *credit) spend(n int) bool {
	if n > k.window {
		return false
	}
	k.window -= n
	return true
}

// giveBack gives back credit of the connection for what nobody will read.
func (k *credit) giveBack(n int) { k.owed += n }

func (k *streamCredit) spend(n int) { k.window -= int32(n) }

// Consumed implements engine.Multiplexed.
func (c *conn) Consumed(now engine.Instant, id engine.StreamID, n int) {
	c.now = now
	s := c.stream(id)
	if s == nil || n <= 0 {
		return
	}
	n = min(n, int(s.credit.unread))
	s.credit.unread -= int32(n)
	c.consumed(s, n)
	c.credit.consumed += int64(n)
	if s.credit.unread == 0 {
		c.credit.emptied = true
		s.resume(c)
	}
}

// consumed gives back credit on both levels.
func (c *conn) consumed(s *stream, n int) {
	k := &s.credit
	c.credit.owed += n
	k.owed += int32(n)
	if grown := int32(c.credit.streamSize) - k.size; grown > 0 {
		k.size += grown
		k.owed += grown
	}
	if !s.owes && k.owed >= k.size/4 {
		s.owes = true
		c.credit.owing = append(c.credit.owing, s)
	}
}

// close gives back what nobody will consume on a stream.
func (k *credit) close(s *stream) {
	k.owed += int(s.credit.unread)
	s.credit.unread = 0
	if !s.owes {
		return
	}
	for i, other := range k.owing {
		if other == s {
			k.owing = append(k.owing[:i], k.owing[i+1:]...)
			break
		}
	}
	s.owes = false
}

// grant says WINDOW_UPDATE (Section 6.9) for what is worth one.
func (k *credit) grant(c *conn) {
	if c.life == over {
		return
	}
	granted := false
	if k.owed >= k.size/4 {
		c.pending = appendWindowUpdate(c.pending, 0, k.owed)
		k.window += k.owed
		k.owed = 0
		granted = true
	}
	for i, s := range k.owing {
		s.owes = false
		if s.state == open || s.state == localEnded {
			c.pending = appendWindowUpdate(c.pending, s.id, int(s.credit.owed))
			s.credit.window += s.credit.owed
			s.credit.owed = 0
			granted = true
		}
		k.owing[i] = nil
	}
	k.owing = k.owing[:0]
	if granted && !k.pinged && k.size < k.most && k.consumed >= k.next {
		c.pending = appendPing(c.pending, 0, pathPing)
		k.pinged, k.mark, k.emptied = true, k.consumed, false
	}
}

// measured is called when our PING has been answered.
func (k *credit) measured(c *conn) {
	k.pinged = false
	trip := k.consumed - k.mark
	if trip < int64(k.streamSize)/3 || !k.emptied {
		k.next = k.consumed + int64(k.streamSize) // the path is full, content comes in bursts, or nobody waits for it: look again
		return
	}
	k.streamSize = min(2*k.streamSize, k.most)
	if grown := k.streamSize - k.size; grown > 0 {
		k.size += grown
		k.owed += grown
	}
}
