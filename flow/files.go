package flow

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Files returns a flow that reads in and writes out, as a program's standard input and output. The files are the flow's from then
// on: Close closes them.
//
// If both are one and the same socket, of TCP or a Unix stream, as inetd, systemd and some ssh servers hand it on, the flow is
// that connection and has all its powers. Otherwise it has deadlines and, unless both are one file, as a terminal is, CloseRead
// and CloseWrite: each closes its file, which the other end of a pipe or of a socket notices.
//
// A file that package os cannot watch, as standard input and output usually are, is read, up to [PipeSize] bytes ahead, or written by a
// goroutine. Nobody can interrupt that: after Close it ends with the next byte that comes or goes, or with the program.
// A Write returns when the file has taken all, or its deadline has passed; one that was interrupted Close gives another second.
//
// A program whose standard output is out is ended by SIGPIPE when its peer has gone, unless it has called
// signal.Ignore(syscall.SIGPIPE).
func Files(in, out *os.File) Flow {
	same := sameFile(in, out)
	if same {
		if c := connection(in); c != nil {
			_ = in.Close()
			_ = out.Close()
			return Conn(c)
		}
	}
	f := newFiles(in, out)
	if !same {
		return f
	}
	p := PowersOf(f)
	p.CloseReader, p.CloseWriter = nil, nil
	return WithPowers(f, p)
}

func sameFile(a, b *os.File) bool {
	one, err := a.Stat()
	if err != nil {
		return false
	}
	two, err := b.Stat()
	return err == nil && os.SameFile(one, two)
}

// connection returns the connection that a file is, or nil.
func connection(f *os.File) net.Conn {
	c, err := net.FileConn(f)
	if err != nil {
		return nil
	}
	switch c := c.(type) {
	case *net.TCPConn:
		return c
	case *net.UnixConn:
		if c.LocalAddr().Network() == "unix" {
			return c
		}
	}
	_ = c.Close()
	return nil
}

// files is a flow of two files. Behind a file without deadlines stands a pipe.
type files struct {
	reader interface {
		io.Reader
		SetReadDeadline(t time.Time) error
	}
	writer interface {
		io.Writer
		SetWriteDeadline(t time.Time) error
	}
	in, out *os.File
	near    *PipeEnd      // reader, writer or both
	written chan struct{} // closed when all is out; nil if nobody else writes
	once    sync.Once
}

// farewell is how long Close waits for what a Write that did not return in peace has left.
const farewell = time.Second

func newFiles(in, out *os.File) *files {
	near, far := Pipe(0)
	f := &files{reader: in, writer: out, in: in, out: out, near: near}
	if in.SetReadDeadline(noTime) != nil {
		f.reader = near
		go f.pumpIn(far)
	}
	if out.SetWriteDeadline(noTime) != nil {
		f.writer, f.written = near, make(chan struct{})
		near.out.through = true // else what is left at the end might never get out, and nobody would know
		go f.pumpOut(far)
	}
	return f
}

var noTime time.Time

func (f *files) pumpIn(far *PipeEnd) {
	if _, err := io.Copy(onlyWriter{far}, f.in); err != nil {
		far.out.drop() // the end was not one that was meant
	}
	_ = far.CloseWrite()
}

func (f *files) pumpOut(far *PipeEnd) {
	defer close(f.written)
	_, _ = io.Copy(onlyWriter{f.out}, far)
	_ = far.CloseRead()
	_ = f.out.Close()
}

// onlyWriter hides ReadFrom from io.Copy: that of a file waits for the descriptor in ways that one without deadlines does not know.
type onlyWriter struct{ io.Writer }

// Read implements Flow.
func (f *files) Read(p []byte) (int, error) { return f.reader.Read(p) }

// Write implements Flow.
func (f *files) Write(p []byte) (int, error) { return f.writer.Write(p) }

// SetReadDeadline implements ReadDeadliner.
func (f *files) SetReadDeadline(t time.Time) error { return f.reader.SetReadDeadline(t) }

// SetWriteDeadline implements WriteDeadliner.
func (f *files) SetWriteDeadline(t time.Time) error { return f.writer.SetWriteDeadline(t) }

// CloseRead implements CloseReader.
func (f *files) CloseRead() error {
	_ = f.near.CloseRead()
	return f.in.Close()
}

// CloseWrite implements CloseWriter.
func (f *files) CloseWrite() error {
	if f.written != nil {
		return f.near.CloseWrite() // pumpOut does the rest
	}
	return f.out.Close()
}

// Close implements Flow.
func (f *files) Close() error {
	f.once.Do(func() {
		_ = f.near.Close()
		_ = f.in.Close()
		if f.written != nil {
			select {
			case <-f.written:
			case <-time.After(farewell):
			}
		}
		_ = f.out.Close()
	})
	return nil
}
