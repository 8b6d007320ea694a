package loop

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
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
				c.putOff(g.now())
				time.Sleep(10 * time.Microsecond)
			}
		}()
		_, _ = io.WriteString(far, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
		<-over
		far.Close()
	}
	g.Close()
}
