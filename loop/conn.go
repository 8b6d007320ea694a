package loop

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
)

// A conn is what both sides of a connection have in common: a flow, an engine,
// and the bytes between them.
type conn struct {
	group  *Group
	flow   flow.Flow
	powers flow.Powers
	eng    engine.Engine
	mux    *mux

	// Read by the sweeper.
	readDue  instant // when a wait for input must end
	writeDue instant // when the write that goes on must end; 0 while there is none
	writeBy  instant // the exchange's own deadline for writing
	lookDue  instant // when onLook is called

	written atomic.Int64 // bytes that the flow has taken
	cutIn   atomic.Bool  // a read has been interrupted, and has not noticed

	mu        sync.Mutex // guards the engine and everything below
	cond      sync.Cond  // reading, writing or out have changed
	in        input
	parkDue   engine.Instant // when the wait for input ends in order to be parked, 0: not
	ev        *engine.Event  // see event
	data      []byte         // content that the engine has handed out and nobody has read yet
	out       engine.Output
	spare     engine.Output // the other one of the two that take turns
	bufs      [][]byte
	waiters   int
	running   int    // exchanges
	exchanges uint64 // so far
	reading   bool   // somebody is in flow.Read
	inVain    bool   // the latest one has found nothing until it was interrupted
	writing   bool   // somebody is in flow.Write
	unsaid    bool   // the output may have something of an exchange that is over
	eof       bool   // the peer has ended its sending side
	stopping  bool
	closed    bool
	taken     bool                 // HTTP has ended on the flow: see takeover.go
	hijacked  bool                 // and nothing of it is ours any more
	tunnels   map[*Tunnel]struct{} // that are open
	harsh     bool                 // to be closed so that the peer does not take it for the end
	over      bool                 // the deadline passed on a flow that can only be closed for it
	fault     *engine.Error        // what the peer has done wrong
	readErr   error                // what ended the input, if not EOF
	writeErr  error                // what ended the output
	why       CloseReason          // set by whoever ends the connection first; 0 until then

	onLook func() // immutable: starts a watcher if one is needed
}

func (c *conn) init(g *Group, f flow.Flow, eng engine.Engine) {
	c.group, c.flow = g, f
	c.powers = flow.PowersOf(f)
	c.cond.L = &c.mu
	c.use(eng)
	c.out.SegmentMin = aloneMin
	if c.powers.VecWriter != nil {
		c.out.SegmentMin = segmentMin
	}
	c.spare.SegmentMin = c.out.SegmentMin
}

// wait waits for a change; c.mu is held.
func (c *conn) wait() {
	c.waiters++
	c.cond.Wait()
	c.waiters--
}

// notify wakes up whoever waits for a change; c.mu is held.
func (c *conn) notify() {
	if c.waiters > 0 {
		c.cond.Broadcast()
	}
}

// count returns how many exchanges there have been, whether one goes on or a tunnel is open, and how many of these. Each connection counts for
// itself: what all count together all wait for.
func (c *conn) count() (exchanges uint64, active bool, tunnels int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exchanges, c.running > 0 || len(c.tunnels) > 0, len(c.tunnels)
}

// nextEvent asks the engine for the next event, nil for none. It is good until c.mu is released.
func (c *conn) nextEvent() *engine.Event {
	if ev := c.event(); c.next(ev) {
		return ev
	}
	return nil
}

// next asks the engine for the next event; c.mu is held.
func (c *conn) next(ev *engine.Event) bool {
	*ev = engine.Event{}
	n := c.eng.Next(c.group.now(), c.in.bytes(), ev)
	c.in.discard(n)
	return ev.Kind != engine.NoEvent
}

// fill waits for input, no longer than until due (0: as long as the engine
// allows). It reads itself, or waits for whoever is reading. What came of it,
// input, EOF or a deadline, the engine knows. c.mu is held, and released
// meanwhile.
func (c *conn) fill(due engine.Instant) {
	c.arm(due)
	if c.reading {
		c.wait()
	} else {
		c.read(c.in.room(len(c.data) > 0))
	}
	c.readDue.Store(0)
}

// arm sets when the sweeper interrupts the wait for input: when the engine or
// the caller wants, whichever is earlier.
func (c *conn) arm(due engine.Instant) {
	due = engine.Sooner(due, c.parkDue)
	c.readDue.Store(engine.Sooner(due, c.eng.Deadline(c.group.now())))
}

// read reads once into room, which is the input's; c.mu is held, and released
// meanwhile.
func (c *conn) read(room []byte) {
	if c.eof || c.readErr != nil || c.closed {
		c.group.setClock()
		c.eng.EOF(c.group.now(), c.readErr == nil && !c.closed)
		c.eof = true
		return
	}
	n, err := c.readFlow(room)
	c.in.w += n
	c.in.full = n == len(room)
	c.took(err)
}

// readFlow calls flow.Read; c.mu is held, and released meanwhile.
func (c *conn) readFlow(p []byte) (int, error) {
	c.reading = true
	c.mu.Unlock()
	n, err := c.flow.Read(p)
	c.mu.Lock()
	c.reading = false
	if c.over { // the flow is being closed: nobody could be answered
		n, err = 0, os.ErrDeadlineExceeded
	}
	c.inVain = n == 0 && err != nil && errors.Is(err, os.ErrDeadlineExceeded)
	c.notify()
	return n, err
}

