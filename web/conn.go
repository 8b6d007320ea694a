package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/paf-go/paf/flow"
)

const (
	window    = 512 << 10 // that may be sent before the peer has taken any of it
	message   = 64 << 10  // of bytes at most, so that a deadline, a word or another flow's message need not wait for more
	protocol  = "paf-flow"
	wordBytes = 64 // no word is longer
)

// ErrProtocol is what a Conn ends with whose peer has sent more than it may, or a word that is none.
var ErrProtocol = errors.New("web: the peer broke the rules of a flow of messages")

// A carrier carries messages, whole and in order.
type carrier interface {
	// send sends a message of bytes: n of them, in pieces. It keeps none, and may block until abort.
	send(pieces [][]byte, n int) error
	// tell sends a word after what was sent before. It does not block.
	tell(word string)
	// close tells a last word and ends the carrier; it may take some seconds. It is called once, with no send under way
	// that has not been aborted.
	close(word string) error
	// abort breaks off. It may be called at any time.
	abort()
}

// A Conn is a flow over messages: see the package's documentation. It is a net.Conn too, with CloseWrite, CloseRead, WriteVec and Reset.
type Conn struct {
	carrier     carrier
	local, peer net.Addr // nil if unknown

	// What has come is in a pipe, which has room for all that the peer may send: come is never held up.
	in, come *flow.PipeEnd

	mu      sync.Mutex
	changed sync.Cond // what a Write waits for
	due     flow.Deadline
	credit  int   // bytes that may be sent
	allowed int   // bytes that the peer may send
	owed    int   // bytes that were read, of which the peer has not been told
	sending bool  // a message is being sent
	ended   bool  // by CloseWrite
	deaf    bool  // by CloseRead
	closed  bool  // by Close or Reset
	over    bool  // the peer sends no more: it has said so, or is gone
	gone    error // why nothing can be sent any more
}

func newConn(c carrier) *Conn {
	conn := &Conn{carrier: c, credit: window, allowed: window}
	conn.in, conn.come = flow.Pipe(window)
	conn.changed.L = &conn.mu
	return conn
}

// Read implements flow.Flow.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	if n > 0 {
		c.took(n)
	}
	return n, c.wrap("read", err)
}

// Write implements flow.Flow. It waits for the peer's credit.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.WriteVec([][]byte{p})
	return int(n), err
}

// WriteVec implements flow.VecWriter: pieces go together into one message.
func (c *Conn) WriteVec(pieces [][]byte) (sum int64, err error) {
	total := 0
	for _, p := range pieces {
		total += len(p)
	}
	for {
		n, err := c.claim(total)
		if err != nil {
			return sum, c.wrap("write", err)
		}
		if n == 0 {
			return sum, nil
		}
		var now [][]byte
		now, pieces = cut(pieces, n)
		if err := c.sent(c.carrier.send(now, n)); err != nil {
			return sum, c.wrap("write", err)
		}
		if sum, total = sum+int64(n), total-n; total == 0 {
			return sum, nil
		}
	}
}

// claim waits until some of want bytes may be sent, and returns how many in one message.
func (c *Conn) claim(want int) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.gone != nil:
			return 0, c.gone
		case c.ended:
			return 0, syscall.EPIPE
		case c.due.Past():
			return 0, os.ErrDeadlineExceeded
		case want == 0:
			return 0, nil
		case c.credit > 0:
			n := min(want, c.credit, message)
			c.credit -= n
			c.sending = true
			return n, nil
		}
		c.changed.Wait()
	}
}

// sent is told how a message was sent, and says why it was not.
func (c *Conn) sent(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sending = false
	switch {
	case err == nil:
		return nil
	case c.closed:
		return net.ErrClosed
	case c.due.Past():
		return os.ErrDeadlineExceeded
	case c.gone == nil:
		c.gone = err
	}
	return c.gone
}

// cut cuts n bytes off the head of pieces.
func cut(pieces [][]byte, n int) (head, rest [][]byte) {
	for i, p := range pieces {
		if n < len(p) {
			if head = pieces[:i:i]; n > 0 {
				head = append(head, p[:n])
			}
			pieces[i] = p[n:]
			return head, pieces[i:]
		}
		n -= len(p)
	}
	return pieces, nil
}

// took notes that n bytes have been read, and lets the peer send as many when that is worth a message.
func (c *Conn) took(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owed += n
	if c.owed < window/4 || c.over || c.closed {
		return
	}
	c.allowed += c.owed
	c.carrier.tell(fmt.Sprint("credit ", c.owed))
	c.owed = 0
}

// Close implements flow.Flow.
func (c *Conn) Close() error { return c.finish("close") }

// Reset implements flow.Resetter: the peer's Reads and Writes fail with syscall.ECONNRESET.
func (c *Conn) Reset() error { return c.finish("reset") }

// finish ends both directions with a last word.
func (c *Conn) finish(word string) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.wrap("close", net.ErrClosed)
	}
	c.closed = true
	c.due.Set(&c.mu, time.Time{}, nil)
	if c.sending {
		c.carrier.abort()
	}
	c.changed.Broadcast()
	c.mu.Unlock()
	_ = c.in.Close()
	return c.wrap("close", c.carrier.close(word))
}

// CloseWrite implements flow.CloseWriter.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return c.wrap("close", net.ErrClosed)
	case !c.ended && c.gone == nil:
		c.carrier.tell("end")
	}
	c.ended = true
	c.changed.Broadcast()
	return nil
}

// CloseRead implements flow.CloseReader: what the peer sends is thrown away.
func (c *Conn) CloseRead() error {
	if err := c.in.CloseRead(); err != nil {
		return c.wrap("close", err)
	}
	c.mu.Lock()
	unread := window - c.allowed - c.owed
	c.deaf = true
	c.mu.Unlock()
	c.took(unread)
	return nil
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements flow.ReadDeadliner.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.wrap("set", c.in.SetReadDeadline(t)) }

// SetWriteDeadline implements flow.WriteDeadliner.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.wrap("set", net.ErrClosed)
	}
	c.due.Set(&c.mu, t, func() {
		if c.sending {
			c.carrier.abort()
		}
		c.changed.Broadcast()
	})
	c.changed.Broadcast()
	return nil
}

// LocalAddr returns the address of this end; that is "unknown" in a browser.
func (c *Conn) LocalAddr() net.Addr { return known(c.local) }

// RemoteAddr returns the address of the peer: a server's, of what the WebSocket came over; a client's, the URL.
func (c *Conn) RemoteAddr() net.Addr { return known(c.peer) }

// Powers leaves out addresses that are not known.
func (c *Conn) Powers() flow.Powers {
	p := flow.Powers{ReadDeadline: c, WriteDeadline: c, CloseWriter: c, CloseReader: c, Resetter: c, VecWriter: c}
	if c.local != nil {
		p.Local = c
	}
	if c.peer != nil {
		p.Peer = c
	}
	return p
}

// wrap says where an error happened. EOF is no error but an end.
func (c *Conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var inner *net.OpError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	if op == "read" && errors.Is(err, syscall.ECONNRESET) {
		c.mu.Lock()
		err = c.gone // which knows more
		c.mu.Unlock()
	}
	return &net.OpError{Op: op, Net: "web", Source: c.local, Addr: c.peer, Err: err}
}

// An addr is an address of a network that has no other.
type addr struct{ network, text string }

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.text }

func known(a net.Addr) net.Addr {
	if a == nil {
		return addr{"web", "unknown"}
	}
	return a
}
