package flow

import "io"

// A Flow is a reliable, ordered stream of bytes in both directions. It is an
// io.ReadWriteCloser that keeps these promises:
//
// One Read, one Write and any number of Closes may run at the same time, each
// on a goroutine of its own. Two Reads at a time, or two Writes, may not; a power
// that moves bytes counts as the method it stands for.
//
// Read returns io.EOF when the peer has ended its sending side in the orderly
// way and everything it sent has been read, and again on every later call. The
// other direction goes on: what is written still reaches the peer. Any other
// end of the input (a reset, a truncated TLS session, a Close of our own) is
// another error, so that the end of a message may be told from its loss. Read may
// return bytes together with an error. The memory it is given is its own for the
// time of the call alone.
//
// Write returns when it has taken all of p, or an error; fewer bytes than
// len(p) come with an error. It keeps no reference to p. That a Write succeeded
// does not say that the peer has read anything. A Write of no bytes puts nothing
// on the flow. After an error of Write nobody can say what has arrived: the flow is
// good for Close alone. A Write after the peer's end, or after Close, fails,
// though perhaps not the first one after the peer is gone.
//
// Close ends both directions and releases what the flow holds. A Read or a Write
// that blocks in another goroutine returns with an error that is not io.EOF, and
// so does every later one. Only the first Close does anything; a later one
// may return an error and is otherwise harmless. What had been written before
// is still delivered where the transport can do that. Close may block for
// as long as a farewell takes to be written (TLS's close_notify), no longer
// than a few seconds.
type Flow interface {
	io.ReadWriteCloser
}

// A Wrapper is a flow that wraps another one and leaves its bytes alone. It has
// every power of the flow inside, besides its own (see PowersOf).
type Wrapper interface {
	Flow
	// Unwrap returns the flow inside.
	Unwrap() Flow
}

// As returns the first flow that is a T among f, what f wraps, and so on inwards.
// It is how one finds the *tls.Conn or the *net.TCPConn at the ground of a flow.
//
//	if c, ok := flow.As[*net.TCPConn](f); ok { … }
func As[T any](f Flow) (T, bool) {
	for f != nil {
		if t, ok := f.(T); ok {
			return t, true
		}
		w, ok := f.(Wrapper)
		if !ok {
			break
		}
		f = w.Unwrap()
	}
	var none T
	return none, false
}