// took tells the engine how a read ended.
func (c *conn) took(err error) {
	switch {
	case err == nil:
	case c.over:
		// The end, which is our own doing, is told to the engine by the next read, after what it has to say about the time.
		c.eng.Tick(c.group.now())
		c.readErr, c.eof = err, true
	case errors.Is(err, os.ErrDeadlineExceeded) && !c.closed && c.powers.ReadDeadline != nil && c.cutIn.Swap(false):
		// Not a deadline of somebody else who has the flow, as a dialer may. Either the sweeper's interruption, or one that came too late for the
		// read it was meant for: the engine knows whether time is up.
		_ = c.powers.ReadDeadline.SetReadDeadline(noDeadline)
		c.eng.Tick(c.group.now())
	case errors.Is(err, io.EOF):
		// crypto/tls takes an end without close_notify for EOF, if it comes between two records.
		c.eof = true
		c.eng.EOF(c.group.now(), !c.closed)
	default:
		c.readErr, c.eof = err, true
		c.eng.EOF(c.group.now(), false)
	}
}

// isDue reports whether the sweeper has to do something.
func (c *conn) isDue(now engine.Instant) bool {
	return past(c.readDue.Load(), now) || past(c.writeDue.Load(), now) || past(c.lookDue.Load(), now)
}

// sweep does what isDue asked for, on the sweeper's goroutine. It never blocks on the flow.
func (c *conn) sweep(now engine.Instant) {
	if past(c.writeDue.Load(), now) {
		c.interruptWrite()
		return
	}
	if past(c.readDue.Load(), now) {
		c.mu.Lock()
		if past(c.readDue.Load(), now) && !c.putOff(now) { // still: something may have come
			c.interrupt()
		}
		c.mu.Unlock()
	}
	if past(c.lookDue.Load(), now) {
		c.lookDue.Store(0)
		c.onLook()
	}
}

// putOff reports whether the deadline of a multiplexed connection, which is found out for many streams at once and now and then only,
// has moved on since. c.mu is held.
func (c *conn) putOff(now engine.Instant) bool {
	if c.mux == nil { // it may become another engine's at any time
		return false
	}
	due := engine.Sooner(c.eng.Deadline(now), c.parkDue)
	if c.eng.State() != engine.Open || due != 0 && due <= now {
		return false
	}
	c.readDue.Store(due)
	return true
}

// interrupt ends the read that is going on, if there is one. c.mu is held.
func (c *conn) interrupt() {
	if c.taken {
		return
	}
	c.cutIn.Store(true)
	if c.powers.ReadDeadline != nil && c.powers.ReadDeadline.SetReadDeadline(longAgo) == nil || !c.reading {
		return
	}
	c.over = true
	c.group.spawn(c.closeFlow) // which may take its time
}

// interruptWrite ends the write that is going on, and with it the connection.
func (c *conn) interruptWrite() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken {
		return
	}
	c.because(TimedOut)
	if c.powers.WriteDeadline != nil && c.powers.WriteDeadline.SetWriteDeadline(longAgo) == nil {
		return
	}
	c.failWrite(os.ErrDeadlineExceeded) // before whoever reads finds the flow closed
	c.group.spawn(c.closeFlow)
}

// stop makes the connection finish what it is doing and close.
func (c *conn) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	c.tellTunnels(ErrStopped)
	c.notify()
	if c.eng.Streams() == 0 && c.in.len() == 0 && c.out.Len() == 0 && !c.writing { // an exchange ends before its response is written
		c.because(Stopped)
		c.interrupt()
	}
}

// cut ends the connection at once.
func (c *conn) cut(why CloseReason) {
	c.mu.Lock()
	c.because(why)
	c.tellTunnels(ErrStopped)
	c.harsh = c.harsh || c.taken // whoever reads from a tunnel is not to take it for the end
	c.mu.Unlock()
	c.closeFlow()
}

// because notes why the connection ends; the first reason stands. c.mu is held.
func (c *conn) because(why CloseReason) {
	if c.why == 0 {
		c.why = why
	}
}

// closeFlow closes the flow, once. c.mu is not held: to close a TLS flow is to
// write to it.
func (c *conn) closeFlow() {
	c.mu.Lock()
	first, harsh := !c.closed && !c.hijacked, c.harsh
	c.closed = c.closed || first
	c.mu.Unlock()
	if first {
		if harsh && c.powers.Resetter != nil {
			_ = c.powers.Resetter.Reset()
		} else {
			_ = c.flow.Close()
		}
		c.mu.Lock()
		c.tellTunnels(ErrPeerGone)
		c.notify()
		c.mu.Unlock()
	}
}

// quiesce closes the flow and waits until nobody uses it any more. c.mu is held,
// and released meanwhile.
func (c *conn) quiesce() {
	c.mu.Unlock()
	c.closeFlow()
	c.mu.Lock()
	for c.reading || c.writing {
		c.wait()
	}
}

// linger goes on reading after the last response, until the peer has closed its side:
// to close the flow on input that was not read would make TCP reset it, and the
// peer lose what it has not read yet (RFC 9112, Section 9.6: "servers typically
// close a connection in stages").
func (c *conn) linger() {
	if c.eof || c.closed || c.powers.CloseWriter == nil && c.mux == nil {
		return
	}
	var err error
	if c.powers.CloseWriter != nil { // else GOAWAY has said it
		c.mu.Unlock()
		err = c.powers.CloseWriter.CloseWrite()
		c.mu.Lock()
	}
	due := c.group.after(c.group.config.LingerTimeout)
	for err == nil && !c.eof && !c.closed && !past(due, c.group.now()) {
		c.readDue.Store(due)
		if c.reading {
			c.wait()
			continue
		}
		c.in = input{buf: c.in.buf}
		c.read(c.in.room(false))
	}
	c.readDue.Store(0)
}
