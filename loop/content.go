package loop

import (
	"io"
	"os"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// directMin is the size of a caller's buffer from which on the flow is read
// straight into it.
const directMin = 8 << 10

// content is the receiving side of one message: what Read of a request's or a
// response's body is made of. The connection's lock guards it.
type content struct {
	c        *conn
	stream   engine.StreamID
	ended    bool
	attached bool  // it is the receiver of its stream (multiplexed)
	ready    bool  // it is its turn to write
	handed   bool  // an event was, and it is to be woken when all of a read has been handed out (client)
	err      error // what ended it, if not the end of the message
	trailer  *semantics.Fields
	due      engine.Instant // the caller's own deadline; 0: none
	owner    receiver       // takes what is neither content nor its end

	gone  error  // the stream, the connection, or the reader's part in it is over
	inbox *inbox // nil unless there is something in it, or somebody waits
}

// read reads content as io.Reader does. c.mu is held, and released meanwhile.
func (b *content) read(p []byte) (int, error) {
	c := b.c
	if c.mux != nil {
		return b.readQueued(p)
	}
	if err := b.advance(p); err != nil {
		return 0, err
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	return n, nil
}

// advance waits until there is content in c.data, and returns io.EOF at the end of
// the message. If it has to read, and p is large, it reads into p, and c.data
// may then be the front of p. c.mu is held, and released meanwhile.
func (b *content) advance(p []byte) error {
	c := b.c
	for {
		if b.gone != nil {
			return b.gone // what lies in c.data may be another exchange's
		}
		if len(c.data) > 0 {
			return nil
		}
		if b.ended {
			return b.end()
		}
		if ev := c.nextEvent(); ev != nil {
			b.take(ev)
			continue
		}
		if err := b.await(p); err != nil {
			return err
		}
	}
}

// await makes sure that the peer has got what it may be waiting for, then waits
// for input.
func (b *content) await(p []byte) error {
	c := b.c
	if c.out.Len() > 0 && !c.writing {
		b.owner.flush() // what the peer has still sent can be read all the same
	}
	if c.eng.State() != engine.Open && !b.ended {
		b.fail(&GoneError{Op: "read", Err: io.ErrUnexpectedEOF})
		return b.err
	}
	if len(p) >= directMin && c.in.len() == 0 && !c.reading && !c.eof && !c.closed {
		b.direct(p)
	} else {
		c.fill(b.due)
	}
	if len(c.data) == 0 && past(b.due, c.group.now()) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// direct reads from the flow into the caller's memory and lets the engine find
// the content there: no copy for content without framing, one within p for a chunk.
func (b *content) direct(p []byte) {
	c := b.c
	c.arm(b.due)
	n, err := c.readFlow(p)
	c.readDue.Store(0)
	rest := p[:n]
	if c.taken { // it is no content of ours any more
		c.in.append(rest)
		rest = nil
	}
	for len(rest) > 0 {
		ev := c.event()
		*ev = engine.Event{}
		used := c.eng.Next(c.group.now(), rest, ev)
		rest = rest[used:]
		told := ev.Kind != engine.NoEvent
		if told {
			b.take(ev)
		}
		if told || used == 0 {
			c.in.append(rest)
			break
		}
	}
	c.took(err)
}

// event returns memory for an event, for use until the lock is released. It is not made anew for each read.
func (c *conn) event() *engine.Event {
	if c.ev == nil {
		c.ev = new(engine.Event)
	}
	return c.ev
}

// forgetData lets go of content, which may lie in a caller's memory.
func (c *conn) forgetData() {
	c.data = nil
	if c.ev != nil {
		*c.ev = engine.Event{}
	}
}

// take deals with an event.
func (b *content) take(ev *engine.Event) {
	switch ev.Kind {
	case engine.Data:
		b.c.data = ev.Data
	case engine.End:
		b.ended, b.trailer = true, ev.Trailer
	case engine.Fault:
		if ev.Err.Scope != engine.Stream {
			ev.Err.Err = b.c.readErr
			b.c.fault = ev.Err
		}
		if ev.Err.Status != 0 {
			b.breakOff(ev.Err)
		} else {
			b.fail(ev.Err)
		}
		b.owner.event(ev)
	default:
		b.owner.event(ev)
	}
}

// fail ends the content with an error, for good. What had ended before stays whole, but nothing can be
// sent any more on the stream of a multiplexed connection.
func (b *content) fail(err error) {
	if b.gone == nil {
		b.gone = err
	}
	b.breakOff(err)
}

// breakOff ends the content with an error; the peer may be answered.
func (b *content) breakOff(err error) {
	if !b.ended {
		b.ended, b.err = true, err
	}
}

func (b *content) end() error {
	if b.err != nil {
		return b.err
	}
	return io.EOF
}
