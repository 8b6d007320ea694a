package mimic_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

func TestInjectAndView(t *testing.T) {
	tcp := mimic.Register("tcp", 1, remember[int])
	tls := mimic.Register("tls", 1, remember[int])
	m := &memory{}
	f := tcp.Inject(m)
	got, ok := tcp.View(f)
	equal(t, "View", ok && got == m, true)
	_, ok = tls.View(f)
	equal(t, "View of another protocol", ok, false)
	_, ok = tcp.View(m)
	equal(t, "View of what no protocol has opened", ok, false)
	_, ok = mimic.EndpointOf(f)
	equal(t, "EndpointOf an injected flow", ok, false)
	if err := f.Close(); err != nil || m.closed != 1 {
		t.Errorf("Close: %v, %d", err, m.closed)
	}
}

// A wrapper is a flow that wraps another and leaves its bytes alone.
type wrapper struct{ flow.Flow }

func (w wrapper) Unwrap() flow.Flow { return w.Flow }

func TestViewLooksThroughWrappers(t *testing.T) {
	inner := mimic.Register("inner", 1, remember[int])
	outer := mimic.Register("outer", 1, func(ctx context.Context, c mimic.Context) (flow.Flow, error) {
		f, err := c.Resolve(ctx)
		return wrapper{f}, err
	})
	c := mimic.Add(mimic.Context{}, outer, mimic.Add(mimic.Context{}, inner, 7))
	f, err := c.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f = wrapper{f}
	m, ok := inner.View(f)
	equal(t, "the inner protocol's view", ok && m.made == 7, true)
	w, ok := outer.View(f)
	_, isWrapper := w.(wrapper)
	equal(t, "the outer protocol's view", ok && isWrapper, true)
	e, ok := mimic.EndpointOf(f)
	equal(t, "the outermost endpoint", ok && e.Name() == "outer", true)
	e, ok = mimic.EndpointOf(wrapper{outer.Inject(w)})
	equal(t, "the endpoint inside an injected flow", ok && e.Name() == "inner", true)
}

func TestAResolvedFlowHasAllItsPowers(t *testing.T) {
	pipe := mimic.Register("pipe", 1, func(context.Context, struct{}) (net.Conn, error) {
		a, b := net.Pipe()
		t.Cleanup(func() { _, _ = a.Close(), b.Close() })
		return a, nil
	})
	f, err := mimic.Add(mimic.Context{}, pipe, struct{}{}).Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := flow.PowersOf(f); p.ReadDeadline == nil || p.WriteDeadline == nil || p.Peer == nil {
		t.Errorf("powers of a pipe: %+v", p)
	}
}

func TestAFailedEndpointLeaksNothing(t *testing.T) {
	half := &memory{}
	sloppy := mimic.Register("sloppy", 1, func(context.Context, int) (flow.Flow, error) { return half, errClosed })
	typedNil := mimic.Register("typed nil", 2, func(context.Context, int) (*net.TCPConn, error) {
		var c *net.TCPConn
		return c, errClosed
	})
	worse := mimic.Register("worse", 3, func(context.Context, int) (*panicsOnClose, error) { return nil, errClosed })
	neither := mimic.Register("neither", 4, func(context.Context, int) (flow.Flow, error) { return nil, nil })
	good := mimic.Register("good", 5, remember[int])
	c := mimic.Add(mimic.Add(mimic.Context{}, sloppy, 1), typedNil, 2)
	c = mimic.Add(mimic.Add(c, worse, 3), neither, 4)

	_, err := c.Resolve(t.Context())
	is(t, err, mimic.ErrNotFound, errClosed)
	var resolve *mimic.ResolveError
	if !errors.As(err, &resolve) || len(resolve.Causes) != 4 {
		t.Errorf("error %v: want four causes", err)
	}
	equal(t, "closed", half.closed, 1)
	equal(t, "the next endpoint", made(t, mimic.Add(c, good, 5)), any(5))
	equal(t, "closed again", half.closed, 2)
}

type panicsOnClose struct{ memory *memory }

func (p *panicsOnClose) Read(b []byte) (int, error)  { return p.memory.Read(b) }
func (p *panicsOnClose) Write(b []byte) (int, error) { return p.memory.Write(b) }
func (p *panicsOnClose) Close() error                { return p.memory.Close() }

func TestOnlyTheFirstFlowThatWorksIsOpened(t *testing.T) {
	opened := 0
	out := mimic.Register("out", 1, func(context.Context, int) (*memory, error) { opened++; return &memory{}, nil })
	c := mimic.Add(mimic.Add(mimic.Context{}, out, 1), out, 2)
	if _, err := c.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "opened", opened, 1)
}

// A flow that was opened by other means has its endpoint all the same.
func TestOpenedIsAsIfResolved(t *testing.T) {
	p := mimic.Register("p", 1, remember[int])
	m := &memory{}
	f := p.Opened(m, 7)
	got, ok := p.View(f)
	equal(t, "View", ok && got == m, true)
	e, ok := mimic.EndpointOf(f)
	value, mine := p.Of(e)
	equal(t, "EndpointOf", ok && mine && value == 7, true)
}

// What a protocol opens is a net.Conn, if it was one, lest another have to be made of it.
func TestAnOpenedConnectionIsOne(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	pipe := mimic.Register("pipe", 1, func(context.Context, int) (flow.Flow, error) { return a, nil })
	opened, err := mimic.Add(mimic.Context{}, pipe, 7).Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []flow.Flow{opened, pipe.Inject(a), pipe.Opened(a, 7)} {
		c, ok := f.(net.Conn)
		equal(t, "it is a net.Conn", ok && flow.NetConn(f) == c && c.RemoteAddr() == a.RemoteAddr(), true)
		view, ok := pipe.View(f)
		equal(t, "View", ok && view == flow.Flow(a), true)
		p := flow.PowersOf(f)
		equal(t, "powers that are no methods of net.Conn", p.CloseWriter != nil && p.VecWriter != nil && p.Resetter != nil, true)
	}
	e, ok := mimic.EndpointOf(opened)
	equal(t, "EndpointOf", ok && e.Value() == any(7), true)
	_, ok = mimic.EndpointOf(pipe.Inject(a))
	equal(t, "EndpointOf an injected one", ok, false)
}

// What was connected to in vain is no harmless cause, though it was a context in which nothing was found; its own causes are
// told without saying so again.
func TestCausesOfAContextInsideAreTold(t *testing.T) {
	refused := mimic.Register("refused", 1, func(context.Context, int) (flow.Flow, error) { return nil, errClosed })
	over := mimic.Register("over", 1, func(ctx context.Context, c mimic.Context) (flow.Flow, error) { return c.Resolve(ctx) })
	c := mimic.Add(mimic.Context{}, over, mimic.Add(mimic.Context{}, refused, 1))
	c = mimic.Fold1(c, refused, mimic.Req(mimic.NewKey[int]("nothing")), func(context.Context, int) (int, error) { return 0, nil })
	_, err := c.Resolve(t.Context())
	is(t, err, mimic.ErrNotFound, errClosed)
	equal(t, "the error", err.Error(), "mimic: no connection found: connect over: connect refused: memory: closed")
	_, err = mimic.Add(mimic.Context{}, over, mimic.Context{}).Resolve(t.Context())
	equal(t, "the error of an empty one", err.Error(), "mimic: no connection found: connect over: mimic: no connection found: the context has no endpoint")
}
