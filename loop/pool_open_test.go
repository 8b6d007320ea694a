package loop

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h1"
)

// opens returns a function that opens a connection of HTTP/1, when it is let.
func opens(t *testing.T, g *Group, let <-chan struct{}) func(context.Context) (*ClientConn, error) {
	return func(ctx context.Context) (*ClientConn, error) {
		select {
		case <-let:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		near, far := flow.Pipe(0)
		t.Cleanup(func() { _ = far.Close() })
		go func() { _, _ = io.Copy(io.Discard, far) }()
		return g.Open(near, h1.NewClient(engine.Limits{}, g.Now()))
	}
}

var now = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func testPool(t *testing.T, p Policy[string]) (*Group, *Pool[string]) {
	g := NewGroup(Config{})
	p.MayShare = neverShared
	pool := NewPool(g, p)
	t.Cleanup(pool.Close)
	return g, pool
}

func got(t *testing.T, p *Pool[string], key string, open func(context.Context) (*ClientConn, error)) *ClientConn {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	c, err := p.Get(ctx, key, open)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatWasOpenedForNothingIsForTheNextOne(t *testing.T) {
	g, p := testPool(t, Policy[string]{MaxIdle: 4, MaxOpen: 1, MaxIdleAll: -1})
	let := make(chan struct{})
	ctx, leave := context.WithCancelCause(t.Context())
	leave(errEnough)
	if _, err := p.Get(ctx, "key", opens(t, g, let)); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	close(let)
	c := got(t, p, "key", func(context.Context) (*ClientConn, error) {
		t.Error("another one was opened, though there is room for one only")
		return nil, io.EOF
	})
	if n := g.Stats().Opened; n != 1 || c == nil {
		t.Errorf("%d connections were opened", n)
	}
}

var errEnough = errors.New("enough")

func TestWhoWaitsTakesWhatIsFreeFirst(t *testing.T) {
	g, p := testPool(t, Policy[string]{MaxIdle: 4, MaxOpen: -1, MaxIdleAll: -1})
	first := got(t, p, "key", opens(t, g, now))
	let, began := make(chan struct{}), make(chan struct{})
	taken := make(chan *ClientConn)
	go func() {
		taken <- got(t, p, "key", func(ctx context.Context) (*ClientConn, error) {
			close(began)
			return opens(t, g, let)(ctx)
		})
	}()
	<-began
	first.GiveBack()
	if <-taken != first {
		t.Error("the second caller has got another connection than the one that was free")
	}
	close(let) // its own opening ends after that
	if c := got(t, p, "key", opens(t, g, nil)); c == first {
		t.Error("the third caller has got a connection that is in use")
	}
}

func TestAnOpeningThatFailsFailsForItsOwnCallerAlone(t *testing.T) {
	g, p := testPool(t, Policy[string]{MaxIdle: 4, MaxOpen: -1, MaxIdleAll: -1})
	let, taken := make(chan struct{}), make(chan *ClientConn)
	go func() { taken <- got(t, p, "key", opens(t, g, let)) }()
	_, err := p.Get(t.Context(), "key", func(context.Context) (*ClientConn, error) { return nil, errEnough })
	var s *SendError
	if !errors.As(err, &s) || s.Sent || !errors.Is(err, errEnough) {
		t.Error(err)
	}
	close(let)
	<-taken
}

func TestTheConnectionThatHasBeenIdleForLongestGivesWay(t *testing.T) {
	g, p := testPool(t, Policy[string]{MaxIdle: 4, MaxOpen: -1, MaxIdleAll: 2})
	var conns []*ClientConn
	for _, key := range []string{"a", "b", "c"} {
		conns = append(conns, got(t, p, key, opens(t, g, now)))
	}
	for _, c := range conns {
		c.GiveBack()
	}
	if p.Take("a") != nil || p.Take("b") != conns[1] || p.Take("c") != conns[2] {
		t.Error("not the connections that were used last are idle in the pool")
	}
}

func TestAConnectionForOneExchangeIsNotKept(t *testing.T) {
	g, p := testPool(t, Policy[string]{MaxIdle: 4, MaxOpen: -1, MaxIdleAll: -1, Once: func(key string) bool { return key == "once" }})
	c := got(t, p, "once", opens(t, g, now))
	if err := c.rest(); !errors.Is(err, ErrNotKept) {
		t.Errorf("put: %v", err)
	}
	if n := g.Stats().Conns; n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestCloseIdleGivesUpOpeningsForWhichNobodyWaits(t *testing.T) {
	g, p := testPool(t, Policy[string]{MaxIdle: 4, MaxOpen: -1, MaxIdleAll: -1})
	over := make(chan error, 1)
	ctx, leave := context.WithCancel(t.Context())
	began := make(chan struct{})
	go func() {
		<-began
		leave()
	}()
	_, err := p.Get(ctx, "key", func(ctx context.Context) (*ClientConn, error) {
		close(began)
		_, err := opens(t, g, nil)(ctx)
		over <- err
		return nil, err
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	select {
	case <-over:
		t.Error("the opening has ended with the caller's context")
	default:
	}
	p.CloseIdle()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
