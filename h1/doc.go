// Package h1 is the HTTP/1.x engine, both sides: RFC 9112 without I/O, clock or
// goroutine. [ServerConn] is an [engine.Server], [ClientConn] an
// [engine.Client]; package engine says how a loop drives them.
//
//	eng := h1.NewServer(engine.Limits{}, now)
//	n := eng.Next(now, in, &ev) // ev.Kind == engine.Request
//	eng.Respond(&out, ev.Stream, &semantics.Response{Status: 200}, 5)
//	eng.Data(&out, ev.Stream, []byte("hello"))
//	eng.End(&out, ev.Stream, nil)
//
// # Where to find what
//
//	state.go      the whole life of a connection as one table (9112, Section 9)
//	conn.go       what both sides share; faults
//	parse.go      finding a head; field lines (Sections 2.2 and 5)
//	request.go    request line, Host and what else a request's head says (Section 3)
//	response.go   status line and what else a response's head says (Section 4)
//	framing.go    how long a message is, as one function a side (Section 6.3)
//	content.go    content and trailers, as they come (Section 6)
//	chunked.go    the chunked coding, in and out (Section 7.1)
//	serialize.go  heads to bytes; nothing a caller gives can forge a line
//	server_recv.go  what a server reads
//	server.go, client.go  the commands of each side
//	time.go       deadlines
//	rules.go      each rule that a peer can break, and what it costs
//
// # One meaning, or none
//
// Where RFC 9112 lets a recipient be lenient this engine is strict: obsolete
// line folding, white space around names, bare CR or LF, repeated or
// list-valued Content-Length, Content-Length beside Transfer-Encoding, a
// Transfer-Encoding other than "chunked" and a Host that is not exactly one
// valid authority are all refused, on both sides. The one leniency is a single empty
// line before a request line (Section 2.2), which old clients send.
//
// # What is shared
//
// A head becomes one string; method, target and fields are parts of it. If
// the bytes of a head equal the connection's previous one, the same
// *semantics.Request or *semantics.Response is handed out again: the receiver
// must not change it, and calls Fields.Share for fields of its own.
//
// # What is left out
//
// A client does not pipeline: its Capacity is 1 or 0. Transfer codings other
// than chunked are neither decoded nor sent. HTTP/0.9 is refused.
package h1
