package loop

import (
	"cmp"
	"io"
	"math"
	"os"
	"time"

	"github.com/paf-go/paf/engine"
)

const (
	segmentMin = 16 << 10  // content from this size on is not copied, if the flow can writev
	aloneMin   = 32 << 10  // and from this on if it cannot, as TLS: then it is written by itself
	writeMax   = 129 << 10 // the most that has to be written within one WriteTimeout: a round of HTTP/2, with its frames' headers
	flushAt    = 64 << 10  // output of this size is written even if more is to come
	spliceMax  = 1 << 20   // the most that has to be sent by sendfile or splice within one WriteTimeout
)

var (
	longAgo    = time.Unix(1, 0)
	noDeadline time.Time
)

// flush writes what the engine has to say. It returns when everything that was
// in the output has been written, by itself or by another. c.mu is held, and
// released meanwhile.
func (c *conn) flush() error {
	c.eng.Flush(&c.out)
	for c.writing {
		c.wait()
	}
	for c.writeOut(); c.mux != nil && c.reading && c.out.Len() > 0 && c.writeErr == nil; c.writeOut() {
		// Others have laid out more meanwhile, and whoever reads does not see it.
	}
	return c.writeErr
}

// writeOut writes what is in the output. c.mu is held, and released meanwhile.
func (c *conn) writeOut() {
	if c.out.Len() == 0 || c.writeErr != nil {
		c.out.Reset()
		return
	}
	c.out, c.spare = c.spare, c.out
	c.writing, c.unsaid = true, false
	c.mu.Unlock()
	err := c.write(&c.spare)
	c.mu.Lock()
	c.writing = false
	c.recycle(&c.spare)
	if err != nil {
		c.failWrite(err)
	}
	c.notify()
	if c.mux != nil {
		c.wakeReady()
	}
}

// recycle empties an output and gives back memory that is unusually large.
func (c *conn) recycle(out *engine.Output) {
	out.Reset()
	if cap(out.Buf) > 3*flushAt { // a round of HTTP/2 is kept
		out.Buf = nil
	}
}

// failWrite notes that the output has ended. c.mu is held.
func (c *conn) failWrite(err error) {
	if c.over {
		err = os.ErrDeadlineExceeded // not that the flow was closed for it
	}
	if c.writeErr == nil {
		c.writeErr = &GoneError{Op: "write", Err: err}
		if c.mux != nil {
			c.failAll(c.writeErr)
			c.group.spawn(c.closeFlow) // so that whoever reads sees it too
		}
	}
}

// write puts an output on the flow, in pieces that the write time-out watches.
func (c *conn) write(out *engine.Output) error {
	if !out.Segmented() {
		return c.writeBytes(out.Buf)
	}
	c.bufs = out.AppendTo(c.bufs[:0])
	defer func() { clear(c.bufs) }()
	for bufs := c.bufs; len(bufs) > 0; {
		n, size := 0, 0
		for n < len(bufs) && (n == 0 || c.powers.VecWriter != nil && size+len(bufs[n]) <= writeMax) {
			size += len(bufs[n])
			n++
		}
		if n == 1 {
			if err := c.writeBytes(bufs[0]); err != nil {
				return err
			}
		} else if err := c.timed(func() error {
			n, err := c.powers.VecWriter.WriteVec(bufs[:n])
			c.written.Add(n)
			return err
		}); err != nil {
			return err
		}
		bufs = bufs[n:]
	}
	return nil
}

func (c *conn) writeBytes(p []byte) error {
	for len(p) > 0 {
		piece := p[:min(len(p), writeMax)]
		c.beginWrite()
		n, err := c.flow.Write(piece)
		c.writeDue.Store(0)
		c.written.Add(int64(n))
		if err != nil {
			return err
		}
		if n < len(piece) {
			return io.ErrShortWrite
		}
		p = p[n:]
	}
	return nil
}

// beginWrite sets when the write that is about to begin must end. A deadline that is set meanwhile finds no write, and is looked at again.
func (c *conn) beginWrite() {
	for {
		by := c.writeBy.Load()
		c.writeDue.Store(c.writeLimit())
		if c.writeBy.Load() == by {
			return
		}
	}
}

// writeLimit returns when a write that begins now must end. It is never zero, which says that nobody writes.
func (c *conn) writeLimit() engine.Instant {
	return cmp.Or(engine.Sooner(c.group.after(c.group.config.WriteTimeout), c.writeBy.Load()), math.MaxInt64)
}

// splice has the flow take one piece of content by itself, with no lock held. The flow may read r, which is somebody else's and may
// panic. c.mu is held, and released meanwhile.
func (c *conn) splice(r *io.LimitedReader) (n int64, err error) {
	c.writing = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.writing = false
		c.notify()
	}()
	err = c.timed(func() (err error) {
		n, err = c.powers.ReaderFrom.ReadFrom(r)
		return err
	})
	return n, err
}

// timed runs one write under the write time-out.
func (c *conn) timed(write func() error) error {
	c.beginWrite()
	defer c.writeDue.Store(0)
	return write()
}
