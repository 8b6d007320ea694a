package engine

import "github.com/paf-go/paf/semantics"

// A Kind says what an event tells.
type Kind uint8

const (
	// NoEvent: the engine needs more input, or a command.
	NoEvent Kind = iota

	// Request: the head of a request has arrived (server). Set: Stream,
	// Request, Length, Expect, End.
	Request

	// Interim: the head of a 1xx response has arrived (client). Set: Stream,
	// Response.
	Interim

	// Response: the head of the final response has arrived (client). Set:
	// Stream, Response, Length, End.
	Response

	// Data: content has arrived. Set: Stream, Data (never empty).
	Data

	// End: the peer's message is complete. Set: Stream, Trailer. It does not
	// come after a head whose End is set.
	End

	// Fault: something went wrong. Set: Err; Stream, if the fault belongs to
	// one, and always when Err.Status may be answered; Request, if the head
	// had been read. Err.Scope says what it ends.
	Fault
)

var kindNames = [...]string{"none", "request", "interim", "response", "data", "end", "fault"}

// String returns the name of the kind.
func (k Kind) String() string { return kindNames[k] }

// An Event is one thing that has happened on a connection. Kind says which
// fields are set; the others are zero.
type Event struct {
	Kind     Kind
	Stream   StreamID
	End      bool  // the message has no content: it ends with its head
	Expect   bool  // the client waits for 100 (Continue) before it sends content
	Length   int64 // of the content: ≥ 0, or -1 when only its end will tell
	Request  *semantics.Request
	Response *semantics.Response
	Data     []byte            // valid until the next call of Next
	Trailer  *semantics.Fields // nil if there is none
	Err      *Error
}
