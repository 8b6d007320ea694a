package load

import (
	"sync"
	"syscall"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
)

// segmentMin is the size from which content is written from where it lies.
const segmentMin = 16 << 10

// inlineMax is how much whoever reads writes himself on a flow whose Write may block: a server that does not read before its response
// has been read would stop both.
const inlineMax = 64 << 10

// A line is the bytes to and from a flow. All of it belongs to the group's mutex, but for what only the reader uses.
type line struct {
	flow   flow.Flow
	isOpen bool
	powers flow.Powers
	raw    syscall.RawConn       // of a flow whose descriptor can be waited for and used; else nil
	fd     int                   // raw's, while it is being used; else -1
	sendFD func(fd uintptr)      // conn.writeFD, made once
	turnFD func(fd uintptr) bool // conn.readable, made once

	out     engine.Output // what is to be written next
	other   engine.Output // what is being written
	pieces  [][]byte      // memory for that as pieces
	bufs    [][]byte      // of pieces, what is left to be written
	writing bool          // somebody writes, and sees to what comes into out meanwhile
	written *sync.Cond    // nobody writes any more
	kick    chan struct{} // for the goroutine that writes where whoever has something to be written must not wait

	rest  []byte // input that the engine needs more for; the reader's
	space []byte // to read into, of a flow without a descriptor; the reader's

	in, sent int64 // bytes that came and went and are of no one exchange: the next that ends has them
	laid     int   // bytes in out that are an exchange's
}

// open begins with a flow. The group's mutex is held.
func (l *line) open(f flow.Flow) {
	l.flow, l.isOpen, l.fd = f, true, -1
	l.powers = flow.PowersOf(f)
	l.raw = rawOf(l.powers.Pollable)
	l.out.Reset()
	l.out.SegmentMin, l.other.SegmentMin = segmentMin, segmentMin
	l.rest = l.rest[:0]
	l.in, l.sent, l.laid = 0, 0, 0
}

// close ends the flow and waits until nobody writes. mu is the group's, and held.
func (l *line) close(mu *sync.Mutex) {
	l.isOpen = false
	f := l.flow
	mu.Unlock()
	_ = f.Close()
	mu.Lock()
	for l.writing {
		l.written.Wait()
	}
	l.out.Reset()
}

// cut makes the reader come back with an error. c.mu is held; a flow may take its time to close.
func (c *conn) cut() {
	if c.isOpen {
		go c.flow.Close()
	}
}

// push writes what is to be written, and sees that somebody does if that takes time. turn: the caller is the reader. c.mu is held.
func (c *conn) push(now int64, turn bool) {
	c.account(now)
	if !c.isOpen {
		return
	}
	for !c.writing && c.fill() {
		switch {
		case c.raw != nil && c.writeNow():
			c.other.Reset()
		case c.raw != nil:
			c.writing = true
			go c.drainLater()
		case turn && c.pending() <= inlineMax:
			c.writing = true
			c.drain()
		default:
			c.writing = true
			if c.kick == nil {
				c.kick = make(chan struct{}, 1)
				go c.write(c.kick)
			}
			c.kick <- struct{}{} // which has room: nobody else writes
		}
	}
	c.bound()
}

// outMost is how much may wait to be written besides requests: acknowledgements, credit, resets.
const outMost = 1 << 20

// bound ends a connection whose server makes us say more than it reads. c.mu is held.
func (c *conn) bound() {
	if !c.writing || c.over != nil {
		return
	}
	if c.multi != nil { // whose engine keeps what it has to say itself until it is asked
		c.lanes[0].Flush(&c.out)
	}
	if int64(c.out.Len()) > outMost+int64(len(c.flying))*c.run.largest {
		c.end(errDeaf)
	}
}

// fill makes the pieces that are to be written next, and reports whether there are any. c.mu is held.
func (c *conn) fill() bool {
	if c.multi != nil {
		for id := c.multi.Ready(&c.out); id != 0; id = c.multi.Ready(&c.out) {
			if at, ok := c.streams[id]; ok {
				c.feed(c.lanes[0], &c.flying[at])
			}
		}
		c.lanes[0].Flush(&c.out)
	}
	if c.out.Len() == 0 {
		return false
	}
	c.sent += int64(c.out.Len() - c.laid)
	c.laid = 0
	c.out, c.other = c.other, c.out
	c.pieces = c.other.AppendTo(c.pieces[:0])
	c.bufs = c.pieces
	return true
}

// pending returns how many bytes of the pieces are left.
func (l *line) pending() (n int) {
	for _, p := range l.bufs {
		n += len(p)
	}
	return n
}

// writeNow writes as much as the descriptor takes, and reports whether that was all, or the flow has gone, of which the reader is told, too. c.mu is held.
func (c *conn) writeNow() bool {
	if c.fd >= 0 {
		c.writeFD(uintptr(c.fd))
	} else if c.raw.Control(c.sendFD) != nil {
		c.bufs = c.bufs[:0]
	}
	return len(c.bufs) == 0
}

// writeFD writes the pieces to the descriptor until it takes no more.
func (c *conn) writeFD(fd uintptr) {
	for len(c.bufs) > 0 {
		n, err := writeFD(fd, c.bufs[0])
		if n < len(c.bufs[0]) && err == nil {
			c.bufs[0] = c.bufs[0][n:]
			return
		}
		if err != nil { // the reader comes upon it as well
			c.bufs = c.bufs[:0]
			return
		}
		c.bufs = c.bufs[1:]
	}
}

// drainLater goes on to write where the descriptor takes no more now.
func (c *conn) drainLater() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drain()
}

// write is the goroutine that writes.
func (c *conn) write(kick <-chan struct{}) {
	for range kick {
		c.drainLater()
	}
}

// stopWriter ends the goroutine that writes, if there is one.
func (c *conn) stopWriter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kick != nil {
		close(c.kick)
		c.kick = nil
	}
}

// drain writes until nothing is left. c.writing is set, c.mu held, but not while it writes.
func (c *conn) drain() {
	f := c.flow
	for ok := true; ok; {
		err := c.writeAll(f)
		c.other.Reset()
		if err != nil {
			c.broke(err)
			break
		}
		ok = c.isOpen && c.fill()
	}
	c.writing = false
	c.written.Broadcast()
}

// writeAll writes the pieces.
func (c *conn) writeAll(f flow.Flow) error {
	bufs := c.bufs
	c.mu.Unlock()
	defer c.mu.Lock()
	for _, p := range bufs {
		if _, err := f.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// broke ends a connection that takes nothing more, though a response may be on its way still, which the reader comes upon first. c.mu is held.
func (c *conn) broke(err error) {
	if c.busy == 0 {
		c.end(err)
	}
	if c.powers.ReadDeadline == nil {
		c.cut()
	}
}
