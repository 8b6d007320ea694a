package netstack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/netstack"
	gvisor "gvisor.dev/gvisor/pkg/log"
)

func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	one, two := stacks(t)
	ln, err := two.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	for claim, c := range map[string]struct {
		do   func() error
		want error
	}{
		"a port that nobody listens at": {dialing(one, "tcp", net.JoinHostPort(twoV4, "81")), syscall.ECONNREFUSED},
		"the same of IPv6":              {dialing(one, "tcp", net.JoinHostPort(twoV6, "81")), syscall.ECONNREFUSED},
		"a port that is taken":          {func() error { _, err := two.Listen("tcp", ":80"); return err }, syscall.EADDRINUSE},
		"an address that is not there":  {func() error { _, err := two.Listen("tcp", "10.1.1.1:81"); return err }, syscall.EADDRNOTAVAIL},
		"the end of a context": {func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			_, err := one.DialContext(ctx, "tcp", "192.0.2.77:80") // where nobody is
			return err
		}, context.DeadlineExceeded},
		"an unknown network": {dialing(one, "tcp9", twoV4+":80"), net.UnknownNetworkError("tcp9")},
	} {
		err := c.do()
		var op *net.OpError
		if !errors.Is(err, c.want) || !errors.As(err, &op) {
			t.Errorf("%s: %v (%T), want %v", claim, err, err, c.want)
		}
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	if again, err := two.Listen("tcp", ":80"); err != nil {
		t.Errorf("the port is not free again: %v", err)
	} else {
		_ = again.Close()
	}
}

func dialing(s *netstack.Stack, network, address string) func() error {
	return func() error {
		c, err := s.Dial(network, address)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
}

func TestAListenerHasBothFamilies(t *testing.T) {
	one, two := stacks(t)
	for network, reached := range map[string][2]bool{"tcp": {true, true}, "tcp4": {true, false}, "tcp6": {false, true}} {
		ln, err := two.Listen(network, ":0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		for i, host := range []string{twoV4, twoV6} {
			c, err := one.Dial("tcp", net.JoinHostPort(host, port))
			if (err == nil) != reached[i] {
				t.Errorf("%s at %s: %v", network, host, err)
			}
			if err != nil {
				continue
			}
			peer, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if got := peer.LocalAddr().String(); got != net.JoinHostPort(host, port) {
				t.Errorf("the address is %s, want that of %s", got, host)
			}
			_, _ = c.Close(), peer.Close()
		}
		_ = ln.Close()
	}
}

func TestAddressesAreInOrder(t *testing.T) {
	for range 20 {
		one, _ := stacks(t)
		if got := fmt.Sprint(one.Addresses()); got != "["+oneV4+"/24 "+oneV6+"/64]" {
			t.Fatal(got)
		}
	}
}

func TestAConnectionToOneselfStaysInside(t *testing.T) {
	one, _ := stacks(t)
	before := one.Stats()
	a, b := connect(t, one, one, oneV4)
	go func() { _, _ = a.Write([]byte("me")); _ = a.Close() }()
	if got, err := io.ReadAll(b); string(got) != "me" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	_ = b.Close()
	if after := one.Stats(); after.Sent != before.Sent {
		t.Errorf("%d packets went out", after.Sent-before.Sent)
	}
}

func TestResetIsNoEnd(t *testing.T) {
	one, two := stacks(t)
	a, b := connect(t, one, two, twoV4)
	if err := a.(interface{ Reset() error }).Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %v, want a reset", err)
	}
	_ = b.Close()
}

func TestDatagrams(t *testing.T) {
	one, two := stacks(t)
	at, err := two.ListenPacket("udp", ":53")
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	for _, host := range []string{twoV4, twoV6} {
		c, err := one.Dial("udp", net.JoinHostPort(host, "53"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 100)
		n, from, err := at.ReadFrom(p)
		if err != nil || string(p[:n]) != "ping" || from.String() != c.LocalAddr().String() {
			t.Fatalf("%q from %v, %v", p[:n], from, err)
		}
		if _, err := at.WriteTo([]byte("pong"), from); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(p); err != nil || string(p[:n]) != "pong" {
			t.Fatalf("%q, %v", p[:n], err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v, want a deadline", err)
		}
		_ = c.Close()
	}
}

func TestCloseDeliversWhatWasWrittenAndResetsWhatIsOpen(t *testing.T) {
	one, two := stacks(t)
	a, b := connect(t, one, two, twoV4)
	open, peer := connect(t, one, two, twoV6)
	text := strings.Repeat("all of it", 100000)
	if _, err := a.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	closed := make(chan error, 1)
	go func() { closed <- one.Close() }()
	if got, err := io.ReadAll(b); string(got) != text || err != nil {
		t.Errorf("%d bytes of %d, %v", len(got), len(text), err)
	}
	_ = b.Close()
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer of an open connection: %v, want a reset", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := open.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the open connection: %v", err)
	}
	if _, err := one.Dial("tcp", twoV4+":80"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial after Close: %v", err)
	}
	if _, err := one.Listen("tcp", ":80"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Listen after Close: %v", err)
	}
	// The link of the other one is down.
	<-two.Done()
	if _, err := two.Listen("tcp", ":80"); !errors.Is(err, netstack.ErrLinkDown) {
		t.Errorf("Listen on a stack without a link: %v", err)
	}
}

func TestMimicLeadsToTheStack(t *testing.T) {
	one, two := stacks(t)
	ln, err := two.Listen("tcp", ":7")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := mimic.Add(one.Context(paf.Host, paf.Port), paf.Host, twoV6)
	if _, err := c.Resolve(t.Context()); !errors.Is(err, mimic.ErrNotFound) {
		t.Errorf("without a port: %v", err)
	}
	f, err := mimic.Add(c, paf.Port, "7").Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	view, ok := netstack.TCP.View(f)
	if !ok || view.RemoteAddr().String() != "["+twoV6+"]:7" {
		t.Errorf("%v, %v", view, ok)
	}
}

// TestCloseEndsWhateverGoesOn closes stacks on which connections are opened, used, closed and forgotten all the time.
func TestCloseEndsWhateverGoesOn(t *testing.T) {
	for i := range 20 {
		a, b := netstack.Pair()
		a.MTU, b.MTU = 1500, 1500
		one, two := stacksOn(t, a, b)
		ln, err := two.Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		group.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				group.Go(func() { _, _ = drain(c); _ = c.Close() })
			}
		})
		for range 8 {
			group.Go(func() {
				for {
					c, err := one.Dial("tcp", net.JoinHostPort(twoV4, "80"))
					if err != nil {
						return
					}
					_, _ = c.Write(make([]byte, 5000))
					_ = c.Close()
				}
			})
		}
		time.Sleep(time.Duration(i%20) * time.Millisecond)
		first, second := one, two
		if i%2 == 1 {
			first, second = two, one
		}
		done := make(chan struct{})
		go func() {
			_ = first.Close()
			_ = second.Close()
			group.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			panic("Close does not return") // with all goroutines
		}
	}
}

func TestGVisorLogsBySlog(t *testing.T) {
	var text bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
	stacks(t)
	gvisor.Warningf("a connection that %s", "ended")
	if !strings.Contains(text.String(), `level=INFO msg="a connection that ended" component=gvisor`) {
		t.Errorf("%q", text.String())
	}
}
