package engine

import "strings"

// Blame says who broke the rule.
type Blame uint8

const (
	Peer   Blame = iota + 1 // the other side of the connection
	Caller                  // the program that uses paf: its code can be mended
	Self                    // paf: please report it
)

// Scope says how far an error reaches.
type Scope uint8

const (
	Message    Scope = iota + 1 // this message; the connection may go on
	Stream                      // this exchange
	Connection                  // the connection and everything on it
)

// A Code is what an error puts on the wire of HTTP/2 (RFC 9113, Section 7).
// HTTP/1 has no codes and ignores it.
type Code uint32

// A Rule is the sentence that was broken, named by its document and section,
// as "RFC 9112, Section 5.1: no white space between field name and colon".
type Rule string

// An Error ends a message, a stream or a connection. It answers four questions:
// who is to blame, how far it reaches, which rule was broken, and what a server
// should answer.
//
// errors.Is(err, &Error{…}) compares the fields that are set in the target.
type Error struct {
	Blame  Blame
	Scope  Scope
	Rule   Rule
	Status int      // what a server should answer; 0: nothing
	Code   Code     // what goes into RST_STREAM or GOAWAY, or came in it
	Stream StreamID // of a connection that has several, if the Scope is Stream; for people
	Detail string   // for people; never echoed to the peer
	Err    error    // the cause, if there is one
}

// Error says who, what and where in one line.
func (e *Error) Error() string {
	var b strings.Builder
	switch e.Blame {
	case Peer:
		b.WriteString("peer: ")
	case Caller:
		b.WriteString("misuse: ")
	case Self:
		b.WriteString("bug in paf: ")
	}
	b.WriteString(string(e.Rule))
	if e.Detail != "" {
		if e.Rule != "" {
			b.WriteString(": ")
		}
		b.WriteString(e.Detail)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether the error is a deadline that passed; callers test
// for it by the interface that net.Error has.
func (e *Error) Timeout() bool { return e.Rule == RuleTimeout || e.Rule == RuleStall }

// Is compares the fields that are set in an *Error target.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok &&
		(t.Blame == 0 || t.Blame == e.Blame) &&
		(t.Scope == 0 || t.Scope == e.Scope) &&
		(t.Rule == "" || t.Rule == e.Rule) &&
		(t.Status == 0 || t.Status == e.Status) &&
		(t.Code == 0 || t.Code == e.Code)
}

// Rules that every protocol shares.
const (
	// RuleTimeout: the peer did not send what was due in time.
	RuleTimeout Rule = "RFC 9110, Section 15.5.9: the message did not arrive in time"
	// RuleStall: the peer did not take content in time that it had asked for.
	RuleStall Rule = "RFC 9113, Section 10.5: the peer takes less content than the limit StallTimeout wants"
	// RuleTruncated: the flow ended inside a message.
	RuleTruncated Rule = "RFC 9110, Section 6.1: the connection ended before the message was complete"
	// RuleNoResponse: the server ended the connection without one byte of a response,
	// as it does with a connection that it has kept for long enough.
	RuleNoResponse Rule = "RFC 9110, Section 9.2.2: the connection ended without a response"
	// RuleRefused: the server has not processed the request, and it can be sent again.
	RuleRefused Rule = "RFC 9113, Section 8.7: the request was not processed"
	// RuleLength: more or less content was given than had been declared.
	RuleLength Rule = "RFC 9110, Section 8.6: content and its declared length disagree"
	// RuleOrder: a command was given that this state of the exchange forbids.
	RuleOrder Rule = "engine: a command out of order"
	// RuleGone: a command was given on a connection or an exchange that is over.
	RuleGone Rule = "engine: the exchange is over"
)

// Misuse returns the error of a command that the caller should not have given; nothing has come of it.
func Misuse(r Rule, detail string) error {
	return &Error{Blame: Caller, Scope: Message, Rule: r, Detail: detail}
}
