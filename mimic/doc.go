// Package mimic turns facts, and functions that derive facts from others, into a
// flow that is connected. It is how a client finds the way to its server without
// knowing any: whether that is TCP, TLS, a Unix socket or a pipe in memory depends
// on the [Context] it is given, and on nothing else.
//
// # A protocol of one's own
//
// Register says how to connect to an endpoint, Add gives the endpoint, Resolve
// opens the flow:
//
//	unix := mimic.Register("unix", 0, func(ctx context.Context, path string) (net.Conn, error) {
//		var d net.Dialer
//		return d.DialContext(ctx, "unix", path)
//	})
//	ctx := mimic.Add(base, unix, "/run/app.sock")
//	f, err := ctx.Resolve(context.Background())
//
// Whoever resolves that context talks to the socket; base is as it was. There is
// no registry in the process: the key of a protocol knows how to connect.
//
// # Facts, and functions of facts
//
// A [Key] names a fact of one type. [Add] and [Replace] bind a value to it,
// the Folds a function of other keys' values:
//
//	ctx = mimic.Fold2(ctx, tcp, mimic.Req(ip), mimic.Default(port, 8080),
//		func(_ context.Context, ip netip.Addr, port uint16) (netip.AddrPort, error) {
//			return netip.AddrPortFrom(ip, port), nil
//		})
//
// Now a context that has an ip has an endpoint of tcp; and if another function
// gives the ip of a host, a host is enough. [Req], [Opt] and [Default] say what
// becomes of the function if a key has no value; [Map1] prepares an argument.
// [Merge] puts two contexts together.
//
// What a function is given for a key: its newest plain value; if it has none, the
// result of the newest of its functions that has one.
//
// # The order of endpoints
//
// All values of all protocols' keys are endpoints. [Context.Resolve] tries them by
// priority, the lowest number first; [Context.Unfold] says how equals are ordered
// and lists what would be tried, the facts behind it included. Among equals an
// endpoint that was added comes before one that was computed.
//
// Those of paf and its modules follow one rule. What leads somewhere only because somebody has said so (a Unix socket, a stack in user
// space, vsock) has 0. TLS has 10. Clear TCP, to which the facts of every URL lead, has [NoPriority]. So a protocol of one's own wins
//
//	-1             over everything
//	0              over TLS and TCP; over a socket or a stack by the order of equals
//	10             as TLS does
//	NoPriority     where nothing else is left
//
// and what it fails at is tried with the next. A client does not go by TCP when a context that leads elsewhere fails; but a function that skips, or
// lacks a key that it requires, leads nowhere: see the documentation of paf.Client.Context.
//
// # Protocols over others
//
// The endpoint of a protocol may be a Context, and what it opens a wrapper of that one's flow, or a flow that is run over it:
//
//	counted := mimic.Register("counted", -1, func(ctx context.Context, over mimic.Context) (flow.Flow, error) {
//		f, err := over.Resolve(ctx)
//		…
//		return count(f), nil
//	})
//
//	c = mimic.Fold2(mimic.Context{}, counted, mimic.Req(paf.Host), mimic.Req(paf.Port),
//		func(_ context.Context, host, port string) (mimic.Context, error) {
//			return mimic.Add(mimic.Context{}, paf.TCP, net.JoinHostPort(host, port)), nil
//		})
//
// An endpoint that is a context has what was added to it, and nothing of the context that it is in: the function above gives it the facts
// of the URL. And c itself must not lead to what is wrapped, for that would be tried where the wrapper fails.
//
// That is how TLS is run over TCP, a Unix socket, a stack, TLS again, or a protocol of one's own (paf.TLS), and why
// a context in which TLS fails has nothing in clear to fall back on: what leads there is not in it.
//
// # From a URL, and for other libraries
//
// Package paf has keys for what a URL says (paf.Scheme, paf.Host, paf.Port), to which a function of one's own may be bound, and two ways
// besides its Client to use a context: paf.WithURL makes one of a URL, to be resolved, and paf.DialContext makes of one what net/http's Transport
// and gRPC dial with.
//
// # Errors
//
// A function that cannot give a value returns [ErrSkip], if that is nothing to
// worry about; that or any other error takes away this value only, and others are
// tried. If in the end there is no flow, [*ResolveError] has every reason:
// errors.Is and errors.As tell a refused port from a bad certificate from a scheme
// that no function knew. A cycle is detected, whether it leads through Req, Opt,
// Default or Map: its keys have no value, and [*CycleError] names them in order. A
// panic in a function or in a connect is caught: it becomes a [*PanicError] in a
// [*KeyError] that names the key, and takes away that value or endpoint only.
//
// # Flows
//
// The flow that Resolve returns has all powers of the one that connect returned
// (see [flow.PowersOf]), and is a net.Conn if that is one. [Protocol.View] gives back the latter, with its type;
// [Protocol.Inject] makes a flow that has been accepted one of the protocol;
// [EndpointOf] tells which endpoint was opened. Of TLS it is known what is below: EndpointOf(session.NetConn()), where session is the
// *tls.Conn that flow.As finds.
//
// Contexts, keys and protocols are immutable and may be used by any number
// of goroutines.
package mimic
