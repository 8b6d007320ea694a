// Package loop runs engines over flows. It is the only room of paf with
// clocks, goroutines and locks.
//
// A [Group] is what connections share: a coarse clock, one sweeper that watches
// their deadlines, counters, and the way to stop them all. [Group.ServeFlow]
// runs a server's engine over one flow until the connection is over;
// [Group.Serve] accepts flows and serves each; [Group.Open] makes a flow and
// a client's engine into a [ClientConn], and a [Pool] keeps those for reuse.
//
// # The life of a connection
//
// One goroutine owns a server's connection of HTTP/1. It reads into the connection's
// input, asks the engine for events, runs the handler of a request itself, and
// writes the output when no more input is at hand:
//
//	read ─▶ input ─▶ engine.Next ─▶ Request ─▶ handler ─▶ engine.Respond, Data, End ─▶ output ─▶ write
//
// A connection that a listener has given, and on which nothing happens, has no goroutine at all: it is parked (park.go).
//
// No other goroutine takes part, unless one of these is wanted:
//
//   - a watcher reads ahead while a handler runs, from the moment the handler
//     asks its [Exchange.Context] whether it is over, so that a peer that goes
//     away cancels it. It reads no more than fits into the input.
//   - a client's connection that is idle for longer than a tick gets a
//     watcher too, so that it is not reused when the server has closed it; at once
//     if its flow cannot be looked into when it is used again.
//   - a request with content that does not fit into the output at once is sent
//     by a goroutine of its own, while the caller waits for the response.
//
// # Exchanges side by side
//
// An engine that is [engine.Multiplexed] gets a connection that all exchanges share. One goroutine at a time
// reads it and hands each event to the exchange that it is for, where content waits in memory, bounded by the
// window, until it is asked for; each exchange has a condition of its own to wait on. On a client that is a goroutine of the
// connection's. It wakes the callers when it has handed out all of one read, and a response that has come whole by then is its
// caller's alone: no lock is needed for it any more (client_mux.go). Requests that begin at about the same time leave in one write (together.go).
// On a server it is the goroutine whose turn it is, which runs the handlers too: see turn.go and docs/adr/0006.
//
// At any moment at most one goroutine reads the flow and at most one writes it.
// Whoever needs input while another reads waits for that one. The connection's
// lock is held for pure computation only, never across a read or a write.
//
// # Tunnels
//
// [Exchange.Tunnel] and [Reply.Tunnel] end HTTP on an exchange whose flow goes on. On HTTP/1 the whole flow is taken over (takeover.go): whoever is
// reading it is interrupted, what has been read comes first, and neither the sweeper nor a stop touches it any more. The
// connection stays the group's, and the goroutine that has served it waits until the tunnel is closed. On a
// multiplexed connection the stream goes on as it was (tunnel_stream.go), and the exchange that it began with is no longer
// waited for. [Exchange.Hijack] takes the flow over, too, but takes it from the group. See docs/adr/0009.
//
// # Time
//
// The sweeper wakes up once a tick (the smallest time-out that is set divided by 8, between 5
// ms and 250 ms), and not at all while there is no connection. It compares each
// connection's deadline, an atomic number, with the clock: no timer and no
// deadline call is spent on a request. When one has passed it interrupts the
// read or the write: by the flow's own deadline if it has that power, else by
// closing the flow. Time-outs are therefore exact to a tick. All of it runs on
// package time, hence in virtual time inside a testing/synctest bubble.
//
// # Stopping
//
// When the context given to Serve ends, or [Group.Shutdown] is called: listeners are
// closed, idle connections are closed, connections with an exchange finish it
// and say that they close. What is left when the grace period has passed is cut.
// Serve returns when the last connection is gone; no goroutine outlives it.
package loop
