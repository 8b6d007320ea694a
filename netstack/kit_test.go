package netstack_test

import (
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/netstack"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The addresses of the two stacks of a test.
const (
	oneV4, twoV4 = "192.0.2.1", "192.0.2.2"
	oneV6, twoV6 = "fd00::1", "fd00::2"
)

func configOf(addrs ...string) netstack.Config {
	c := netstack.Config{Log: quiet}
	for _, a := range addrs {
		c.Addresses = append(c.Addresses, netip.MustParsePrefix(a))
	}
	return c
}

var quiet = slog.New(slog.DiscardHandler)

// stacks returns two stacks with addresses of both families, back to back.
func stacks(t testing.TB) (one, two *netstack.Stack) {
	t.Helper()
	a, b := netstack.Pair()
	return stacksOn(t, a, b)
}

func stacksOn(t testing.TB, a, b netstack.Link) (one, two *netstack.Stack) {
	t.Helper()
	made := make(chan *netstack.Stack)
	go func() { made <- newStack(t, b, configOf(twoV4+"/24", twoV6+"/64")) }()
	one = newStack(t, a, configOf(oneV4+"/24", oneV6+"/64"))
	return one, <-made
}

// newStack makes a stack that is closed at the end of the test.
func newStack(t testing.TB, l netstack.Link, c netstack.Config) *netstack.Stack {
	s, err := netstack.New(t.Context(), l, c)
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// connect returns the two ends of a connection from one stack to another.
func connect(t testing.TB, from, to *netstack.Stack, host string) (a, b net.Conn) {
	t.Helper()
	ln, err := to.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if a, err = from.DialContext(t.Context(), "tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// overStacks opens flows between two stacks.
func overStacks(host string) func(t testing.TB) (a, b flow.Flow) {
	return func(t testing.TB) (a, b flow.Flow) {
		one, two := stacks(t)
		return connect(t, one, two, host)
	}
}

// drain reads r to its end.
func drain(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }
