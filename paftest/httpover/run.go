package httpover

import (
	"context"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
)

// A Dial opens a flow to a listener; its handshake may be over or not.
type Dial = func(ctx context.Context) (flow.Flow, error)

// An Open makes a listener, whose connections are flows (see [flow.NetConn]), and the way to reach it. If the flow negotiates a protocol, as TLS
// does, it must come to protocol: "http/1.1" or "h2". It is called for each case, from several goroutines at a time, and registers
// with t.Cleanup what has to be undone beyond closing the listener and its connections, which the test does.
type Open func(t testing.TB, protocol string) (net.Listener, Dial)

// Run runs all cases as subtests of t, over HTTP/1.1 and HTTP/2.
func Run(t *testing.T, open Open) { (&runner{open: open, in: inTheOpen}).run(t) }

// RunInBubble is Run with each case in a bubble of testing/synctest, where nothing takes time.
func RunInBubble(t *testing.T, open Open) {
	(&runner{open: open, in: synctest.Test, bubble: true}).run(t)
}

func inTheOpen(t *testing.T, f func(*testing.T)) { f(t) }

// Pairs makes an Open of a way to make connected flows. The first end is the client's.
func Pairs(open func(t testing.TB, protocol string) (client, server flow.Flow)) Open {
	return func(t testing.TB, protocol string) (net.Listener, Dial) {
		ln := newPairListener()
		return ln, func(ctx context.Context) (flow.Flow, error) {
			client, server := open(t, protocol)
			return client, ln.give(ctx, client, server)
		}
	}
}

// PairsOf makes an Open of what flowtest is given, where nothing is negotiated.
func PairsOf(open flowtest.Open) Open {
	return Pairs(func(t testing.TB, _ string) (flow.Flow, flow.Flow) { return open(t) })
}

// A version is a protocol that all cases are run over.
type version struct {
	name     string
	protocol paf.Protocol
	alpn     string
}

var versions = []version{{"HTTP1", paf.HTTP11, alpn.HTTP11}, {"HTTP2", paf.HTTP2, alpn.H2}}

// patience is how long something may take that should take no time at all, on a machine that does much else.
const patience = 20 * time.Second

// atOnce is how many cases run at a time, but for those that do nothing but wait.
const atOnce = 4

// A runner runs cases as subtests.
type runner struct {
	open    Open
	in      func(*testing.T, func(*testing.T)) // runs one in a bubble, or not
	bubble  bool
	alone   sync.RWMutex // held for writing by a case beside which none may run
	running chan struct{}
}

func (r *runner) run(t *testing.T) {
	r.running = make(chan struct{}, atOnce)
	before := count()
	var both sync.WaitGroup
	for _, v := range versions {
		both.Go(func() {
			t.Run(v.name, func(t *testing.T) { r.all(t, v) })
		})
	}
	both.Wait()
	settle(t, before)
}

// all runs the cases of a version.
func (r *runner) all(t *testing.T, v version) {
	p := &place{version: v, bubble: r.bubble, open: r.open}
	r.one(t, p, &testCase{claim: "TheEndsAgreeOnTheProtocol", run: func(x *place) { p.facts = endsAgree(x) }})
	var group sync.WaitGroup
	for _, c := range casesOf(v) {
		if c.waits {
			group.Go(func() { r.one(t, p, c) })
			continue
		}
		r.running <- struct{}{}
		group.Go(func() {
			defer func() { <-r.running }()
			r.one(t, p, c)
		})
	}
	group.Wait()
}

func (r *runner) one(t *testing.T, p *place, c *testCase) {
	if c.alone {
		r.alone.Lock()
		defer r.alone.Unlock()
	} else {
		r.alone.RLock()
		defer r.alone.RUnlock()
	}
	t.Run(c.claim, func(t *testing.T) {
		r.in(t, func(t *testing.T) { p.run(t, c) })
	})
}

// A census counts what may be left behind.
type census struct{ goroutines, descriptors int }

func count() census {
	if r, w, err := os.Pipe(); err == nil { // the runtime's poller has descriptors of its own from the first time on
		_ = r.Close()
		_ = w.Close()
	}
	c := census{goroutines: runtime.NumGoroutine()}
	if all, err := os.ReadDir("/proc/self/fd"); err == nil {
		c.descriptors = len(all)
	}
	return c
}

// settle waits until nothing more is there than before.
func settle(t *testing.T, before census) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		now := count()
		if now.goroutines <= before.goroutines && now.descriptors <= before.descriptors {
			return
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Errorf("left behind: %+v, where there were %+v\n%s", now, before, stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}

// A pairListener accepts the other ends of flows that come in pairs.
type pairListener struct {
	accept chan flow.Flow
	closed chan struct{}
	once   sync.Once
}

func newPairListener() *pairListener {
	return &pairListener{accept: make(chan flow.Flow), closed: make(chan struct{})}
}

// give hands the server's end over; if that fails it closes both.
func (l *pairListener) give(ctx context.Context, client, server flow.Flow) (err error) {
	select {
	case l.accept <- server:
		return nil
	case <-l.closed:
		err = &net.OpError{Op: "dial", Net: "pair", Err: net.ErrClosed}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	_ = server.Close()
	_ = client.Close()
	return err
}

func (l *pairListener) Accept() (net.Conn, error) {
	select {
	case f := <-l.accept:
		return flow.NetConn(f), nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "pair", Err: net.ErrClosed}
	}
}

func (l *pairListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pairListener) Addr() net.Addr { return pairAddr{} }

type pairAddr struct{}

func (pairAddr) Network() string { return "pair" }
func (pairAddr) String() string  { return "pair" }
