package web

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
)

// This file is what a carrier tells a Conn. Nothing in it blocks: in a browser it runs on a callback of the event loop.

// arrive takes a message of bytes, and keeps none of them.
func (c *Conn) arrive(p []byte) {
	c.mu.Lock()
	c.allowed -= len(p)
	wrong, deaf := c.allowed < 0 || c.over, c.deaf
	c.mu.Unlock()
	switch {
	case wrong:
		c.lose(fmt.Errorf("%w: %d bytes that it was not allowed to send", ErrProtocol, len(p)))
		c.carrier.abort()
	case deaf:
		c.took(len(p))
	default:
		_, _ = c.come.Write(p) // fails when nobody reads any more
	}
}

// hear takes a word.
func (c *Conn) hear(word string) {
	verb, number, _ := strings.Cut(word, " ")
	switch n, err := strconv.ParseUint(number, 10, 31); {
	case verb == "credit" && err == nil:
		c.earn(int(n))
	case word == "end":
		c.finished(nil)
	case word == "close":
		c.finished(syscall.EPIPE)
	case word == "reset":
		c.lose(syscall.ECONNRESET)
	default:
		c.lose(fmt.Errorf("%w: an unknown word", ErrProtocol))
		c.carrier.abort()
	}
}

// earn adds to the credit, which never exceeds a window: so much may be on the way, whatever a peer says.
func (c *Conn) earn(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.credit = min(c.credit+n, window)
	c.changed.Broadcast()
}

// finished ends what comes in, in peace; gone is why nothing can be sent any more, or nil.
func (c *Conn) finished(gone error) {
	_ = c.come.CloseWrite()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.gone == nil {
		c.gone = gone
	}
	c.changed.Broadcast()
}

// lose is told that the carrier is gone, and why. It does not matter if the peer has closed the flow before, or we have.
func (c *Conn) lose(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone == nil {
		c.gone = err
	}
	c.changed.Broadcast()
	if c.over {
		return
	}
	c.over = true
	_ = c.come.Reset()
}
