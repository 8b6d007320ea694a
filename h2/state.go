package h2

// This file holds every state of a connection and of a stream, and every move between
// them. Only turn and step assign a state; no other file does.

// A life is the state of a connection.
//
//	preface ──greeted──▶ settings ──settled──▶ running ──warn──▶ parting ──part──▶ parted
//	   │                    │                     │                                  ▲
//	   └────────part────────┴────────part─────────┴───────────────part───────────────┘
//
// and from anywhere to over: by a fault, the end of the flow, or the last stream of a parted one.
type life uint8

const (
	preface  life = iota // the client's preface has not come whole (server)
	settings             // the peer's SETTINGS have not come
	running
	parting // GOAWAY has been sent with the greatest identifier: requests may be on their way (Section 6.8)
	parted  // GOAWAY has been sent or received: no streams but those that there are
	over    // nothing more will be read or sent
	numLives
)

// A turning is what makes a life change.
type turning uint8

const (
	greeted turning = iota
	settled
	warn
	part
	finish
	numTurnings
)

// lives is the table of a connection; what is left out does not change it.
var lives = [numLives][numTurnings]life{
	preface:  {greeted: settings, part: parted, finish: over},
	settings: {settled: running, part: parted, finish: over},
	running:  {warn: parting, part: parted, finish: over},
	parting:  {part: parted, finish: over},
	parted:   {finish: over},
}

// turn makes a connection's move.
func (c *conn) turn(t turning) {
	if to := lives[c.life][t]; to != preface {
		c.life = to
	}
}

// A state is the state of a stream (Section 5.1), seen from our side. There are three ways of being
// closed, for what may still come depends on them. Streams are never reserved: nothing is pushed.
//
//	              idle
//	                │ HEADERS, either way
//	                ▼
//	  sendEnd     open     recvEnd
//	     ┌──────────┴──────────┐
//	     ▼                     ▼
//	localEnded             peerEnded
//	     │ recvEnd     sendEnd │
//	     └──────▶ ended ◀──────┘
//
// and from any of the three by recvReset to cancelled, by sendReset to aborted.
type state uint8

const (
	idle       state = iota // nothing has been sent or received; no stream is made for that, and no move leads there
	open                    // both sides may send
	localEnded              // half-closed (local): we have sent END_STREAM
	peerEnded               // half-closed (remote): the peer has
	ended                   // closed: both have
	cancelled               // closed: the peer has sent RST_STREAM
	aborted                 // closed: we have
	numStates
)

// A move is what makes a stream's state change.
type move uint8

const (
	recvEnd move = iota // END_STREAM
	recvReset
	sendEnd
	sendReset
	numMoves
)

// moves is the table of a stream; what is left out does not change it.
var moves = [numStates][numMoves]state{
	open:       {recvEnd: peerEnded, recvReset: cancelled, sendEnd: localEnded, sendReset: aborted},
	localEnded: {recvEnd: ended, recvReset: cancelled, sendReset: aborted},
	peerEnded:  {recvReset: cancelled, sendEnd: ended, sendReset: aborted},
}

// step makes a stream's move, if the table has it, and reports whether it did.
func (s *stream) step(m move) bool {
	to := moves[s.state][m]
	if to == idle {
		return false
	}
	s.state = to
	return true
}

// over reports whether neither side will send anything more on the stream.
func (s state) over() bool { return s >= ended }

// A verdict is what a frame on a stream earns.
type verdict uint8

const (
	unexpected   verdict = iota // connection error PROTOCOL_ERROR; zero, so that it is what a cell left out means
	accept                      // it is dealt with
	ignore                      // it was sent before the peer knew
	closedStream                // stream error STREAM_CLOSED
	closedConn                  // connection error STREAM_CLOSED
)

// verdicts says which frames may come in which state (Section 5.1). A client's HEADERS on an idle stream open it and
// are not judged; PRIORITY may come at any time and is not here.
var verdicts = [numStates][frameContinuation + 1]verdict{
	open:       {frameData: accept, frameHeaders: accept, frameRSTStream: accept, frameWindowUpdate: accept},
	localEnded: {frameData: accept, frameHeaders: accept, frameRSTStream: accept, frameWindowUpdate: accept},
	// "If an endpoint receives additional frames, other than WINDOW_UPDATE, PRIORITY, or RST_STREAM, for a stream
	// that is in this state, it MUST respond with a stream error of type STREAM_CLOSED."
	peerEnded: {frameData: closedStream, frameHeaders: closedStream, frameRSTStream: accept, frameWindowUpdate: accept},
	// "An endpoint that receives any frames after receiving a frame with the END_STREAM flag set MUST treat
	// that as a connection error of type STREAM_CLOSED", but for WINDOW_UPDATE and RST_STREAM, which
	// were sent before ours arrived.
	ended: {frameData: closedConn, frameHeaders: closedConn, frameRSTStream: ignore, frameWindowUpdate: ignore},
	// "An endpoint that receives any frames other than PRIORITY after receiving a RST_STREAM MUST treat that as
	// a stream error of type STREAM_CLOSED."
	cancelled: {frameData: closedStream, frameHeaders: closedStream, frameRSTStream: ignore, frameWindowUpdate: ignore},
	// "An endpoint that sends a RST_STREAM frame on a stream that is in the open or half-closed state […] MUST
	// be prepared to receive any type of frame".
	aborted: {frameData: ignore, frameHeaders: ignore, frameRSTStream: ignore, frameWindowUpdate: ignore},
}
