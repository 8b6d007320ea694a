package flows

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/paftest/httpover"
)

func TestHTTPWorksOverTCP(t *testing.T)         { works(t, listening(tcp)) }
func TestHTTPWorksOverUnixSockets(t *testing.T) { works(t, listening(unix)) }

func tcp(t testing.TB) (net.Listener, httpover.Dial) { return kernel(t, "tcp", "127.0.0.1:0") }

func unix(t testing.TB) (net.Listener, httpover.Dial) {
	return kernel(t, "unix", filepath.Join(t.TempDir(), "s"))
}

func kernel(t testing.TB, network, address string) (net.Listener, httpover.Dial) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return ln, func(ctx context.Context) (flow.Flow, error) {
		return new(net.Dialer).DialContext(ctx, network, ln.Addr().String())
	}
}
