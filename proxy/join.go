package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
)

// TunnelLimits bounds a tunnel. A duration or a number of zero means the default, a negative one no limit.
type TunnelLimits struct {
	// Idle is how long a tunnel may be open without a byte moving in either direction. Default 15 min.
	Idle time.Duration
	// Time is how long it may be open at all. Default no limit.
	Time time.Duration
	// Bytes is how many bytes may pass, in both directions together. Default no limit.
	Bytes int64
}

// How a tunnel may end by itself, for errors.Is.
var (
	// ErrIdle: nothing has moved for too long.
	ErrIdle = errors.New("paf: proxy: the tunnel was idle for too long")
	// ErrSpent: the tunnel was open for too long, or has moved too many bytes. The error's text says which.
	ErrSpent = errors.New("paf: proxy: the tunnel has used up what it may have")
	errTime  = fmt.Errorf("%w: its time", ErrSpent)
	errBytes = fmt.Errorf("%w: its bytes", ErrSpent)
)

// Join moves bytes between two connections, such as a [paf.Tunnel], until both sides have ended, and closes them. The end of one side is told to the
// other, which may go on. Where both are sockets of the kernel the bytes stay there (splice). It returns nil if both ended in peace; ErrIdle, ErrSpent, or
// the error of a Read or a Write, after which both are reset.
//
// Peace is also a side that has ended and takes no more of what the other sends, and one that is reset when the other has ended, as a kernel closes what
// has not been read to its end: clients that have got all they wanted, and servers that they leave, end like that.
func Join(a, b net.Conn, limits TunnelLimits) error {
	_, _, err := join(a, b, limits)
	return err
}

// join is Join, and says how many bytes were moved from either side.
func join(a, b net.Conn, limits TunnelLimits) (fromA, fromB int64, err error) {
	j := &joint{a: a, b: b, idle: cmp.Or(limits.Idle, 15*time.Minute)}
	j.left.Store(cmp.Or(max(limits.Bytes, 0), 1<<62))
	if limits.Time > 0 {
		defer time.AfterFunc(limits.Time, func() { j.end(errTime) }).Stop()
	}
	if j.idle > 0 {
		j.watch = time.AfterFunc(j.idle, j.look)
		defer j.stop()
	}
	up := &mover{joint: j, from: a, to: b, over: make(chan struct{}), blink: linger} // a is the client's
	down := &mover{joint: j, from: b, to: a, over: make(chan struct{}), blink: blink}
	up.back, down.back = down, up
	go down.move()
	up.move()
	<-down.over
	_, _ = a.Close(), b.Close()
	if cause := j.cause.Load(); cause != nil {
		err = *cause
	}
	return up.total, down.total, err
}

// A joint is two connections that are joined.
type joint struct {
	a, b  net.Conn
	idle  time.Duration
	left  atomic.Int64          // bytes that may pass
	moved atomic.Int64          // bytes that have passed
	cause atomic.Pointer[error] // what ended it, if not both sides; of nil if that was peace all the same

	watch *time.Timer
	seen  int64 // of moved, when watch looked; its own
	over  atomic.Bool
}

// piece is how much is moved before it is counted.
const piece = 256 << 10

// end resets both sides.
func (j *joint) end(cause error) {
	if j.cause.CompareAndSwap(nil, &cause) {
		reset(j.a)
		reset(j.b)
	}
}

// leave resets the side that is left, in peace.
func (j *joint) leave(left net.Conn) {
	var none error
	j.cause.CompareAndSwap(nil, &none)
	reset(left)
}

// reset closes a connection so that its peer cannot take that for an end that was meant, if it can do that.
func reset(c net.Conn) {
	if p := flow.PowersOf(c); p.Resetter != nil {
		_ = p.Resetter.Reset()
	} else {
		_ = c.Close()
	}
}

// look is called by the watch.
func (j *joint) look() {
	if j.over.Load() {
		return
	}
	moved := j.moved.Load()
	if moved == j.seen {
		j.end(ErrIdle)
		return
	}
	j.seen = moved
	j.watch.Reset(j.idle)
}

func (j *joint) stop() {
	j.over.Store(true)
	j.watch.Stop()
}

// A mover moves the bytes of one direction. It is where they are written to, and counts them on the way.
type mover struct {
	*joint
	from, to net.Conn
	back     *mover        // the other direction's
	ended    atomic.Bool   // from has
	over     chan struct{} // is closed when nothing moves any more
	blink    time.Duration // how long back is waited for when from has broken off
	total    int64         // of bytes, once it is over
	failed   bool          // to has, not from: it is not known where the kernel moves the bytes
}

// How long the sides of a tunnel have to show that they were about to end when one of them breaks off: the bytes sent before that come first.
const (
	patience = 5 * time.Second        // of one that takes no more
	linger   = time.Second            // when the client has broken off, for whom servers may wait before they end
	blink    = 300 * time.Millisecond // when the other one has: the client waits
	glance   = 50 * time.Millisecond
)

// move moves bytes until the direction's end.
func (m *mover) move() {
	defer close(m.over)
	var err error
	if w, is := m.from.(io.WriterTo); is {
		_, err = w.WriteTo(m)
	} else {
		_, err = loop.CopyBlocks(m, m.from)
	}
	if err == nil {
		m.ended.Store(true)
		if p := flow.PowersOf(m.to); p.CloseWriter != nil {
			err = p.CloseWriter.CloseWrite()
		}
		if gone(err) || errors.Is(err, syscall.ENOTCONN) || errors.Is(err, net.ErrClosed) {
			return // the other direction finds out how that has come about
		}
	}
	if err != nil {
		m.broken(err)
	}
}

