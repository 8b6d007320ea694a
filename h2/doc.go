// Package h2 is the HTTP/2 engine, both sides: RFC 9113 without I/O, clock or
// goroutine. [ServerConn] is an [engine.Server], [ClientConn] an
// [engine.Client], both are [engine.Multiplexed]; package engine says how a loop
// drives them.
//
//	eng := h2.NewServer(engine.Limits{}, now)
//	n := eng.Next(now, in, &ev) // ev.Kind == engine.Request
//	eng.Respond(&out, ev.Stream, &semantics.Response{Status: 200}, 5)
//	eng.Data(&out, ev.Stream, []byte("hello"))
//	eng.End(&out, ev.Stream, nil)
//
// # Where to find what
//
//	state.go     the whole life of a connection and of a stream as tables (9113, Section 5.1)
//	conn.go      what both sides share; faults of a connection and of a stream
//	stream.go    a stream, and the table of all
//	frame.go     frames as bytes (Section 4.1, and the layouts of Section 6)
//	recv.go      from input to frames: the preface, and which frame may come when
//	control.go   frames that belong to the connection: SETTINGS, PING, GOAWAY, RST_STREAM, …
//	head.go      header blocks, put together and decoded (Section 4.3)
//	message.go   heads as messages: what makes one malformed (Sections 8.1 to 8.3)
//	data.go      content, as it comes (Section 6.1)
//	credit.go    what we let the peer send, by the path's bandwidth-delay product (Section 5.2)
//	window.go    what the peer lets us send, and whose turn it is (RFC 9218)
//	send.go      heads, content and trailers to frames
//	server.go, client.go  the commands of each side
//	settings.go  settings, ours and the peer's (Section 6.5)
//	shutdown.go  GOAWAY, both ways (Section 6.8)
//	upgrade.go   from HTTP/1.1 to HTTP/2 on one connection (RFC 7540, Section 3.2)
//	time.go      deadlines
//	flood.go     what a peer may do for nothing
//	rules.go     each rule that a peer can break, and what it costs
//
// # One meaning, or none
//
// What RFC 9113 calls malformed is refused on both sides: a name with a capital or a
// character that is no token's, a value with control characters or white space around
// it, pseudo-header fields that are unknown, repeated, missing or late, fields of
// HTTP/1's connection management, Content-Length that is repeated, no number or
// not the sum of the DATA frames, Host beside another :authority.
//
// # Content and length
//
// A message whose length was given ends with its last byte: the frame that holds it
// carries END_STREAM, and a trailer section given to End is left out, as on HTTP/1. One
// whose length is -1 ends with End.
//
// # What is left out
//
// Server push: a client says so in its settings, and a PUSH_PROMISE is a fault.
// The priorities of RFC 7540 are parsed and ignored (RFC 9113, Section 5.3).
package h2
