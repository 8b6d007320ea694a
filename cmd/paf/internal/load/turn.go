package load

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// Sizes of what is read into. Connections that have filled the first get the last, which has room for a head that has not come whole, too (see
// engine.Limits.HeadBytes).
const (
	bufferMin = 16 << 10
	bufferMax = 128 << 10
)

// spaceMin is the first size of the buffer of a flow whose Read waits: there each connection has its own.
const spaceMin = 4 << 10

// The buffers of connections that are reading at the moment: few, however many there are.
var (
	buffers = sync.Pool{New: func() any { return &buffer{make([]byte, bufferMin)} }}
	larger  = sync.Pool{New: func() any { return &buffer{make([]byte, bufferMax)} }}
)

type buffer struct{ bytes []byte }

// serve reads until the connection is over.
func (c *conn) serve() {
	for !c.ends() {
		if c.raw == nil {
			c.read()
			continue
		}
		err := c.raw.Read(c.readable)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded): // sweep has asked for a look
			_ = c.powers.ReadDeadline.SetReadDeadline(time.Time{})
		default:
			c.came(nil, err, -1)
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
	c.came(c.space[:kept+n], err, -1)
	if kept+n == len(c.space) && n < bufferMax {
		c.space = make([]byte, 2*len(c.space))
	}
}

// readable is called with the descriptor when there may be something to be read, and returns false to wait for more, which the runtime does. What comes after
// it has begun makes the runtime call it again (see loop.peeker), so that it need not read once more to see that nothing is left; but an end that has come
// together with the last response would not.
func (c *conn) readable(fd uintptr) bool {
	pool := &buffers
	if c.filled {
		pool = &larger
	}
	b := pool.Get().(*buffer)
	defer pool.Put(b)
	buf := b.bytes
	for {
		if len(c.rest) == len(buf) {
			return c.tight()
		}
		kept := copy(buf, c.rest)
		n, wait, err := readFD(fd, buf[kept:])
		switch {
		case wait:
			return false
		case n == 0 && err == nil:
			err = io.EOF
		}
		c.filled = c.filled || kept+n == len(buf)
		settled := c.came(buf[:kept+n], err, int(fd))
		if err != nil || c.ends() {
			return true
		}
		if settled && kept+n < len(buf) {
			return false
		}
	}
}

// tight is called when there is no room to read what follows. It returns true, as readable does, to be called once more, with the largest room.
func (c *conn) tight() bool {
	if len(c.rest) == bufferMax {
		c.came(nil, errors.New("the server's message has no end"), -1) // which the engine's limits do not let come about
	}
	return true
}

// came acts on all input that is pending, and on the error of the read that brought it; fd is the descriptor, if it may be used. It reports whether
// requests were sent here, and on HTTP/1 no response to an earlier one is awaited.
func (c *conn) came(in []byte, err error, fd int) (settled bool) {
	now := c.run.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fd = fd
	defer func() { c.fd = -1 }()
	if c.halted {
		return false
	}
	c.in += int64(len(in) - len(c.rest))
	if err == nil {
		c.keep(c.took(now, in))
	} else {
		if err == io.EOF {
			err = nil
		}
		c.ended(now, err, in)
	}
	c.push(now, true)
	return c.busy > 0 && (c.multi != nil && c.asked == c.turn || c.multi == nil && c.flying[c.first].turn == c.turn)
}

// keep keeps input for the next time.
func (c *conn) keep(rest []byte) { c.rest = append(c.rest[:0], rest...) }
