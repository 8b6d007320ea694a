package flow_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/flow"
)

func TestHandshakeEndsWithItsContextAndClosesTheFlow(t *testing.T) {
	for _, inner := range []func(flow.Flow) flow.Flow{func(f flow.Flow) flow.Flow { return f }, flow.Bare} {
		synctest.Test(t, func(t *testing.T) {
			a, b := flow.Pipe(0)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := flow.TLSServer(ctx, inner(a), &tls.Config{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the handshake ended with %v", err)
			}
			if _, err := b.Write([]byte("x")); err == nil {
				t.Error("the flow is open after a failed handshake")
			}
			b.Close()
		})
	}
}

func TestFailedHandshakeClosesTheFlow(t *testing.T) {
	a, b := flow.Pipe(0)
	go func() {
		io.WriteString(b, "GET / HTTP/1.1\r\n\r\n")
	}()
	if _, err := flow.TLSServer(t.Context(), a, &tls.Config{}); err == nil {
		t.Error("a handshake with plain HTTP succeeded")
	}
	if _, err := io.Copy(io.Discard, b); err != nil {
		t.Errorf("the peer reads %v, want EOF", err)
	}
	b.Close()
}

// Whatever is around a flow of TLS and whatever is below it, its session is found, and what is below; TLS in TLS has both.
func TestSessionIsFoundThroughWrappers(t *testing.T) {
	for _, wrap := range []func(a, b flow.Flow) (flow.Flow, flow.Flow){
		func(a, b flow.Flow) (flow.Flow, flow.Flow) { return a, plain{b} },
		func(a, b flow.Flow) (flow.Flow, flow.Flow) { return flow.WithPowers(a, flow.Powers{}), b },
	} {
		a, b := flow.Pipe(0)
		defer a.Close()
		defer b.Close()
		below, belowServer := wrap(a, b)
		low, lowServer, err := handshake(below, belowServer)
		if err != nil {
			t.Fatal(err)
		}
		client, server, err := handshake(plain{low}, flow.Hold(lowServer, nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []flow.Flow{flow.Hold(client, nil), plain{server}} {
			upper, ok := flow.As[*tls.Conn](f)
			if !ok {
				t.Fatalf("no session is found in %T", f)
			}
			lower, ok := flow.As[*tls.Conn](upper.NetConn())
			if !ok || lower == upper {
				t.Fatal("no session is found in the flow below")
			}
			if _, ok := flow.As[*flow.PipeEnd](lower.NetConn()); !ok {
				t.Errorf("below is %T", lower.NetConn())
			}
			for _, c := range []*tls.Conn{upper, lower} {
				s := c.ConnectionState()
				if s.ServerName != "flow.test" || s.NegotiatedProtocol != "http/1.1" || !s.HandshakeComplete {
					t.Errorf("%q, %q, %t", s.ServerName, s.NegotiatedProtocol, s.HandshakeComplete)
				}
			}
		}
		c, _ := flow.As[*tls.Conn](client)
		if certs := c.ConnectionState().PeerCertificates; len(certs) != 1 || certs[0].VerifyHostname("flow.test") != nil {
			t.Errorf("the certificates of the peer: %v", certs)
		}
		if got, want := flow.PowersOf(client).PeerAddr(), flow.PowersOf(below).PeerAddr(); got != want {
			t.Errorf("the peer is %v, below it is %v", got, want)
		}
		if got, want := flow.PowersOf(server).LocalAddr(), flow.PowersOf(belowServer).LocalAddr(); got != want || got == nil {
			t.Errorf("the local address is %v, below it is %v", got, want)
		}
	}
}

// Close says close_notify, which means that all has been said; Reset does not.
func TestResetOfTLSIsNoEnd(t *testing.T) {
	for name, open := range map[string]func(testing.TB) (flow.Flow, flow.Flow){
		"tcp": tcp, "pipe": pipe(0), "a session of crypto/tls's own making": nil, "wrapped": func(t testing.TB) (flow.Flow, flow.Flow) {
			a, b := tcp(t)
			return plain{a}, plain{b}
		},
	} {
		var a, b flow.Flow
		if open != nil {
			a, b = overTLS(open)(t)
		} else {
			a, b = overTLS(tcp)(t)
			a, _ = flow.As[*tls.Conn](a)
		}
		r := flow.PowersOf(a).Resetter
		if r == nil {
			t.Fatalf("%s: no Resetter", name)
		}
		if err := r.Reset(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("%s: the peer reads %v", name, err)
		}
		a.Close()
		b.Close()
	}
}

// A flow whose handshake has not been run says so, and runs it when it is asked.
func TestHandshakerShakesHands(t *testing.T) {
	a, b := unshaken(bare(pipe(0)))(t)
	defer a.Close()
	defer b.Close()
	server := async(func() error { return flow.PowersOf(b).Handshaker.HandshakeContext(t.Context()) })
	if err := flow.PowersOf(a).Handshaker.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-server; err != nil {
		t.Fatal(err)
	}
	if c, ok := flow.As[*tls.Conn](b); !ok || !c.ConnectionState().HandshakeComplete {
		t.Error("the handshake is not complete")
	}
}

func async(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// The flow has no deadlines, so NetConn keeps them.
func TestNetConnKeepsDeadlinesOverAnyFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := flow.Pipe(1)
		c := flow.NetConn(flow.Bare(a))
		start := time.Now()

		// One that passes while nothing blocks breaks nothing.
		c.SetDeadline(start.Add(time.Second))
		time.Sleep(2 * time.Second)
		for _, call := range []func([]byte) (int, error){c.Read, c.Write} {
			if n, err := call(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%d, %v past the deadline", n, err)
			}
		}
		c.SetDeadline(time.Time{})
		if _, err := c.Write([]byte("x")); err != nil {
			t.Errorf("after the deadline was taken back: %v", err)
		}

		// One that passes while a call blocks interrupts it.
		c.SetWriteDeadline(start.Add(time.Minute))
		if _, err := c.Write([]byte("y")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a blocked Write: %v", err)
		}
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("interrupted after %v, want a minute", waited)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read after the flow was closed for a Write: %v", err)
		}
		b.Close()
	})
}

func TestPastDeadlineInterruptsOverAnyFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := flow.Pipe(1)
		c := flow.NetConn(flow.Bare(a))
		var err error
		go func() { _, err = c.Read(make([]byte, 1)) }()
		synctest.Wait()
		c.SetReadDeadline(time.Unix(1, 0))
		synctest.Wait()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a blocked Read: %v", err)
		}
		c.Close()
		b.Close()
	})
}

func TestNetConnOfANetConnIsItself(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	defer a.Close()
	if got := flow.NetConn(a); got != net.Conn(a) {
		t.Errorf("NetConn made a %T of a net.Conn", got)
	}
	bare := flow.NetConn(flow.Bare(a))
	if bare.LocalAddr().String() != "unknown" || bare.RemoteAddr().String() != "unknown" {
		t.Errorf("addresses of a bare flow: %v, %v", bare.LocalAddr(), bare.RemoteAddr())
	}
}
