package proxy_test

import (
	"context"
	"net"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/tape"
	"github.com/paf-go/paf/proxy"
)

// BenchmarkReverse is an exchange of a gateway, from HTTP/1.1 to HTTP/1.1: requests come from memory, and an upstream that does nothing else has
// answered them by the time that they are written, over a connection of the kernel's. What is left of the cost is the gateway's own, and three calls of the system.
func BenchmarkReverse(b *testing.B) {
	r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://upstream.example", Dial: prompt}}, Log: quiet()}
	defer r.Close()
	(&tape.Tape{Unit: []byte(tape.Get)}).Serve(b, paf.HTTP11, r)
}

// promptAnswer is what an upstream says.
var promptAnswer = []byte("HTTP/1.1 200 OK\r\nServer: upstream\r\nDate: Fri, 21 Nov 2025 08:17:22 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!")

// A promptConn is a connection whose peer answers whatever is written.
type promptConn struct {
	*net.TCPConn
	peer net.Conn
}

func prompt(context.Context) (flow.Flow, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return nil, err
	}
	far, err := ln.Accept()
	if err != nil {
		_ = near.Close()
		return nil, err
	}
	return promptConn{near.(*net.TCPConn), far}, nil
}

func (c promptConn) Write(p []byte) (int, error) {
	_, err := c.peer.Write(promptAnswer)
	return len(p), err
}

func (c promptConn) Close() error {
	_ = c.peer.Close()
	return c.TCPConn.Close()
}