// gone reports whether an error says that a peer takes no more, or has broken off.
func gone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, paf.ErrPeerGone)
}

// broken ends both directions, in peace if one of the sides had ended before.
func (m *mover) broken(err error) {
	var fault *engine.Error
	switch {
	case !gone(err):
		m.end(err)
		return
	case errors.As(err, &fault) && fault.Rule == engine.RuleTruncated: // a connection that was closed beneath a stream: HTTP/1.1 could not tell that from an end
		m.leave(m.to)
		return
	}
	refused := m.refused(err)
	// A kernel tells of a reset once, and what is read after that looks like an end; of one that has ended before it says EPIPE.
	lost := refused && errors.Is(err, syscall.ECONNRESET)
	switch {
	case lost:
		m.drain(linger, func() bool { return false })
	case refused:
		m.drain(patience, m.back.isOver)
	default:
		m.back.await(m.blink)
	}
	before := m.back.ended.Load() && !lost
	switch {
	case !before && !m.ended.Load():
		m.end(err)
	case !refused: // whoever still listens is not to take it for the end
		m.leave(m.to)
	case !before:
		m.leave(m.from)
	}
}

// refused reports whether it was to that has failed, and not from. The kernel, where it moves the bytes, does not say; but to a
// socket that is gone not even nothing can be written.
func (m *mover) refused(err error) bool {
	if m.failed || errors.Is(err, syscall.EPIPE) {
		return true
	}
	_, failed := m.to.Write(nil)
	return failed != nil
}

// await waits until the direction is over, but not for long.
func (m *mover) await(most time.Duration) {
	wait := time.NewTimer(most)
	defer wait.Stop()
	select {
	case <-m.over:
	case <-wait.C:
	}
}

func (m *mover) isOver() bool {
	select {
	case <-m.over:
		return true
	default:
		return false
	}
}

// drain reads what nobody takes any more, until the end of that, or until it is enough.
func (m *mover) drain(most time.Duration, enough func() bool) {
	for until := time.Now().Add(most); time.Now().Before(until) && !enough(); {
		_ = m.from.SetReadDeadline(time.Now().Add(glance))
		_, err := loop.CopyBlocks(io.Discard, onlyReader{m.from})
		if err == nil {
			m.ended.Store(true)
			return
		} else if !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	m.back.await(m.blink)
}

// onlyReader hides what io.Copy would use else.
type onlyReader struct{ io.Reader }

func (m *mover) Write(p []byte) (int, error) {
	most := min(int64(len(p)), max(0, m.left.Load()))
	n, err := m.to.Write(p[:most])
	m.failed = err != nil
	if err = m.count(int64(n), err); err == nil && n < len(p) {
		err = errBytes
	}
	return n, err
}

// ReadFrom is what the kernel's sockets use, for splice.
func (m *mover) ReadFrom(r io.Reader) (total int64, err error) {
	for {
		if m.idle > 0 { // what is being moved counts before a piece of it is whole
			_ = m.from.SetReadDeadline(time.Now().Add(m.idle / 4))
		}
		most := min(piece, m.left.Load())
		if most <= 0 {
			return total, m.more(r)
		}
		part := &io.LimitedReader{R: r, N: most}
		n, err := copyPiece(m.to, part)
		total += n
		late := errors.Is(err, os.ErrDeadlineExceeded) && !m.stuck(most-part.N > n)
		if late {
			err = nil
		}
		if err := m.count(n, err); err != nil {
			return total, err
		}
		if n < most && !late {
			return total, nil
		}
	}
}

// stuck reports whether it was the deadline of to that has passed, and not that of from, after which nothing is lost: that is sure if lost says that more
// was read than written. The kernel, where it moves the bytes, does not say; but past its deadline not even nothing can be written.
func (m *mover) stuck(lost bool) bool {
	if !lost {
		_, err := m.to.Write(nil)
		lost = errors.Is(err, os.ErrDeadlineExceeded)
	}
	m.failed = lost
	return lost
}

// more waits for the end, or a byte that may not pass.
func (m *mover) more(r io.Reader) error {
	_ = m.from.SetReadDeadline(time.Time{})
	n, err := r.Read(make([]byte, 1))
	switch {
	case n > 0:
		return errBytes
	case err == io.EOF:
		return nil
	}
	return err
}

func copyPiece(to net.Conn, r *io.LimitedReader) (int64, error) {
	if f, is := to.(io.ReaderFrom); is {
		return f.ReadFrom(r)
	}
	return loop.CopyBlocks(to, r)
}

// count counts n bytes.
func (m *mover) count(n int64, err error) error {
	m.moved.Add(n)
	m.total += n
	if m.left.Add(-n) < 0 && err == nil {
		err = errBytes
	}
	return err
}

// stopping returns what a tunnel has ended with: that the server has ended its patience with it, if that is so.
func stopping(near *paf.Tunnel, err error) error {
	var fault *engine.Error
	closed := errors.Is(err, net.ErrClosed) || errors.Is(err, paf.ErrPeerGone) && !errors.As(err, &fault)
	if closed && errors.Is(context.Cause(near.Context()), paf.ErrStopped) {
		return errStopping
	}
	return err
}

var errStopping = fmt.Errorf("the proxy is stopping: %w", paf.ErrStopped)
