package load

import (
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

// bufferSize is room for what one read brings, and for a head that has not come whole (see engine.Limits.HeadBytes).
const bufferSize = 128 << 10

// spaceMin is the first size of the buffer of a flow whose Read waits: there each connection has its own, which grows where it has been full.
const spaceMin = 4 << 10

// A group is some connections of which one at a time does something: they share a lock and what is read into. A lock and a buffer for each connection would do
// as well, but for the memory: whoever waits for a lock that is held (that of the pace) would keep a buffer meanwhile, and thousands may.
type group struct {
	mu  sync.Mutex
	buf [bufferSize]byte
}

// How long one connection may go on before the others of its group have their turn: for so many bytes, where a read counts as least bytes even if it brings
// fewer. A server that sends faster than it is listened to would keep the lock for ever, from whoever is to end the run, too.
const (
	turnMost  = bufferSize
	turnLeast = 4 << 10
)

// groupsPerCore is more than one, lest cores wait for each other.
const groupsPerCore = 8

// serve reads until the connection is over.
func (c *conn) serve() {
	for !c.ends() {
		if c.raw == nil {
			c.read()
			continue
		}
		err := c.raw.Read(c.turnFD)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded): // sweep has asked for a look
			_ = c.powers.ReadDeadline.SetReadDeadline(time.Time{})
		default:
			c.mu.Lock()
			c.came(nil, err)
			c.mu.Unlock()
		}
	}
}

// ends reports whether the connection is to be closed.
func (c *conn) ends() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over != nil || c.halted
}

// read waits for input and acts on it.
func (c *conn) read() {
	if len(c.space) == 0 {
		c.space = make([]byte, spaceMin)
	}
	kept := len(c.rest)
	if kept == len(c.space) {
		c.space = make([]byte, 2*kept)
	}
	copy(c.space, c.rest)
	n, err := c.flow.Read(c.space[kept:])
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came(c.space[:kept+n], err)
	if kept+n == len(c.space) && n < bufferSize {
		c.space = make([]byte, 2*len(c.space))
	}
}

// readable is called with the descriptor when there may be something to be read, and returns false to wait for more, which the runtime does. What comes after
// it has begun makes the runtime call it again (see loop.peeker), so that it need not read once more to see that nothing is left; but an end that has come
// together with the last response would not.
func (c *conn) readable(fd uintptr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fd = int(fd)
	defer func() { c.fd = -1 }()
	buf := c.group.buf[:]
	for taken := 0; c.over == nil && !c.halted; {
		if taken >= turnMost {
			taken = 0
			c.giveWay()
			continue
		}
		kept := copy(buf, c.rest)
		if kept == len(buf) {
			c.came(nil, errors.New("the server's message has no end")) // which the engine's limits do not let come about
			return true
		}
		n, wait, err := readFD(fd, buf[kept:])
		switch {
		case wait:
			return false
		case n == 0 && err == nil:
			err = io.EOF
		}
		if c.came(buf[:kept+n], err) && kept+n < len(buf) {
			return false
		}
		taken += max(n, turnLeast)
	}
	return true
}

// giveWay lets the others of the group have their turn, and those who look after time. c.mu is held, but not meanwhile; the group's buffer is theirs then.
func (c *conn) giveWay() {
	fd := c.fd
	c.fd = -1
	c.mu.Unlock()
	runtime.Gosched()
	c.mu.Lock()
	c.fd = fd
}

// came acts on all input that is pending, and on the error of the read that brought it. It reports whether requests were sent here, and on HTTP/1 no response to an
// earlier one is awaited. c.mu is held.
func (c *conn) came(in []byte, err error) (settled bool) {
	if c.halted {
		return false
	}
	now := c.run.clock()
	if fresh := len(in) - len(c.rest); fresh > 0 {
		c.heard, c.poked = now, false
	}
	c.acting = true
	if err == nil {
		c.keep(c.took(now, in))
	} else {
		if err == io.EOF {
			err = nil
		}
		c.ended(now, err, in)
	}
	c.acting = false
	c.push(now, true)
	return c.over == nil && c.busy > 0 && (c.multi != nil && c.asked == c.turn || c.multi == nil && c.flying[c.first].turn == c.turn)
}

// keep keeps input for the next time.
func (c *conn) keep(rest []byte) { c.rest = append(c.rest[:0], rest...) }
