package loop

import "runtime"

// This file is how requests that begin at about the same time leave together. A write costs many times what it takes to lay out
// a request: whoever is about to write lets those who are ready to run, too, lay out what they have before.

// pushTogether writes the output unless whoever reads is about to, or somebody writes already and sees to it. c.mu is held,
// and released meanwhile.
func (c *ClientConn) pushTogether() {
	if c.out.Len() == 0 || c.writing || !c.reading || c.writeErr != nil {
		return
	}
	c.writeTogether()
	if c.out.Len() > 0 && !c.writing && c.reading && c.writeErr == nil {
		// What others have laid out meanwhile is not to hold up this one's response.
		c.group.spawn(c.writeRest)
	}
}

// writeRest writes until there is nothing left to be written.
func (c *ClientConn) writeRest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.out.Len() > 0 && !c.writing && c.reading && c.writeErr == nil {
		c.writeTogether()
	}
}

// writeTogether writes once, after others have had the time to lay out more, if there are any.
func (c *ClientConn) writeTogether() {
	if c.running > 1 || c.company {
		c.yield()
		c.eng.Flush(&c.out)
	}
	c.writeOut()
}

// yield lets others lay out what they have before whoever calls writes it all. c.mu is held, and released meanwhile.
func (c *conn) yield() {
	c.writing = true
	c.mu.Unlock()
	runtime.Gosched()
	c.mu.Lock()
	c.writing = false
}
