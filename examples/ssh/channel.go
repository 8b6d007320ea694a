package main

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// A channel is a flow: a channel of SSH (RFC 4254, Section 5) that keeps the promises of flow.Flow. Package ssh calls every end io.EOF; which one
// it is, the channel knows. It has the power CloseWrite and addresses, and no deadlines: paf does without.
type channel struct {
	ssh.Channel
	conn   ssh.Conn
	closed atomic.Bool
}

// newChannel makes a flow of a channel whose requests, such as those for an environment, nobody answers.
func newChannel(conn ssh.Conn, c ssh.Channel, requests <-chan *ssh.Request) *channel {
	go ssh.DiscardRequests(requests)
	return &channel{Channel: c, conn: conn}
}

// Read returns io.EOF when the peer has ended its side; the end of the whole SSH connection looks the same.
func (c *channel) Read(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := c.Channel.Read(p)
	if err == io.EOF && c.closed.Load() {
		err = net.ErrClosed
	}
	return n, err
}

// Write fails once the peer has closed the channel.
func (c *channel) Write(p []byte) (int, error) {
	n, err := c.Channel.Write(p)
	if err == io.EOF {
		if err = syscall.EPIPE; c.closed.Load() {
			err = net.ErrClosed
		}
	}
	return n, err
}

// Close tells the peer, whose answer ends what blocks here.
func (c *channel) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	if err := c.Channel.Close(); err != io.EOF { // which is that the peer was first
		return err
	}
	return nil
}

// LocalAddr and RemoteAddr are those of the connection.
func (c *channel) LocalAddr() net.Addr  { return c.conn.LocalAddr() }
func (c *channel) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }
