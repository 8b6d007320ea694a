// Package httpover holds the test of HTTP over a flow: what users of paf's server and client rely on, case by case, over HTTP/1.1 and HTTP/2.
//
// Package [github.com/paf-go/paf/flow/flowtest] tells whether something is a flow. This one tells whether HTTP works over it: a flow may keep
// every promise and still be one of many, and what it has of powers decides which of paf's ways are taken (with deadlines or without,
// parked or not, by writev or by copies, with half-closes or without). Whoever writes a flow of their own wants to know both, so
// this is a package and not a test of paf's own.
//
//	func TestHTTPWorksOverMyFlow(t *testing.T) {
//		httpover.Run(t, func(t testing.TB, protocol string) (net.Listener, httpover.Dial) {
//			ln := myflow.Listen(t)
//			return ln, func(ctx context.Context) (flow.Flow, error) { return myflow.Dial(ctx, ln.Addr()) }
//		})
//	}
//
// A flow that comes in pairs is given by [Pairs]. A flow in memory that waits on channels, condition variables and the clock of package time alone is
// tested in virtual time by [RunInBubble], which takes the milliseconds that the machine needs.
//
// # The cases
//
// Each case is a claim, and a subtest of that name under HTTP1 or HTTP2: messages (methods, fields, targets, contents of 0 bytes to some MiB both
// ways, trailers, 1xx, Expect, HEAD, 204, 304), several at a time (full duplex, pipelining, streams, a handler that waits), ends (cancellation
// by either side, loss of the peer in each phase, panics), time-outs and limits and their answers, connections that are kept, left idle and
// parked, tunnels, and the stop of a server and a client. Each makes a server and a client of its own, and both must have nothing left when it ends.
// Cases run several at a time. When all have ended neither a goroutine nor, where the system lists them, a descriptor may
// be left; so Run must not be called beside other tests that start any.
//
// A case for which the flow lacks a power is skipped and says so: a half-close, a descriptor to be watched.
//
// The other side is always paf. What others have written is met in paf's module conformance, over the same flows.
package httpover
