// Package testkit is what tests of several modules share.
package testkit

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
)

// Listen listens on a TCP port of its own, of this machine alone.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// stopMost is how long a server may take to stop.
const stopMost = 20 * time.Second

// Serve has s serve on ln until the test ends, or stop is called, which may be called again. It must stop in peace then.
func Serve(t testing.TB, s *paf.Server, ln net.Listener) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(stopMost):
			t.Error("Serve did not return")
		}
	})
	t.Cleanup(stop)
	return stop
}
