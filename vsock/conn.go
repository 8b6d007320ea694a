package vsock

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// A Conn is a connection: a net.Conn and a flow with the powers CloseRead, CloseWrite, WriteVec and SyscallConn.
type Conn struct {
	socket        descriptor
	local, remote Addr
}

// A descriptor is what the libraries make of a socket.
type descriptor interface {
	io.ReadWriteCloser
	CloseRead() error
	CloseWrite() error
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	SyscallConn() (syscall.RawConn, error)
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.socket.Read(p)
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, c.fail("read", err)
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.socket.Write(p)
	return n, c.fail("write", err)
}

// WriteVec writes several pieces of memory at once.
func (c *Conn) WriteVec(bufs [][]byte) (int64, error) {
	n, err := c.writev(bufs)
	return n, c.fail("writev", err)
}

// Close implements net.Conn.
func (c *Conn) Close() error { return c.fail("close", c.socket.Close()) }

// CloseRead ends the receiving side: later Reads return io.EOF, and the peer's Writes fail.
func (c *Conn) CloseRead() error { return c.fail("close", c.socket.CloseRead()) }

// CloseWrite ends the sending side: the peer reads io.EOF after what was written.
func (c *Conn) CloseWrite() error { return c.fail("close", c.socket.CloseWrite()) }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.fail("set", c.socket.SetDeadline(t)) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.fail("set", c.socket.SetReadDeadline(t)) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.fail("set", c.socket.SetWriteDeadline(t))
}

// LocalAddr returns the address of this end, an Addr.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the peer, an Addr.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SyscallConn gives the descriptor.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.socket.SyscallConn() }

// fail says where an error happened, in the words of package net.
func (c *Conn) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: "vsock", Source: c.local, Addr: c.remote, Err: cause(err)}
}

// cause takes off what the libraries have put around an error. They call the end of a connection io.EOF where one writes, too.
func cause(err error) error {
	var op *net.OpError
	for errors.As(err, &op) {
		err = op.Err
	}
	switch {
	case err == io.EOF || errors.Is(err, syscall.ENOTCONN):
		return syscall.EPIPE
	case errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EBADF): // the latter, too, is how they say it
		return net.ErrClosed
	}
	return err
}
