package engine

import (
	"time"

	"github.com/paf-go/paf/semantics"
)

// An Instant is a point in time: nanoseconds on a monotonic clock whose origin
// the loop chooses. Zero means never; a loop's clock never reads zero.
type Instant int64

// After returns the instant d later: never for what is out of reach, and for a t that is never.
func (t Instant) After(d time.Duration) Instant {
	if sum := t + Instant(d); t != 0 && (d < 0 || sum > t) {
		return max(sum, 1)
	}
	return 0
}

// Sooner returns the earlier of two instants.
func Sooner(a, b Instant) Instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// A StreamID names an exchange on its connection. HTTP/1 counts 1, 2, 3, …;
// HTTP/2 uses the stream identifiers of RFC 9113, Section 5.1.1.
type StreamID uint32

// A State says what a loop has to do with the connection.
type State uint8

const (
	Open     State = iota // exchanges go on, or may begin
	Closed                // nothing more will be read or sent: flush, then close the flow
	Switched              // from here on the bytes belong to another protocol
)

// String returns the name of the state.
func (s State) String() string {
	return [...]string{"open", "closed", "switched"}[s]
}

// An Engine is what both sides of a connection have in common. The package
// comment says how its methods go together.
type Engine interface {
	// Next looks for the next event in in, all the input that is pending,
	// fills ev, which the caller has zeroed, and returns how many bytes of in are consumed. It may consume
	// bytes without an event. When ev.Kind is NoEvent the engine can do
	// nothing until it is shown more, or until a command, EOF or Tick.
	Next(now Instant, in []byte, ev *Event) (n int)

	// EOF says that nothing more will come than the input that is still pending, which is shown to Next afterwards,
	// even when it is empty. whole: the peer has ended its sending side in the way its flow has for that; else the
	// flow broke off, and what only its end could complete is not complete. What is said first stands.
	EOF(now Instant, whole bool)

	// Tick says that the time is now. When a deadline has passed the next
	// call of Next yields the fault, or the State is Closed.
	Tick(now Instant)

	// Deadline returns when Tick wants to be called, given that the loop
	// begins now to wait for input; zero for never.
	Deadline(now Instant) Instant

	// Flush appends what the engine itself has to say: acknowledgements,
	// credit, pings. A loop calls it before it writes.
	Flush(out *Output)

	// State says whether the connection goes on.
	State() State

	// Streams returns the number of exchanges that are open.
	Streams() int

	// Data appends content of our message on the stream and returns how much
	// of p it took: fewer than len(p) with a nil error when the peer's flow
	// control, or other streams, allow no more now; see [Multiplexed]. Without any content it
	// says that the caller does not wait to send more now, and holds up no other.
	Data(out *Output, id StreamID, p []byte) (n int, err error)

	// End ends our message on the stream; trailer may be nil. Fields that have no place in a
	// trailer section, those of framing, routing and authentication, are left out
	// (RFC 9110, Section 6.5.1). It is an error (RuleLength) to end before a
	// declared length has been reached.
	End(out *Output, id StreamID, trailer *semantics.Fields) error

	// Reset abandons the exchange so that the peer cannot take what it has
	// got for a whole message. HTTP/1 closes the connection for it.
	Reset(out *Output, id StreamID, code Code)

	// Shutdown begins to end the connection: exchanges in progress are
	// finished, no others begin. It may be called more than once.
	Shutdown(out *Output)
}

// A Server is the engine of a server's side of a connection.
type Server interface {
	Engine

	// Respond appends the head of a response. A status from 100 to 199 is
	// interim and may come any number of times before the final one; 101,
	// and 2xx to CONNECT, switch the connection (on HTTP/2 the stream).
	// length is the length of the content in bytes, or -1 if it is not known
	// yet; with HEAD and 304 it is the length that GET would have had.
	// Framing is the engine's: Content-Length, Transfer-Encoding, Connection
	// and their kin in r.Fields are replaced by its own, except that a
	// Connection field that lists close ends the connection after this
	// exchange, and a Transfer-Encoding of "identity" ends content of unknown length with the connection. On
	// HTTP/1 Content-Length and Connection stand where r.Fields has them, else last. An r.Protocol of HTTP10 answers a request of that
	// version in its own; any other is not looked at. The final response must be ended with End.
	Respond(out *Output, id StreamID, r *semantics.Response, length int64) error
}

// A Client is the engine of a client's side of a connection.
type Client interface {
	Engine

	// Request appends the head of a request and opens an exchange. length is
	// the length of the content in bytes, 0 for none, -1 if it is not known.
	// The request must be ended with End. An error with Scope Message
	// has put nothing on the wire.
	Request(out *Output, r *semantics.Request, length int64) (StreamID, error)

	// Capacity returns how many exchanges may be opened now.
	Capacity() int
}

// An Extender is a client's engine that may send a request with an Upgrade as an extended CONNECT (RFC 8441), where the server has said
// that it takes that.
type Extender interface {
	// ExtendedConnect reports whether the server takes it. known: it has said what it takes.
	ExtendedConnect() (takes, known bool)
}

// Multiplexed is what an engine has whose exchanges go on side by side, as those of
// HTTP/2 do: a loop must then take the events of all streams as they come, keep
// content until it is asked for, and say when it has been.
//
// An exchange is counted by Streams, and against what the peer may open, until our side of it is
// over too: by End, or by Reset, which a loop calls also after a Fault.
type Multiplexed interface {
	// Consumed says that the application has taken n bytes of content that was
	// told on the stream: the peer may be given credit for as many.
	Consumed(now Instant, id StreamID, n int)

	// Ready returns a stream on which Data took less than it was given and may be
	// called again, the most urgent first (RFC 9218); 0 if there is none, or no room
	// in out. A loop asks until 0 whenever it has written the output or been told
	// an event, and may find that a stream it is given has gone.
	Ready(out *Output) StreamID
}

// A Chooser is a server's engine that only finds out which engine the connection needs. A loop
// asks for it after each call of Next, EOF, Tick and Shutdown, and puts it in the Chooser's place.
type Chooser interface {
	Server

	// Chosen returns the engine, nil as long as it is not known.
	Chosen() Server
}

// A Rester is a Server that knows how to be idle.
type Rester interface {
	// Rest returns what is to be remembered of a connection on which nothing happens: no exchange is in progress and no input or
	// output is pending. The engine is either used no more, or goes on as if it had not been called. It returns nil if
	// nothing less than the engine does.
	Rest() Rested
}

// Rested is what an engine has left behind.
type Rested interface {
	// Wake makes an engine that goes on where that one was; limits are the same. Nothing has happened since.
	Wake(limits Limits, since Instant) Server
	// Parts reports whether an engine would have something to say if the connection is to end.
	Parts() bool
}

// Verbatim is an optional power of an engine: content that needs no framing of
// its own may be put on the wire by the loop itself, by sendfile or splice.
type Verbatim interface {
	// Verbatim says that the loop has put n bytes of content on the wire,
	// directly behind the output so far, and returns how many more it may put there:
	// 0 when the message's framing does not allow it. A loop asks with 0 first.
	Verbatim(id StreamID, n int64) (more int64)
}
