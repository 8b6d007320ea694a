// Package web carries HTTP where a web browser has no TCP: over a MessagePort and over a WebSocket. Both carry messages, whole and in
// order; a [Conn] makes a flow of them, with all that paf asks of one: back-pressure, deadlines, half-closes, resets.
//
// A worker that is compiled to WebAssembly (GOOS=js GOARCH=wasm) serves whoever may post messages to it:
//
//	ln := web.Listen(js.Global())
//	js.Global().Call("postMessage", "ready")
//	err := server.Serve(ctx, ln)
//
// and the page asks it, once it is ready, over as many flows as a Client wants, each a MessageChannel of its own:
//
//	c := paf.Client{Context: mimic.Add(mimic.Context{}, web.MessagePort, worker)}
//	resp, err := c.Get(ctx, "http://worker/")
//
// The page reaches a server in Go, anywhere, through a WebSocket. There [Handler] is the handler of one path:
//
//	c := paf.Client{Context: mimic.Add(mimic.Context{}, web.WebSocket, "wss://example.org/flow"), Protocol: paf.HTTP2}
//	…
//	flows := &web.Handler{Server: server}
//
// [WebSocket] opens flows outside of browsers, too, where programs are let out by nothing else.
//
// # What is on the wire
//
// A message of bytes is a part of the stream. A message of text is a word about it:
//
//	credit N   the receiver has taken N bytes off, as many more may be sent
//	end        nothing more will be sent (CloseWrite)
//	close      nothing more will be sent or read (Close)
//	reset      the flow is broken off, and what has not been read is lost (Reset)
//
// At first 512 KiB may be sent. So neither end, nor what is between them, ever holds more than that of what has not been read: a browser's
// WebSocket takes whatever a page sends (its bufferedAmount grows), and keeps whatever comes, read or not; a MessagePort does both.
// A peer that sends more than it may is cut off. A WebSocket asks for the subprotocol "paf-flow"; a MessagePort is handed over with that as
// its message, and the listener answers "open" when it has been accepted.
//
// # In a browser
//
// Everything runs on the thread of the page, or of the worker: the event loop gets its turn when each goroutine waits for something. A
// handler that computes for long delays all messages, the reading of others included; runtime.Gosched does not help there, time.Sleep does. No flow
// needs more than the Close that every flow needs to let go of what JavaScript has of it.
//
// The package builds everywhere. [MessagePort] and [Listen] are in js/wasm alone, [Handler] everywhere else.
package web
