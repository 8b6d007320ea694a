package flow

import (
	"io"
	"net"
	"time"
)

// PipeSize is the number of bytes a pipe holds in each direction by default.
const PipeSize = 64 << 10

// A PipeEnd is one end of a pipe in memory. It is a net.Conn with CloseRead,
// CloseWrite, WriteVec and Reset.
type PipeEnd struct {
	in, out *half
	local   net.Addr
	peer    *PipeEnd
}

// Pipe returns the two ends of a pipe in memory. It holds size bytes in each
// direction before a Write blocks; 0 means PipeSize.
//
// A pipe behaves as a TCP connection does in one machine: what was written
// before a Close is still read, deadlines interrupt, errors are *net.OpError
// values around net.ErrClosed, os.ErrDeadlineExceeded, syscall.EPIPE (the peer
// reads no more) or syscall.ECONNRESET (after Reset). It starts no goroutine; in a
// bubble of testing/synctest who waits for a pipe is durably blocked, and
// deadlines run in the bubble's time, if the pipe was made in the bubble.
func Pipe(size int) (a, b *PipeEnd) {
	if size <= 0 {
		size = PipeSize
	}
	ab, ba := newHalf(size), newHalf(size)
	a = &PipeEnd{in: ba, out: ab, local: addr("pipe-a")}
	b = &PipeEnd{in: ab, out: ba, local: addr("pipe-b")}
	a.peer, b.peer = b, a
	return a, b
}

// Read implements Flow.
func (e *PipeEnd) Read(p []byte) (int, error) {
	n, err := e.in.read(p)
	return n, e.wrap("read", err)
}

// Write implements Flow.
func (e *PipeEnd) Write(p []byte) (int, error) {
	n, err := e.out.write(p)
	return n, e.wrap("write", err)
}

// WriteVec implements VecWriter.
func (e *PipeEnd) WriteVec(bufs [][]byte) (sum int64, err error) {
	for _, p := range bufs {
		n, err := e.out.write(p)
		sum += int64(n)
		if err != nil {
			return sum, e.wrap("writev", err)
		}
	}
	return sum, nil
}

// Close implements Flow. The peer reads what had been written and then EOF; what it
// writes fails. Every Close but the first returns an error.
func (e *PipeEnd) Close() error {
	first := e.in.end(&e.in.reader, true)
	e.out.end(&e.out.writer, true)
	return e.unlessClosed("close", first)
}

// CloseWrite implements CloseWriter.
func (e *PipeEnd) CloseWrite() error {
	return e.unlessClosed("close", e.out.end(&e.out.writer, false))
}

// CloseRead implements CloseReader: later Reads return EOF, and what the peer
// writes fails.
func (e *PipeEnd) CloseRead() error {
	return e.unlessClosed("close", e.in.end(&e.in.reader, false))
}

// Reset is a Close as TCP's RST does it: both directions end at once, what has not
// been read is lost, and the peer's Reads and Writes fail with ECONNRESET.
func (e *PipeEnd) Reset() error {
	e.in.drop()
	e.out.drop()
	return e.Close()
}

// SetDeadline sets both deadlines.
func (e *PipeEnd) SetDeadline(t time.Time) error {
	if err := e.SetReadDeadline(t); err != nil {
		return err
	}
	return e.SetWriteDeadline(t)
}

// SetReadDeadline implements ReadDeadliner.
func (e *PipeEnd) SetReadDeadline(t time.Time) error {
	return e.unlessClosed("set", e.in.setDeadline(&e.in.reader, t))
}

// SetWriteDeadline implements WriteDeadliner.
func (e *PipeEnd) SetWriteDeadline(t time.Time) error {
	return e.unlessClosed("set", e.out.setDeadline(&e.out.writer, t))
}

// LocalAddr returns the address of this end: "pipe-a" or "pipe-b" of the network
// "flow", or what SetLocalAddr said.
func (e *PipeEnd) LocalAddr() net.Addr { return e.local }

// RemoteAddr returns the address of the other end.
func (e *PipeEnd) RemoteAddr() net.Addr { return e.peer.local }

// SetLocalAddr names this end. It must not be called when the pipe is in use.
func (e *PipeEnd) SetLocalAddr(a net.Addr) { e.local = a }

func (e *PipeEnd) unlessClosed(op string, ok bool) error {
	if !ok {
		return e.wrap(op, net.ErrClosed)
	}
	return nil
}

// wrap says where an error happened. EOF is no error but an end.
func (e *PipeEnd) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "pipe", Source: e.local, Addr: e.peer.local, Err: err}
}
