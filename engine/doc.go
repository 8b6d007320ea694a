// Package engine is the contract between a protocol and a loop.
//
// An [Engine] is one side of one connection as a value: bytes in, events out;
// commands in, bytes out. It does no I/O, starts no goroutine, reads no clock,
// takes no lock and calls nobody back. The loop that owns it moves the bytes,
// and anyone may write another loop, or another engine for the same loop.
// An engine is not safe for concurrent use.
//
// # Four kinds of methods
//
// What the world did: [Engine.Next] is shown all input that is pending and
// returns the next event in it; [Engine.EOF] says that the peer has ended its
// sending side; [Engine.Tick] that the deadline has passed.
//
// What the application wants: [Server.Respond], [Client.Request], then
// [Engine.Data] and [Engine.End], or [Engine.Reset]; [Engine.Shutdown].
//
// What must be done now: bytes appended to the [Output], and [Engine.Deadline].
//
// What is the case: [Engine.State], [Engine.Streams], [Client.Capacity].
//
// # A loop, whole
//
//	for eng.State() == engine.Open {
//		ev = engine.Event{}
//		n := eng.Next(now(), in, &ev) // ask until it answers NoEvent
//		in = in[n:]
//		switch ev.Kind {
//		case engine.NoEvent:          // it needs more than it was shown
//			eng.Flush(&out)
//			write(&out)
//			deadline(eng.Deadline(now()))
//			read, then in = append(in, …), or eng.EOF(now(), whole), or eng.Tick(now())
//		case engine.Request:
//			eng.Respond(&out, ev.Stream, &response, length)
//			…
//		}
//	}
//
// An engine whose exchanges go on side by side is [Multiplexed]: its events are for the stream that they name,
// content is credited when it has been taken, and a stream that could not send all it had is named by
// Ready when it may go on:
//
//	case engine.Data:
//		keep(ev.Stream, ev.Data)      // and when somebody has taken n bytes:
//		eng.Consumed(now(), ev.Stream, n)
//	…
//	for id := eng.Ready(&out); id != 0; id = eng.Ready(&out) {
//		goOn(id)                      // Data again, with what is left
//	}
//
// # Who owns which bytes
//
// The loop owns the input. What Next did not consume must be shown again, with
// whatever came after it. Event.Data aliases the input and is valid until the
// loop reuses that memory, and at the longest until the next call of Next;
// everything else in an event is the receiver's to keep.
//
// The loop owns the output. Commands append to it; the engine keeps none of
// it. Content given to Data may be referenced by the output instead of copied
// (see [Output.Content]): it must stay unchanged until the output is written.
//
// # Errors
//
// A command that the caller should not have given returns an [*Error] with
// blame Caller and puts nothing on the wire. What the peer did wrong arrives as
// a Fault event. On a server a fault whose Status is not zero may be answered
// with Respond on the fault's stream, once, before the connection closes.
package engine
