package paf_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// What peers do to connections that are about to be parked, or are.

// A gathering connection keeps what is written while it is told to, and then writes it in one piece.
type gathering struct {
	net.Conn
	gathers bool
	kept    []byte
}

func (c *gathering) Write(p []byte) (int, error) {
	if c.gathers {
		c.kept = append(c.kept, p...)
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *gathering) release() error {
	c.gathers = false
	_, err := c.Conn.Write(c.kept)
	return err
}

func overTLS(c net.Conn) *tls.Conn {
	return tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
}

// What TLS has read already is answered, though it is time to park the connection and the poller would tell of nothing.
func TestWhatLiesInTLSIsNotParked(t *testing.T) {
	s := handle(hello)
	s.ParkAfter = time.Second
	addr, _ := parking(t, s, serverTLS())
	over := make(chan struct{})
	var all, others sync.WaitGroup
	others.Go(func() { // connections that are opened move the clock between two ticks
		for {
			select {
			case <-over:
				return
			case <-time.After(10 * time.Millisecond):
				c := overTLS(dial(t, addr))
				_ = c.Handshake()
				c.Close()
			}
		}
	})
	var silent atomic.Int32
	for i := range 10 {
		all.Go(func() {
			time.Sleep(time.Duration(i) * 25 * time.Millisecond)
			inner := &gathering{Conn: dial(t, addr)}
			c := overTLS(inner)
			ask(t, c, 0)
			time.Sleep(1030 * time.Millisecond) // it is time, and most often no tick has been since
			inner.gathers = true
			_, _ = io.WriteString(c, "\r\n") // two records of TLS in one segment of TCP
			_, _ = io.WriteString(c, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
			if err := inner.release(); err != nil {
				t.Error(err)
			}
			_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
				silent.Add(1)
			}
		})
	}
	all.Wait()
	close(over)
	others.Wait()
	if n := silent.Load(); n > 0 {
		t.Errorf("%d of 10 requests were not answered", n)
	}
}

// The idle time-out counts from the last exchange, though bytes come that wake the connection and are no request: here parts
// of a record of TLS that never ends.
func TestBytesThatWakeAParkedConnectionDoNotHoldOffItsTimeOut(t *testing.T) {
	s := handle(hello)
	s.Limits.IdleTimeout = 500 * time.Millisecond
	addr, _ := parking(t, s, serverTLS())
	inner := dial(t, addr)
	ask(t, overTLS(inner), 0)
	start := time.Now()
	_, _ = inner.Write([]byte{23, 3, 3, 0x20, 0}) // application data, of 8 KiB
	for s.Stats().Conns > 0 {
		if time.Since(start) > 5*time.Second {
			t.Fatalf("after %v it is still there", time.Since(start))
		}
		time.Sleep(100 * time.Millisecond)
		_, _ = inner.Write([]byte{1})
	}
}

// A watched listener counts the reads of its connections.
type watched struct {
	net.Listener
	reads atomic.Int32
}

type watchedConn struct {
	*net.TCPConn
	reads *atomic.Int32
}

func (l *watched) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return watchedConn{c.(*net.TCPConn), &l.reads}, nil
}

func (c watchedConn) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.TCPConn.Read(p)
}

// A part of a head, which cannot be parked, is waited for in one read and not in one for each tick.
func TestPartOfAHeadIsWaitedForInPeace(t *testing.T) {
	if !canPark() {
		t.Skip("NOT TESTED: nothing is parked here")
	}
	s := handle(hello)
	s.ParkAfter = 5 * time.Millisecond
	ln := testkit.Listen(t)
	l := &watched{Listener: ln}
	done := make(chan error, 1)
	go func() { done <- s.Serve(t.Context(), l) }()
	c := dial(t, ln.Addr().String())
	ask(t, c, 0)
	_, _ = io.WriteString(c, "GET / HT")
	time.Sleep(100 * time.Millisecond)
	before := l.reads.Load()
	time.Sleep(time.Second)
	if n := l.reads.Load() - before; n > 2 {
		t.Errorf("%d reads in a second in which nothing came", n)
	}
	c.Close()
	ln.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-done
}
