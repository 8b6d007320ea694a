// Package script runs engines by scripts: text files in which bytes and commands stand
// beside what comes of them. A file is Markdown, so that it can be read as one:
//
//	# What the file is about
//
//	## The claim of the first case
//
//	Why it is so.
//
//	```
//	server HeadBytes=100
//	> GET / HTTP/1.1\r\n
//	> Host: a\r\n\r\n
//	= request 1 GET / HTTP/1.1 length=0 end
//	=   Host: a
//	! respond 200 5 | Content-Type: text/plain
//	< HTTP/1.1 200 OK\r\n
//	< Content-Type: text/plain\r\n
//	< Content-Length: 5\r\n
//	< \r\n
//	! data hello
//	< hello
//	! end
//	```
//
// The first line says which side is run and with which limits. Then ">" is input and "!" a
// command; what follows is the outcome: "=" an event, an error or a change of the state,
// "<" output. Bytes are written in the [Notation] of the protocol; in that of HTTP/1, [Text], as in
// a Go string, without its quotes; \n at the end of a line is written out. "-update" rewrites the outcomes; the diff is then the review.
//
// Commands are
//
//	respond STATUS [LENGTH] [REASON] | Name: value | …
//	request METHOD TARGET [LENGTH] [HTTP/1.0] [protocol=NAME] | Name: value | …
//	data TEXT
//	fill N            content: N letters x
//	end [| Name: value | …]
//	verbatim N
//	reset [CODE]
//	consumed N        the application has taken so much content
//	ready             which streams may send on, until none may
//	capacity          how many exchanges may be opened
//	shutdown
//	flush             what the engine has to say leaves, as it does after each step
//	eof [broken]      the peer has ended its sending side, or the connection broke off
//	wait DURATION     the loop waits for input, which does not come
//	work DURATION     time passes, but nobody waits
//	flood N TEXT      input: N times the text
//
// A field's "@name" before the command's other arguments, as in "data @2 x", names a
// stream; without it the last one that an event or a request has named is meant.
//
// Each case is run in many ways, see [Ways], all of which must have the same outcome.
package script
