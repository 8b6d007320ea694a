package mimic

import (
	"context"
	"errors"
	"iter"
	"net"
	"slices"

	"github.com/paf-go/paf/flow"
)

// NoPriority is the priority of a protocol that is tried after all those that
// have one.
const NoPriority = int(^uint(0) >> 1)

// A Protocol is a way to open flows, as [Register] returns it: the key of its
// endpoints, of type E, which knows how to connect to one, and a typed view of
// the flows it has opened, of type F. A Protocol is immutable and safe for
// concurrent use.
type Protocol[E any, F flow.Flow] struct {
	// Key is what endpoints are bound to. Where a Keyed is asked for, the
	// Protocol itself will do: mimic.Add(ctx, unix, "/run/app.sock").
	Key[E]
}

// An opener is a connect function that has forgotten its types.
type opener func(ctx context.Context, endpoint any) (flow.Flow, error)

// Register makes a protocol. Of the endpoints in a [Context] those with the lower
// priority are tried first, those with [NoPriority] last; [Context.Unfold] says how
// equals are ordered. There is no registry in the process: a Context that holds an
// endpoint holds the way to connect to it. Registering twice with one function
// makes two different protocols.
//
// connect opens a flow to an endpoint, or returns an error and no flow; it returns
// soon after ctx has ended. A panic in it becomes an error, a [*PanicError]. A flow
// returned together with an error is closed.
func Register[E any, F flow.Flow](name string, priority int,
	connect func(ctx context.Context, endpoint E) (F, error)) *Protocol[E, F] {
	return RegisterIn(nil, name, priority, connect)
}

// RegisterIn is [Register] with r to keep the order of registration: of the
// protocols in r with equal priority the one registered last comes first,
// whatever the order in which endpoints were added to a Context.
func RegisterIn[E any, F flow.Flow](r *Registry, name string, priority int,
	connect func(ctx context.Context, endpoint E) (F, error)) *Protocol[E, F] {
	d := &definition{name: name, priority: priority, open: untyped(connect)}
	if r != nil {
		r.add(d)
	}
	return &Protocol[E, F]{Key[E]{d}}
}

// untyped makes connect an opener that keeps the promises of Register.
func untyped[E any, F flow.Flow](connect func(context.Context, E) (F, error)) opener {
	return func(ctx context.Context, endpoint any) (flow.Flow, error) {
		f, err := connect(ctx, typed[E](endpoint))
		if err != nil {
			discard(f)
			return nil, err
		}
		if any(f) == nil {
			return nil, errors.New("mimic: neither a flow nor an error")
		}
		return f, nil
	}
}

// discard closes what came together with an error. That is a nil pointer more
// often than not, whose Close may panic: the caller is told of the error alone.
func discard(f flow.Flow) {
	if f == nil {
		return
	}
	defer func() { _ = recover() }()
	_ = f.Close()
}

// Endpoint returns e as one element of a list for [Connect].
func (p *Protocol[E, F]) Endpoint(e E) Endpoint { return Endpoint{key: p.d, value: e} }

// Inject makes f, which is already connected, a flow of this protocol, as if the
// protocol had opened it: a server does so with what it has accepted.
func (p *Protocol[E, F]) Inject(f F) flow.Flow {
	return mark(opened{Flow: f, endpoint: Endpoint{key: p.d}})
}

// Opened makes f, which was opened to e by other means than [Context.Resolve], a flow of this protocol as if it were
// by that: [EndpointOf] knows e.
func (p *Protocol[E, F]) Opened(f F, e E) flow.Flow {
	return mark(opened{Flow: f, endpoint: p.Endpoint(e), resolved: true})
}

// View returns f as what connect returned or [Protocol.Inject] was given, if it is a
// flow of this protocol, or wraps one (see [flow.Wrapper]). A flow of any other
// protocol does not match, though it may be of the same type.
func (p *Protocol[E, F]) View(f flow.Flow) (F, bool) {
	for o, ok := flow.As[*opened](f); ok; o, ok = flow.As[*opened](o.Flow) {
		if o.endpoint.key == p.d {
			return typed[F](o.Flow), true
		}
	}
	var none F
	return none, false
}

// An opened flow is one that remembers which protocol has opened it.
type opened struct {
	flow.Flow
	endpoint Endpoint
	resolved bool // else injected, and the endpoint has no value
}

// Unwrap gives access to the powers of the flow inside.
func (o *opened) Unwrap() flow.Flow { return o.Flow }

// An openedConn is an opened flow that is a net.Conn, lest one have to be made of it where one is asked for: TLS asks.
type openedConn struct {
	net.Conn
	opened opened
}

// Unwrap gives access to the memory and, through it, to the powers of the connection inside.
func (c *openedConn) Unwrap() flow.Flow { return &c.opened }

func mark(o opened) flow.Flow {
	if c, ok := o.Flow.(net.Conn); ok {
		return &openedConn{c, o}
	}
	return &o
}

// EndpointOf returns the endpoint to which f, or what it wraps, was opened by
// [Context.Resolve] or [Connect]. The outermost counts.
func EndpointOf(f flow.Flow) (Endpoint, bool) {
	for o, ok := flow.As[*opened](f); ok; o, ok = flow.As[*opened](o.Flow) {
		if o.resolved {
			return o.endpoint, true
		}
	}
	return Endpoint{}, false
}

// A Registry keeps the order in which protocols were registered by [RegisterIn].
// Nothing else depends on it: contexts work without one. The zero Registry is
// empty. Registering in one Registry from several goroutines needs a lock;
// resolving while somebody registers does not.
type Registry struct{ protocols []*definition }

func (r *Registry) add(d *definition) {
	r.protocols = append(r.protocols, d)
	d.registry, d.number = r, len(r.protocols)
}

// All iterates over the names and priorities of the protocols in r, the one
// registered last first.
func (r *Registry) All() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, d := range slices.Backward(r.protocols) {
			if !yield(d.name, d.priority) {
				return
			}
		}
	}
}
