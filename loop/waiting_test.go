package loop

import (
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// waiting is a handler that sends a head and waits; then it sends content in two pieces.
type waiting struct {
	goOn   chan struct{}
	causes chan error
}

func (h *waiting) Serve(x Exchange, _ *semantics.Request, _ int64) {
	ctx := x.Context()
	_ = x.Respond(&semantics.Response{Status: 200}, -1)
	_ = x.Flush()
	select {
	case <-h.goOn:
	case <-ctx.Done():
	}
	h.causes <- context.Cause(ctx)
	for range 2 {
		_, _ = x.Write([]byte("piece"))
		_ = x.Flush()
	}
	_ = x.End(nil)
}

func (h *waiting) Fault(Exchange, *semantics.Request, *engine.Error) {}

func TestAResponseThatWaitsKeepsNeitherItsRequestNorAnInbox(t *testing.T) {
	const many = 50
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup(Config{})
		here, there := flow.Pipe(0)
		h := &waiting{goOn: make(chan struct{}), causes: make(chan error, many)}
		go func() { _ = g.ServeFlow(context.Background(), there, h2.NewServer(engine.Limits{}, g.Now()), h) }()
		c, err := g.Open(here, h2.NewClient(engine.Limits{}, g.Now()))
		if err != nil {
			t.Fatal(err)
		}
		head := &semantics.Request{Method: "GET", Target: semantics.Target{Scheme: "http", Authority: "x", Path: "/"}}
		replies := make([]*Reply, many)
		for i := range replies {
			if replies[i], err = c.Do(context.Background(), &Call{Head: head}); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range replies {
			if r.call != nil || r.content.inbox != nil {
				t.Fatalf("the request: %v, an inbox: %v", r.call != nil, r.content.inbox != nil)
			}
		}
		if n := len(c.mux.inboxes); n != 1 {
			t.Errorf("one after another they have used %d inboxes, not one", n)
		}
		reading := make([]string, many)
		for i, r := range replies {
			go func() {
				content, err := io.ReadAll(r)
				if reading[i] = string(content); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait() // all wait for content
		close(h.goOn)
		synctest.Wait()
		for i, got := range reading {
			if got != "piecepiece" {
				t.Fatalf("response %d: %q", i, got)
			}
		}
		if n := len(c.mux.inboxes); n < 2 { // but for those whose last content was read when the exchange was over
			t.Errorf("%d of %d inboxes have come back", n, many)
		}
		for range many {
			if err := <-h.causes; err != nil {
				t.Error(err)
			}
		}
		if err := g.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestAContextThatIsAskedForWhenThePeerHasGoneTellsWhy(t *testing.T) {
	x := &exchange{c: &serverConn{base: context.Background()}, n: 1}
	x.cancel(ErrPeerGone)
	x.cancel(context.Canceled)
	ctx := Exchange{x, 1}.Context()
	if err := context.Cause(ctx); err != ErrPeerGone || ctx.Err() != context.Canceled {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}
