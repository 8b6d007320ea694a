package loop

import "sync"

// This file is how those who take part in a connection wait, each for what happens on his stream, where exchanges go on side by side.

// An inbox is what a content needs besides for as long as there is something in it or somebody waits. Then another content of
// the connection may have it: of many streams on which nothing happens none has one.
type inbox struct {
	queue   chunks    // what has come and has not been read
	lent    []byte    // memory of a reader that waits, which is filled before the queue
	cond    sync.Cond // something has happened on the stream
	woken   int       // how often, while somebody waited
	waiting int       // those who wait
	left    bool      // nobody needs it any more but to be woken: see wakeHanded
}

// inboxesMost is how many inboxes a connection keeps for contents to come: as many as go back at once, when a read has
// brought many responses.
const inboxesMost = 128

// A leaver lets go of a lock for a wait and does not take it again: not all who are woken need it.
type leaver struct{ mu *sync.Mutex }

func (l leaver) Lock()   {}
func (l leaver) Unlock() { l.mu.Unlock() }

// box returns the inbox of a content. c.mu is held.
func (b *content) box() *inbox {
	if b.inbox != nil {
		return b.inbox
	}
	free := b.c.mux.inboxes
	if last := len(free) - 1; last >= 0 {
		b.inbox, free[last] = free[last], nil
		b.c.mux.inboxes = free[:last]
	} else {
		b.inbox = &inbox{}
		b.inbox.cond.L = leaver{&b.c.mu}
	}
	return b.inbox
}

// unbox gives up the inbox of a content if it is of no use now. c.mu is held.
func (b *content) unbox() {
	if in := b.inbox; in != nil && in.waiting == 0 && in.queue.empty() {
		b.inbox = nil
		b.c.mux.keep(in)
	}
}

// keep keeps an inbox that is empty for another content.
func (m *mux) keep(in *inbox) {
	if len(m.inboxes) < inboxesMost {
		m.inboxes = append(m.inboxes, in)
	}
}

// unread reports whether content has come that has not been read. c.mu is held.
func (b *content) unread() bool { return b.inbox != nil && !b.inbox.queue.empty() }

// take takes content.
func (in *inbox) take(p []byte) {
	n := copy(in.lent, p)
	in.lent = in.lent[n:]
	in.queue.add(p[n:])
}

// waitLending waits, and returns how much content has come into p meanwhile: it does not go through the queue, which is a
// copy less. Of several readers one at a time can lend its memory.
func (b *content) waitLending(p []byte) (n int) {
	in := b.box()
	if in.lent != nil {
		b.wait()
		return 0
	}
	in.lent = p
	b.wait()
	n = len(p) - len(in.lent)
	in.lent = nil
	return n
}

// wait waits for something to happen on the stream. c.mu is held, and released meanwhile.
func (b *content) wait() {
	in := b.box()
	in.waiting++
	if b.waitFreely() {
		b.c.mu.Lock()
	}
	in.waiting--
}

// waitFreely is wait for one who has been counted, but for that c.mu is not taken again if it reports true. c.mu is held.
func (b *content) waitFreely() (free bool) {
	c, in := b.c, b.inbox
	woken := in.woken
	b.owner.waits()
	c.push()
	if in.woken != woken {
		return false // while the output was being written
	}
	if b.due != 0 {
		c.lookBy(b.due)
	}
	in.cond.Wait()
	return true
}

// wake wakes whoever waits on the stream. c.mu is held.
func (b *content) wake() {
	if in := b.inbox; in != nil && in.waiting > 0 {
		in.woken++
		in.cond.Broadcast()
	}
}
