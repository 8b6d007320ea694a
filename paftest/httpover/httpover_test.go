package httpover_test

import (
	"context"
	"net"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/paftest"
	"github.com/paf-go/paf/paftest/httpover"
)

// More flows, and peers that others have written, are in conformance/flows.

func TestHTTPWorksOverTCP(t *testing.T) {
	httpover.Run(t, func(t testing.TB, _ string) (net.Listener, httpover.Dial) {
		ln := testkit.Listen(t)
		return ln, func(ctx context.Context) (flow.Flow, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
		}
	})
}

func TestHTTPWorksOverAListenerInMemory(t *testing.T) {
	httpover.RunInBubble(t, func(testing.TB, string) (net.Listener, httpover.Dial) {
		ln := paftest.Listen()
		return ln, ln.Dial
	})
}

// What comes in pairs and can do nothing but read, write and close.
func TestHTTPWorksOverPairsOfBareFlows(t *testing.T) {
	httpover.RunInBubble(t, httpover.PairsOf(func(testing.TB) (flow.Flow, flow.Flow) {
		a, b := flow.Pipe(0)
		return flow.Bare(a), flow.Bare(b)
	}))
}
