package flowtest

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/paf-go/paf/flow"
)

// Faults says what goes wrong on a flow. The zero Faults is nothing.
type Faults struct {
	// ReadMax is the number of bytes that a Read returns at most; 0 for no
	// bound. With 1, every message arrives byte by byte.
	ReadMax int
	// WriteMax is the number of bytes that are handed to the flow inside at
	// a time: a Write of more becomes several. 0 for no bound.
	WriteMax int
	// Read and Write happen to the bytes that are read and written, each list in ascending order
	// of its offsets.
	Read, Write []Fault
}

// A Fault happens once, between the byte before offset At of its direction and the one
// behind it: to the call that would move the latter. (A reset by writing comes as soon as
// the former is written.) First the stall, then the reset, then the error.
type Fault struct {
	At int64

	// Stall is how long nothing passes.
	Stall time.Duration
	// Until is closed by the test when something may pass again; nil for no wait.
	Until <-chan struct{}

	// Reset ends both directions at once, at both ends where the flow inside can do that
	// (a pipe, TCP), as does a peer that crashes. Whoever uses the flow gets syscall.ECONNRESET.
	Reset bool
	// Err is what the call returns, together with the bytes that passed
	// before, and every later call in this direction without any. io.ErrShortWrite
	// makes a short write.
	Err error
}

// A FaultyFlow is a flow on which things go wrong. Close interrupts a stall, and
// so does a deadline, if the flow inside has deadlines; the stall then begins again with
// the next call.
type FaultyFlow struct {
	flow.Flow
	powers    flow.Powers
	read      direction
	write     direction
	wasReset  atomic.Bool
	closed    chan struct{}
	closeOnce sync.Once
}

// Faulty returns f with faults.
func Faulty(f flow.Flow, faults Faults) *FaultyFlow {
	return &FaultyFlow{
		Flow:   f,
		powers: flow.PowersOf(f),
		read:   direction{max: faults.ReadMax, faults: faults.Read},
		write:  direction{max: faults.WriteMax, faults: faults.Write},
		closed: make(chan struct{}),
	}
}

// A direction is used by one goroutine at a time, but for its deadline.
type direction struct {
	max    int
	faults []Fault // that are still to come
	passed int64
	err    error // of every later call
	due    deadline
}

// Read implements flow.Flow.
func (f *FaultyFlow) Read(p []byte) (int, error) {
	d := &f.read
	if err := f.fault(d); err != nil {
		return 0, err
	}
	n, err := f.Flow.Read(p[:d.piece(len(p))])
	d.passed += int64(n)
	return n, f.judge(err)
}

// Write implements flow.Flow.
func (f *FaultyFlow) Write(p []byte) (n int, err error) {
	d := &f.write
	for {
		if err := f.fault(d); err != nil {
			return n, err
		}
		m, err := f.Flow.Write(p[n : n+d.piece(len(p)-n)])
		n, d.passed = n+m, d.passed+int64(m)
		if err != nil {
			return n, f.judge(err)
		}
		if n == len(p) {
			if d.isDue() && d.faults[0].Reset {
				_ = f.fault(d) // of the next call, but the peer learns it now
			}
			return n, nil
		}
	}
}

// WriteVec implements flow.VecWriter where the flow inside does, by Writes.
func (f *FaultyFlow) WriteVec(bufs [][]byte) (sum int64, err error) {
	for _, p := range bufs {
		n, err := f.Write(p)
		sum += int64(n)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// Close implements flow.Flow.
func (f *FaultyFlow) Close() error {
	f.closeOnce.Do(func() { close(f.closed) })
	return f.Flow.Close()
}

// SetReadDeadline implements flow.ReadDeadliner where the flow inside does.
func (f *FaultyFlow) SetReadDeadline(t time.Time) error {
	f.read.due.set(t)
	return f.powers.ReadDeadline.SetReadDeadline(t)
}

// SetWriteDeadline implements flow.WriteDeadliner where the flow inside does.
func (f *FaultyFlow) SetWriteDeadline(t time.Time) error {
	f.write.due.set(t)
	return f.powers.WriteDeadline.SetWriteDeadline(t)
}

// Unwrap returns the flow inside.
func (f *FaultyFlow) Unwrap() flow.Flow { return f.Flow }

// Powers returns those of the flow inside, but for ReaderFrom and Pollable, which
// would go past the faults.
func (f *FaultyFlow) Powers() flow.Powers {
	p := f.powers
	p.ReaderFrom, p.Pollable = nil, nil
	if p.VecWriter != nil {
		p.VecWriter = f
	}
	if p.ReadDeadline != nil {
		p.ReadDeadline = f
	}
	if p.WriteDeadline != nil {
		p.WriteDeadline = f
	}
	return p
}

// piece returns how many of n bytes may pass before something happens.
func (d *direction) piece(n int) int {
	if d.max > 0 {
		n = min(n, d.max)
	}
	if len(d.faults) > 0 {
		n = int(min(int64(n), d.faults[0].At-d.passed))
	}
	return n
}

func (d *direction) isDue() bool {
	return len(d.faults) > 0 && d.faults[0].At <= d.passed
}

// fault does what is due at this offset.
func (f *FaultyFlow) fault(d *direction) error {
	for d.err == nil && d.isDue() {
		now := d.faults[0]
		if err := f.stall(d, now); err != nil {
			return err
		}
		d.faults, d.err = d.faults[1:], now.Err
		if now.Reset {
			f.reset()
		}
	}
	return f.judge(d.err)
}

// stall waits as the fault says, or returns why it does no longer.
func (f *FaultyFlow) stall(d *direction, now Fault) error {
	if err := f.wait(d, now.Until); err != nil || now.Stall <= 0 {
		return err
	}
	over := make(chan struct{})
	timer := time.AfterFunc(now.Stall, func() { close(over) })
	defer timer.Stop()
	return f.wait(d, over)
}

func (f *FaultyFlow) wait(d *direction, over <-chan struct{}) error {
	if over == nil {
		return nil
	}
	select {
	case <-over:
		return nil
	case <-f.closed:
		return net.ErrClosed
	case <-d.due.passed():
		return os.ErrDeadlineExceeded
	}
}

// reset resets the flow inside, or closes it if it knows no better.
func (f *FaultyFlow) reset() {
	f.wasReset.Store(true)
	if r, ok := flow.As[interface{ Reset() error }](f.Flow); ok {
		_ = r.Reset()
		return
	}
	if c, ok := flow.As[*net.TCPConn](f.Flow); ok {
		_ = c.SetLinger(0) // so that Close sends RST
		_ = c.Close()
		return
	}
	_ = f.Flow.Close()
}

// judge replaces the errors that a reset makes the flow inside return.
func (f *FaultyFlow) judge(err error) error {
	if f.wasReset.Load() {
		return syscall.ECONNRESET
	}
	return err
}
