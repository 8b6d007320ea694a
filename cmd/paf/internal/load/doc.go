// Package load is what `paf load` does: it sends requests to one server over many connections, and has what it measures recorded.
//
//	request.go  what is sent: one request, or those of a file
//	source.go   a file of requests, one a line
//	har.go      or a HAR
//	plan.go     when requests are due, in an open loop
//	pace.go     who sends which: the schedule that all connections share
//	alarm.go    how it waits for the next to be due
//	dial.go     how a connection is opened
//	ticket.go   what resumes its TLS session
//	conn.go     a place in which connections follow each other
//	exchange.go  its requests, and what becomes of them
//	events.go   what its engine tells
//	line.go     the bytes to its flow
//	turn.go     the bytes from it, and how it waits for them
//	sweep.go    what has taken too long
//	worker.go   what is no request of HTTP: connections alone, messages of a WebSocket
//	run.go      one run, from its first connection to its last response
//	begin.go    how it begins
//	most.go     how much may be asked for
//	failure.go  the kinds of failure
//
// A connection has one goroutine, which reads, takes the events of its engine, records, lays out the next requests and writes
// once. Nothing is started and nothing allocated for a request. In an open loop requests are due whatever has become of the others: one goroutine
// for all connections waits for that, and lays each out on a connection that is free. If none is, the first that becomes so takes it, late; its latency counts
// from when it was due, or a server that stands still would be asked nothing meanwhile, and the time it stood still be seen by as many
// requests as there are connections ("coordinated omission").
package load
