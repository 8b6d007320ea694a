package vsock_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/vsock"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen listens for connections of this machine with itself. It is the only skip that CI=true does not make a failure: a
// kernel without AF_VSOCK, or without the module vsock_loopback, cannot be given them by a test, and hosted runners have neither
// as often as not. What was not tried is said; examples/microvm runs these tests in a machine that has both.
func listen(t testing.TB) *vsock.Listener {
	t.Helper()
	ln, err := vsock.Listen(vsock.Addr{CID: vsock.Local})
	if err != nil {
		t.Skipf("SKIPPED: this kernel has no vsock_loopback (modprobe vsock_loopback): nothing was sent over AF_VSOCK: %v", err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// dial returns a connection to a listener, and its other end.
func dial(t testing.TB, ln *vsock.Listener) (a, b net.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	a, err := vsock.Dial(ctx, ln.Addr().(vsock.Addr))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestAConnectionIsAFlow(t *testing.T) {
	ln := listen(t)
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) { return dial(t, ln) })
}

func TestAConnectionHasItsPowers(t *testing.T) {
	a, b := dial(t, listen(t))
	defer a.Close()
	defer b.Close()
	for _, c := range []net.Conn{a, b} {
		p := flow.PowersOf(flow.Conn(c))
		if p.ReadDeadline == nil || p.WriteDeadline == nil || p.CloseWriter == nil || p.CloseReader == nil || p.VecWriter == nil || p.Pollable == nil || p.Waits == nil {
			t.Errorf("powers are missing: %+v", p)
		}
	}
}

func TestFilesBecomeConnectionsAgain(t *testing.T) {
	a, b := dial(t, listen(t))
	defer b.Close()
	c, err := vsock.FileConn(fileOf(t, a))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.LocalAddr() != a.LocalAddr() || c.RemoteAddr() != a.RemoteAddr() {
		t.Errorf("%v to %v is now %v to %v", a.LocalAddr(), a.RemoteAddr(), c.LocalAddr(), c.RemoteAddr())
	}
	_ = a.Close()
	if _, err := io.WriteString(c, "still here"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 10)
	if _, err := io.ReadFull(b, got); err != nil || string(got) != "still here" {
		t.Errorf("%q, %v", got, err)
	}
}

// fileOf returns a duplicate of a descriptor.
func fileOf(t *testing.T, c net.Conn) *os.File {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var f *os.File
	if err := raw.Control(func(fd uintptr) {
		if n, err := syscall.Dup(int(fd)); err == nil {
			f = os.NewFile(uintptr(n), "vsock")
		}
	}); err != nil || f == nil {
		t.Fatal("no duplicate", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// TestExchanges goes all the way, by what a context says, and sees the server park the connection.
func TestExchanges(t *testing.T) {
	ln := listen(t)
	server := &paf.Server{
		Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			_, _ = io.Copy(w, r.Body)
		}),
		ParkAfter: 20 * time.Millisecond,
		Log:       slog.New(slog.DiscardHandler),
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, ln) }()
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		client := &paf.Client{Context: vsock.Context(ln.Addr().(vsock.Addr)), Protocol: protocol}
		content := strings.Repeat("vsock ", 1<<18)
		for range 2 {
			r, err := paf.NewRequest("POST", "http://machine/", strings.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if err != nil || string(got) != content {
				t.Fatalf("%d bytes came back: %v", len(got), err)
			}
			asleep(t, protocol)
		}
		client.Close()
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// asleep waits until no goroutine is left of any accepted connection.
func asleep(t *testing.T, protocol paf.Protocol) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(5 * time.Second); strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "serverConn).serve("); {
		if time.Now().After(end) {
			t.Fatalf("%v: a connection is not parked", protocol)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAContextLeadsToAnAddress(t *testing.T) {
	to := vsock.Addr{CID: 3, Port: 80}
	es, err := vsock.Context(to).Unfold(t.Context())
	if err != nil || len(es) != 1 || es[0].Value() != to {
		t.Errorf("it leads to %v: %v", es, err)
	}
}

func TestAddressesAreRead(t *testing.T) {
	for text, want := range map[string]vsock.Addr{
		"1024": {CID: vsock.Any, Port: 1024}, "3:80": {CID: 3, Port: 80}, "2:0": {CID: vsock.Host}, "4294967294:1": {CID: 1<<32 - 2, Port: 1},
	} {
		if got, err := vsock.ParseAddr(text); err != nil || got != want || got.String() != text {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ":", ":80", "3:", "-1", "3:80:1", "host:80", "4294967296:1", "3:4294967295", " 80"} {
		var wrong *net.AddrError
		if got, err := vsock.ParseAddr(text); !errors.As(err, &wrong) || wrong.Addr != text {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestWhereNothingLeadsIsAnError(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var op *net.OpError
	if c, err := vsock.Dial(ctx, vsock.Addr{CID: 77777, Port: 1}); err == nil {
		t.Errorf("there is somebody: %v", c.RemoteAddr())
	} else if !errors.As(err, &op) || op.Op != "dial" || op.Net != "vsock" || op.Addr.String() != "77777:1" {
		t.Errorf("%v", err)
	} else if ctx.Err() != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestWhereNobodyListensIsAReset(t *testing.T) {
	ln := listen(t)
	_ = ln.Close()
	if c, err := vsock.Dial(t.Context(), ln.Addr().(vsock.Addr)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
}

func TestOtherDescriptorsAreNone(t *testing.T) {
	ln := testkit.Listen(t)
	defer ln.Close()
	f, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := vsock.FileListener(f); err == nil {
		t.Error("a socket of TCP is a listener")
	}
	if _, err := vsock.FileConn(f); err == nil {
		t.Error("a socket of TCP is a connection")
	}
}
