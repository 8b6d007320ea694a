package proxy

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

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
	// ErrSpent: the tunnel was open for too long, or has moved too many bytes.
	ErrSpent = errors.New("paf: proxy: the tunnel has used up its time or its bytes")
)

// Join moves bytes between two connections, such as a [paf.Tunnel], until both sides have ended, and closes them. The end of one side is told to the
// other, which may go on. Where both are sockets of the kernel the bytes stay there (splice). It returns nil if both ended in peace; ErrIdle, ErrSpent, or
// the error of a Read or a Write, after which both are reset.
func Join(a, b net.Conn, limits TunnelLimits) error {
	_, err := join(a, b, limits)
	return err
}

// join is Join, and says how many bytes were moved.
func join(a, b net.Conn, limits TunnelLimits) (int64, error) {
	j := &joint{a: a, b: b, idle: cmp.Or(limits.Idle, 15*time.Minute)}
	j.left.Store(cmp.Or(max(limits.Bytes, 0), 1<<62))
	if limits.Time > 0 {
		defer time.AfterFunc(limits.Time, func() { j.end(ErrSpent) }).Stop()
	}
	if j.idle > 0 {
		j.watch = time.AfterFunc(j.idle, j.look)
		defer j.stop()
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		j.move(a, b)
	}()
	j.move(b, a)
	<-back
	_, _ = a.Close(), b.Close()
	if cause := j.cause.Load(); cause != nil {
		return j.moved.Load(), *cause
	}
	return j.moved.Load(), nil
}

// A joint is two connections that are joined.
type joint struct {
	a, b  net.Conn
	idle  time.Duration
	left  atomic.Int64          // bytes that may pass
	moved atomic.Int64          // bytes that have passed
	cause atomic.Pointer[error] // what ended it, if not both sides

	watch *time.Timer
	seen  int64 // of moved, when watch looked; its own
	over  atomic.Bool
}

// piece is how much is moved before it is counted.
const piece = 256 << 10

// move moves bytes in one direction until its end.
func (j *joint) move(to, from net.Conn) {
	m := &mover{joint: j, to: to, from: from}
	var err error
	if w, is := from.(io.WriterTo); is {
		_, err = w.WriteTo(m)
	} else {
		_, err = loop.CopyBlocks(m, from)
	}
	if p := flow.PowersOf(to); err == nil && p.CloseWriter != nil {
		err = p.CloseWriter.CloseWrite()
	}
	if err != nil {
		j.end(err)
	}
}

// end resets both sides.
func (j *joint) end(cause error) {
	if j.cause.CompareAndSwap(nil, &cause) {
		reset(j.a)
		reset(j.b)
	}
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

// A mover is where one direction's bytes are written to: it counts them on the way.
type mover struct {
	*joint
	to, from net.Conn
}

func (m *mover) Write(p []byte) (int, error) {
	most := min(int64(len(p)), max(0, m.left.Load()))
	n, err := m.to.Write(p[:most])
	if err = m.count(int64(n), err); err == nil && n < len(p) {
		err = ErrSpent
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
		n, err := copyPiece(m.to, &io.LimitedReader{R: r, N: most})
		total += n
		late := errors.Is(err, os.ErrDeadlineExceeded)
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

// more waits for the end, or a byte that may not pass.
func (m *mover) more(r io.Reader) error {
	_ = m.from.SetReadDeadline(time.Time{})
	n, err := r.Read(make([]byte, 1))
	switch {
	case n > 0:
		return ErrSpent
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
	if m.left.Add(-n) < 0 && err == nil {
		err = ErrSpent
	}
	return err
}
