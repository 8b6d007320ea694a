package paf

import (
	"io"
	"net"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
)

// A Response is what a client has received.
type Response struct {
	Status   int    // 200 to 999; 101 if the request offered an Upgrade, whose flow cannot be had yet
	Reason   string // HTTP/1 only, may be empty
	Protocol Protocol
	Header   Fields

	// Body is the content, never nil. It must be read to its end or closed, for the
	// connection's sake. An error other than io.EOF says that what was read is
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

// response makes the response of a reply.
func (x *clientExchange) response(r *Request, conn *loop.ClientConn, reply *loop.Reply) *Response {
	x.body = responseBody{reply, &x.incoming}
	x.incoming = Response{
		Status:   reply.Head.Status,
		Reason:   reply.Head.Reason,
		Protocol: reply.Head.Protocol,
		Header:   reply.Head.Fields.Share(),
		Body:     &x.body,
		Length:   reply.Length,
		Request:  r,
		conn:     conn,
	}
	return &x.incoming
}

type responseBody struct {
	reply *loop.Reply
	resp  *Response
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.reply.Read(p)
	if err == io.EOF {
		b.resp.Trailer = b.reply.Trailer()
	}
	return n, err
}

// WriteTo is what io.Copy uses: content that has come whole needs no memory to be copied through.
func (b *responseBody) WriteTo(w io.Writer) (n int64, err error) {
	for {
		p, here := b.reply.Next()
		if !here {
			m, err := io.Copy(w, struct{ io.Reader }{b})
			return n + m, err
		}
		if len(p) == 0 {
			b.resp.Trailer = b.reply.Trailer()
			return n, nil
		}
		m, err := w.Write(p)
		n += int64(m)
		if err == nil && m < len(p) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return n, err
		}
	}
}

func (b *responseBody) Close() error { return b.reply.Close() }
