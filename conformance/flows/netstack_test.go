package flows

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/netstack"
	"github.com/paf-go/paf/paftest/httpover"
)

func TestHTTPWorksOverIPv4InUserSpace(t *testing.T) { works(t, stacks("192.0.2.2")) }
func TestHTTPWorksOverIPv6InUserSpace(t *testing.T) { works(t, stacks("fd00::2")) }

// stacks opens flows between two stacks in memory.
func stacks(host string) httpover.Open {
	return listening(func(t testing.TB) (net.Listener, httpover.Dial) {
		t.Helper()
		here, there := netstack.Pair()
		one, two := stack(t, here, "192.0.2.1/24", "fd00::1/64"), stack(t, there, "192.0.2.2/24", "fd00::2/64")
		ln, err := two.Listen("tcp", net.JoinHostPort(host, "80"))
		if err != nil {
			t.Fatal(err)
		}
		return ln, func(ctx context.Context) (flow.Flow, error) { return one.DialContext(ctx, "tcp", ln.Addr().String()) }
	})
}

func stack(t testing.TB, link netstack.Link, addresses ...string) *netstack.Stack {
	t.Helper()
	config := netstack.Config{Log: slog.New(slog.DiscardHandler)}
	for _, a := range addresses {
		config.Addresses = append(config.Addresses, netip.MustParsePrefix(a))
	}
	s, err := netstack.New(t.Context(), link, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
