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
