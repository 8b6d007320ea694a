package flow_test

import (
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/paf-go/paf/flow"
)

// Counted counts what is written, so nothing may go past its Write.
type counted struct {
	flow.Flow
	n atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Flow.Write(p)
	c.n.Add(int64(n))
	return n, err
}

func (c *counted) Powers() flow.Powers {
	p := flow.PowersOf(c.Flow)
	p.VecWriter, p.ReaderFrom = nil, nil
	return p
}

func Example_wrapper() {
	a, b := flow.Pipe(0)
	defer b.Close()
	c := &counted{Flow: a}
	defer c.Close()

	fmt.Fprint(c, "twelve bytes")
	p := flow.PowersOf(c)
	fmt.Println(c.n.Load(), p.VecWriter == nil, p.ReadDeadline != nil)
	// Output: 12 true true
}

// A balancer has said who the client is and what it negotiated.
func ExampleWithPowers() {
	a, b := flow.Pipe(0)
	defer a.Close()
	defer b.Close()

	p := flow.PowersOf(b)
	p.Peer = client{}
	p.Negotiator = flow.NegotiatorFunc(func() string { return "h2" })
	f := flow.WithPowers(b, p)

	fmt.Println(flow.PowersOf(f).PeerAddr(), flow.PowersOf(f).NegotiatedProtocol())
	// Output: 192.0.2.7:50000 h2
}

type client struct{}

func (client) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 50000}
}

// A handler keeps a flow for itself, and the loop that served it must not close it.
func ExampleHold() {
	a, b := flow.Pipe(0)
	held := flow.Hold(a, nil)
	held.Close() // the loop has finished

	go func() {
		fmt.Fprint(held, "the tunnel goes on")
		held.Release()
		held.Close()
	}()
	text, err := io.ReadAll(b)
	fmt.Println(string(text), err)
	b.Close()
	// Output: the tunnel goes on <nil>
}
