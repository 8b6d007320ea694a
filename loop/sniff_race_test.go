package loop

import (
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h2"
)

// The sweeper may look at a connection while its engine is being chosen (for the race detector).
func TestSweeperLooksWhileTheEngineIsChosen(t *testing.T) {
	g := NewGroup(Config{Log: slog.New(slog.DiscardHandler), LingerTimeout: time.Millisecond})
	for range 20 {
		near, far := flow.Pipe(0)
		c := g.newServerConn(t.Context(), near, alpn.Sniff(engine.Limits{}, g.Now()), nil)
		if !g.add(c) {
			t.Fatal("the group has stopped")
		}
		go func() { _ = c.serve() }()
		over := make(chan struct{})
		go func() {
			defer close(over)
			for range 100 {
				c.mu.Lock()
				c.putOff(g.now())
				c.mu.Unlock()
				time.Sleep(10 * time.Microsecond)
			}
		}()
		_, _ = io.WriteString(far, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
		<-over
		far.Close()
	}
	g.Close()
}

// A group may be stopped while a connection is being opened (for the race detector).
func TestAGroupIsStoppedWhileAConnectionIsOpened(t *testing.T) {
	for range 1000 {
		g := NewGroup(Config{})
		near, far := flow.Pipe(0)
		go func() { _, _ = io.Copy(io.Discard, far) }()
		opened := make(chan struct{})
		go func() {
			defer close(opened)
			_, _ = g.Open(near, h2.NewClient(engine.Limits{}, g.Now()))
		}()
		var all []member
		for len(all) == 0 {
			runtime.Gosched() // where there is one thread for all
			g.mu.Lock()
			all = g.list()
			g.mu.Unlock()
		}
		all[0].(*ClientConn).sayIt() // as stop has it done
		<-opened
		g.Close()
		_ = far.Close()
	}
}
