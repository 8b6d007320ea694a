package proxy_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/paf-go/paf/proxy"
)

// A side that takes nothing until the deadline of its writes has failed, though one that sends nothing until that of its reads has not: else what was
// read for it would be lost, and its end taken for one in peace. Here the kernel moves the bytes, and there this process does.
func TestAWriteThatIsLateEndsATunnel(t *testing.T) {
	for name, as := range map[string]func(net.Conn) net.Conn{
		"spliced": func(c net.Conn) net.Conn { return c },
		"copied":  func(c net.Conn) net.Conn { return struct{ net.Conn }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			sender, from := pair(t)
			to, _ := pair(t) // whose other end reads nothing
			sent := make(chan error, 1)
			go func() {
				_, err := sender.Write(make([]byte, 64<<20))
				sender.Close()
				sent <- err
			}()
			_ = to.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
			if err := proxy.Join(from, as(to), proxy.TunnelLimits{Idle: 2 * time.Second}); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("it has ended with %v", err)
			}
			if err := <-sent; err == nil {
				t.Error("all was taken, for nobody")
			}
		})
	}
}

// A side that sends nothing for longer than its reads may take goes on all the same, over whatever.
func TestASideThatSendsNothingForAWhileGoesOn(t *testing.T) {
	for name, as := range map[string]func(net.Conn) net.Conn{
		"spliced": func(c net.Conn) net.Conn { return c },
		"copied":  func(c net.Conn) net.Conn { return struct{ net.Conn }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			a, from := pair(t)
			to, b := pair(t)
			done := make(chan error, 1)
			go func() { done <- proxy.Join(from, as(to), proxy.TunnelLimits{Idle: 4 * time.Second}) }() // which makes reads late after 1 s
			_ = b.SetDeadline(time.Now().Add(20 * time.Second))
			for range 2 { // one way alone
				if _, err := io.WriteString(a, "x"); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(1200 * time.Millisecond)
			}
			a.Close()
			b.Close()
			if err := <-done; err != nil {
				t.Errorf("it has ended with %v", err)
			}
		})
	}
}
