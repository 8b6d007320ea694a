package paf

import (
	"errors"
	"io"
	"net"
	"sync/atomic"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
)

// A Response is what a client has received.
type Response struct {
	Status   int    // 200 to 999; 101 if the request offered an Upgrade that the server has taken: see Tunnel
	Reason   string // HTTP/1 only, may be empty
	Protocol Protocol
	Header   Fields

	// Body is the content, never nil. It must be read to its end or closed: its connection is in use until then, and a Client
	// has no more than MaxConns of them to an origin. An error other than io.EOF says that what was read is
	// not all of it; without a Length, what a connection of crypto/tls has brought may have been cut off
	// by somebody in between who can end a TCP connection, for that package does not tell. Closing it early closes an HTTP/1 connection, unless
	// the rest has already arrived.
	Body io.ReadCloser

	// Length is the length of the content in bytes, -1 if only its end will
	// tell. To a HEAD request it is 0, and Content-Length tells what GET would give.
	Length int64

	// Trailer is nil until Body has been read to its end, and if there is none.
	Trailer *Fields

	// Request is what this answers: after redirects, not the first one.
	Request *Request

	conn *loop.ClientConn
}

// Peer returns the address of the server, nil if the flow does not tell.
func (r *Response) Peer() net.Addr { return r.conn.Peer() }

// Flow returns the flow on which the response has arrived, to be asked for
// facts (see [flow.As]), not to be read or written.
func (r *Response) Flow() flow.Flow { return r.conn.Flow() }

// Tunnel returns the flow that the response has granted, once: see [Client.Connect] and [Client.Upgrade]. Body is empty then, and must be the one that
// came with the response. From here on the context that was given with the request does not matter any
// more, nor does closing Body; until then, closing Body closes the tunnel.
//
// A tunnel of HTTP/1 is the connection, which has left the pool; one of HTTP/2 is a stream beside others. It may be handed to whatever wants a
// flow or a net.Conn; it is not secured by the TLS that the client itself may have run with the proxy, and does not say so (see
// [Tunnel.Powers]). Close it; [Client.Close] does, too. Errors: ErrNoTunnel, ErrTaken, the cause of the context.
func (r *Response) Tunnel() (*Tunnel, error) {
	b, is := r.Body.(*responseBody)
	if !is || b.reply == nil {
		return nil, ErrNoTunnel
	}
	return b.reply.Tunnel()
}

// newResponse makes the response of a reply. spent: see loop.Reply.Take.
func newResponse(r *Request, reply *loop.Reply) (resp *Response, spent bool) {
	head := reply.Head
	reply.Head = nil // what is wanted of it is in the response, which may be kept for long
	b := &responseBody{resp: Response{
		Status:   head.Status,
		Reason:   head.Reason,
		Protocol: head.Protocol,
		Header:   head.Fields.Share(),
		Length:   reply.Length,
		Request:  r,
		conn:     reply.Conn(),
	}}
	b.resp.Body = b
	var taken bool
	if b.rest, b.trailer, taken, spent = reply.Take(); !taken {
		b.reply = reply
	}
	return &b.resp, spent
}

// A responseBody is the content of a response, in one piece of memory with that: a reply's, or, without one, what is in memory.
type responseBody struct {
	resp  Response
	reply *loop.Reply

	rest    []byte
	trailer *Fields
	closed  atomic.Bool
}

var errBodyClosed = errors.New("paf: read of content after Close")

func (b *responseBody) Read(p []byte) (int, error) {
	if b.reply != nil {
		n, err := b.reply.Read(p)
		if err == io.EOF {
			b.resp.Trailer = b.reply.Trailer()
		}
		return n, err
	}
	if len(b.rest) == 0 {
		b.resp.Trailer = b.trailer
		return 0, io.EOF
	}
	if b.closed.Load() {
		return 0, errBodyClosed
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// WriteTo is what io.Copy uses: what is in memory needs no other to be copied through.
func (b *responseBody) WriteTo(w io.Writer) (int64, error) {
	if b.reply != nil || b.closed.Load() {
		if _, reads := w.(io.ReaderFrom); !reads {
			return loop.CopyBlocks(w, struct{ io.Reader }{b})
		}
		return io.Copy(w, struct{ io.Reader }{b})
	}
	n, err := 0, error(nil)
	if rest := b.rest; len(rest) > 0 {
		b.rest = nil
		if n, err = w.Write(rest); err == nil && n < len(rest) {
			err = io.ErrShortWrite
		}
	}
	if err == nil {
		b.resp.Trailer = b.trailer
	}
	return int64(n), err
}

func (b *responseBody) Close() error {
	if b.reply != nil {
		return b.reply.Close()
	}
	b.closed.Store(true)
	return nil
}
