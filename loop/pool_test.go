package loop

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

func neverShared(string) bool { return false }

// A caller who leaves after it has been told that a connection is free passes the word on.
func TestAWaiterThatLeavesPassesItsTurnOn(t *testing.T) {
	g := NewGroup(Config{})
	p := NewPool(g, Policy[string]{MaxIdle: 1, MaxOpen: 1, MaxIdleAll: -1, MayShare: neverShared})
	defer p.Close()
	near, far := flow.Pipe(0)
	defer far.Close()
	c, err := p.Get(t.Context(), "key", func(context.Context) (*ClientConn, error) {
		return g.Open(near, h1.NewClient(engine.Limits{}, g.Now()))
	})
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := p.take(t.Context(), "key", nil)
	_, second, _ := p.take(t.Context(), "key", nil)
	if first == nil || second == nil {
		t.Fatal("a pool that is full gave a connection away")
	}
	c.GiveBack()
	if len(first.given) != 1 || len(second.given) != 0 {
		t.Fatal("the connection was not given to whoever had waited longest")
	}
	p.leave("key", first)
	select {
	case got := <-second.given:
		if got.conn != c {
			t.Error("the second one got another connection")
		}
	default:
		t.Error("the second one waits for ever")
	}
}

// An opening that panics gives up its place.
func TestAnOpeningThatPanicsKeepsNoPlace(t *testing.T) {
	for _, shared := range []bool{false, true} {
		p := NewPool(NewGroup(Config{}), Policy[string]{MaxIdle: 1, MaxOpen: 1, MaxIdleAll: -1, MayShare: func(string) bool { return shared }})
		for range 3 {
			func() {
				defer func() {
					if v := recover(); v != "a bug" {
						t.Errorf("recovered %v", v)
					}
				}()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				_, err := p.Get(ctx, "key", func(context.Context) (*ClientConn, error) { panic("a bug") })
				t.Error(err)
			}()
		}
		p.Close()
	}
}

// Whoever waits is served before those who come later, however often these come.
func TestNobodyOvertakesAWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup(Config{})
		p := NewPool(g, Policy[string]{MaxIdle: 1, MaxOpen: 1, MaxIdleAll: -1, MayShare: neverShared})
		var got [3]int
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() {
				for start := time.Now(); time.Since(start) < time.Second; got[i]++ {
					c, err := p.Get(t.Context(), "key", func(context.Context) (*ClientConn, error) {
						near, far := flow.Pipe(0)
						go func() { _, _ = io.Copy(io.Discard, far); far.Close() }()
						return g.Open(near, h1.NewClient(engine.Limits{}, g.Now()))
					})
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(time.Millisecond) // its exchange
					c.GiveBack()
				}
			})
		}
		all.Wait()
		if slices.Min(got[:]) < 300 {
			t.Errorf("three callers got the only connection %v times", got)
		}
		p.Close()
	})
}

// A connection that was got for a request which is given up before it begins is there for the next one: one
// just opened, and one used before.
func TestAConnectionGotForNothingIsNotLost(t *testing.T) {
	for name, newEngine := range map[string]func(engine.Limits, engine.Instant) engine.Client{
		"h1": func(l engine.Limits, now engine.Instant) engine.Client { return h1.NewClient(l, now) },
		"h2": func(l engine.Limits, now engine.Instant) engine.Client { return h2.NewClient(l, now) },
	} {
		g := NewGroup(Config{})
		p := NewPool(g, Policy[string]{MaxIdle: 1, MaxOpen: 1, MaxIdleAll: -1, MayShare: neverShared})
		near, far := flow.Pipe(0)
		go func() { _, _ = io.Copy(io.Discard, far) }()
		opened := 0
		for range 3 {
			within, stop := context.WithTimeout(t.Context(), 10*time.Second)
			c, err := p.Get(within, "key", func(context.Context) (*ClientConn, error) {
				opened++
				return g.Open(near, newEngine(engine.Limits{}, g.Now()))
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			stop()
			if _, err := c.Do(within, &Call{Head: &semantics.Request{}}); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if opened != 1 {
			t.Errorf("%s: %d connections were opened", name, opened)
		}
		p.Close()
		far.Close()
	}
}

// The connection used last is used next: the others may go idle and be closed.
func TestThePoolGivesOutTheNewest(t *testing.T) {
	g := NewGroup(Config{})
	p := NewPool(g, Policy[string]{MaxIdle: 2, MaxOpen: 3, MaxIdleAll: -1, MayShare: neverShared})
	defer p.Close()
	var conns []*ClientConn
	for range 3 {
		near, far := flow.Pipe(0)
		defer far.Close()
		c, err := p.Get(t.Context(), "key", func(context.Context) (*ClientConn, error) {
			return g.Open(near, h1.NewClient(engine.Limits{}, g.Now()))
		})
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	for _, c := range conns {
		c.GiveBack()
	}
	if n := g.Stats().Conns; n != 2 {
		t.Errorf("%d connections are idle in a pool for 2", n)
	}
	if c, _, _ := p.take(t.Context(), "key", nil); c != conns[1] {
		t.Error("another one than the newest")
	}
}

// An opening is a service that is over when a flow has been opened.
type opening struct {
	Service
	do func(flow.Flow)
}

func (o opening) Open(_ context.Context, f flow.Flow) (engine.Server, error) {
	o.do(f)
	return nil, io.EOF
}

// A shaky listener fails for a while, as one does that lacks descriptors.
type shaky struct {
	net.Listener
	fails int
}

type passing struct{ error }

func (passing) Temporary() bool { return true }
func (passing) Timeout() bool   { return false }

func (l *shaky) Accept() (net.Conn, error) {
	if l.fails > 0 {
		l.fails--
		return nil, &net.OpError{Op: "accept", Err: passing{errors.New("too many open files")}}
	}
	return l.Listener.Accept()
}

func TestErrorsOfAcceptThatPassAreWaitedOut(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := NewGroup(Config{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	served := make(chan struct{})
	go func() {
		done <- g.Serve(ctx, &shaky{ln, 3}, opening{do: func(f flow.Flow) {
			_ = f.Close()
			close(served)
		}})
	}()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	select {
	case <-served:
	case err := <-done:
		t.Fatalf("Serve ended: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatal("the connection was not served")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// MaxConns connections are served at a time; the next one waits.
func TestMoreThanMaxConnsWait(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := NewGroup(Config{MaxConns: 2})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	began, end := make(chan struct{}, 3), make(chan struct{})
	go func() {
		done <- g.Serve(ctx, ln, opening{do: func(f flow.Flow) {
			began <- struct{}{}
			<-end
			_ = f.Close()
		}})
	}()
	for range 3 {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	<-began
	<-began
	select {
	case <-began:
		t.Error("a third connection is served")
	case <-time.After(100 * time.Millisecond):
	}
	end <- struct{}{}
	select {
	case <-began:
	case <-time.After(10 * time.Second):
		t.Error("the third one is not served though there is room")
	}
	close(end)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
