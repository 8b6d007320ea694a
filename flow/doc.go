// Package flow says what paf needs of a byte stream, and holds the streams that
// paf brings along.
//
// A [Flow] is a reliable, ordered stream of bytes in both directions: Read,
// Write, Close. Whatever has these three can carry HTTP: a TCP connection, a
// Unix socket, TLS of any make, a TCP/IP stack in user space, a channel of SSH,
// a pipe in memory. Every net.Conn is a flow as it is.
//
// # Powers
//
// What a flow can do beyond that is a power: an interface of one method that a
// flow may have. A loop asks for all of them once a connection:
//
//	p := flow.PowersOf(f)
//	if p.ReadDeadline != nil {
//		err = p.ReadDeadline.SetReadDeadline(t)
//	}
//
// A power that is absent is nil, and what needs it is done without it: segments
// are copied together where there is no writev, and a flow without deadlines is
// closed when its time is up.
//
// # Wrappers
//
// A flow that wraps another one says so with a method Unwrap() Flow. It then has
// every power of the flow inside, besides its own. That is right for a wrapper
// which leaves the bytes alone, as [Hold] does. A wrapper whose Read or Write
// does something with the bytes (counts them, encrypts them) must see all of
// them, and a writev past it would be a fault. Such a wrapper has a method
// Powers, which has the last word:
//
//	type counted struct {
//		flow.Flow
//		n atomic.Int64
//	}
//
//	func (c *counted) Powers() flow.Powers {
//		p := flow.PowersOf(c.Flow)
//		p.VecWriter, p.ReaderFrom = nil, nil // they would not be counted
//		return p
//	}
//
// A wrapper with neither method has just the powers that it has itself.
//
// # Handshakes
//
// A flow with a method HandshakeContext, as every TLS has one, is a [Handshaker]: a server runs it on the connection's
// own goroutine, under a time-out, before it asks the [Negotiator] what was agreed on.
//
// # What is here
//
//   - [Conn] and [NetConn] turn a net.Conn into a flow and back.
//   - [TLSServer] and [TLSClient] run crypto/tls over any flow, TLS too; [NewTLSServer] leaves the handshake to the server.
//   - [Pipe] is a flow in memory, with deadlines, half-close and a buffer; it
//     starts no goroutine and runs in the virtual time of testing/synctest.
//   - [Files] makes a flow of two files, as standard input and output.
//   - [Hold] keeps a flow open beyond whoever would close it.
//   - [Bare] and [WithPowers] change what a flow can do.
//   - [Deadline] is a deadline for a flow of one's own.
//
// Package flowtest is the test that every flow must pass, and brings a flow on which
// things go wrong as they do on real networks.
package flow
