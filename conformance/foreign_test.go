package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
	utls "github.com/refraction-networking/utls"
)

// How utls's connections are asked: they have a state of a type of their own.
var (
	utlsServerInfo = alpn.Info[*utls.Conn]{Protocol: func(c *utls.Conn) string { return c.ConnectionState().NegotiatedProtocol }}
	utlsClientInfo = alpn.Info[*utls.UConn]{Protocol: func(c *utls.UConn) string { return c.ConnectionState().NegotiatedProtocol }}
)

func sayProtocol(w *paf.ResponseWriter, r *paf.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, r.Protocol.String()+" "+r.Scheme)
}

// secureServers are ways to serve TLS on a listener.
func secureServers(t *testing.T, s *paf.Server, c *certificate, offers []string) map[string]func(ctx context.Context, ln net.Listener) error {
	pair, err := tls.LoadX509KeyPair(c.pem, c.key)
	if err != nil {
		t.Fatal(err)
	}
	upair, err := utls.LoadX509KeyPair(c.pem, c.key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(ctx context.Context, ln net.Listener) error{
		"crypto/tls": func(ctx context.Context, ln net.Listener) error {
			return s.Serve(ctx, tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: offers}))
		},
		"utls": func(ctx context.Context, ln net.Listener) error {
			context.AfterFunc(ctx, func() { ln.Close() })
			for {
				nc, err := ln.Accept()
				if err != nil {
					return nil
				}
				f := utlsServerInfo.Flow(utls.Server(nc, &utls.Config{Certificates: []utls.Certificate{upair}, NextProtos: offers}))
				go func() { _ = s.ServeFlow(ctx, f) }()
			}
		},
		"OpenSSL": func(ctx context.Context, ln net.Listener) error { return opensslListener(ctx, s, ln, c, offers) },
	}
}

// secureClients are ways to reach it.
func secureClients(c *certificate, addr string) map[string]*paf.Client {
	own := mimic.Register("utls", mimic.NoPriority, func(ctx context.Context, addr string) (flow.Flow, error) {
		nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		return utlsClientInfo.Flow(utls.UClient(nc, &utls.Config{RootCAs: c.roots, ServerName: "localhost"}, utls.HelloFirefox_Auto)), nil
	})
	return map[string]*paf.Client{
		"crypto/tls": {Context: mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: c.roots})},
		"utls":       {Context: mimic.Add(mimic.Context{}, own, addr)},
		"OpenSSL":    {Context: mimic.Add(mimic.Context{}, opensslProtocol(c.pem, []string{"h2", "http/1.1"}), mimic.Add(mimic.Context{}, paf.TCP, addr))},
	}
}

// Both versions work over crypto/tls with no configuration, over utls with a browser's hello and over OpenSSL, on both sides; what the
// server offers decides.
func TestAnyTLSOnBothSides(t *testing.T) {
	testkit.Need(t, "openssl")
	for _, c := range []struct {
		offers []string
		want   string
	}{{[]string{"h2", "http/1.1"}, "HTTP/2.0 https"}, {[]string{"http/1.1", "h2"}, "HTTP/1.1 https"}, {[]string{"http/1.1"}, "HTTP/1.1 https"}, {nil, "HTTP/1.1 https"}} {
		cert := selfSigned(t)
		s := &paf.Server{Handler: paf.HandlerFunc(sayProtocol)}
		for server, serve := range secureServers(t, s, cert, c.offers) {
			ln := testkit.Listen(t)
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- serve(ctx, ln) }()
			for client, cl := range secureClients(cert, ln.Addr().String()) {
				if client == "OpenSSL" && c.offers == nil {
					continue // a trace does not tell that there will be no more of ALPN
				}
				for range 3 {
					resp, err := cl.Get(t.Context(), "https://"+ln.Addr().String()+"/")
					if err != nil {
						t.Fatalf("%s to %s, %v: %v", client, server, c.offers, err)
					}
					body, err := io.ReadAll(resp.Body)
					if err != nil || string(body) != c.want {
						t.Errorf("%s to %s, %v: %q, %v", client, server, c.offers, body, err)
					}
				}
				if n := cl.Stats().Opened; n != 1 {
					t.Errorf("%s to %s: %d connections", client, server, n)
				}
				cl.Close()
			}
			stop()
			<-done
		}
		_ = s.Shutdown(t.Context())
	}
}

// Handshakes that fail, or never end, hold nobody up and leave nothing.
func TestBrokenHandshakesLeaveNothing(t *testing.T) {
	cert := selfSigned(t)
	s := &paf.Server{Handler: paf.HandlerFunc(sayProtocol)}
	s.Limits.HeadTimeout = 2 * time.Second
	s.ParkAfter = -1 // a poller has a descriptor of its own
	serve := secureServers(t, s, cert, []string{"h2", "http/1.1"})["crypto/tls"]
	ln := testkit.Listen(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, ln) }()
	good := secureClients(cert, ln.Addr().String())["crypto/tls"]
	ask := func() {
		resp, err := good.Get(t.Context(), "https://"+ln.Addr().String()+"/")
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	ask()
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	var silent []net.Conn
	for i := range 200 {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0:
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
			c.Close()
		case 1:
			_, _ = c.Write([]byte{22, 3, 1, 2, 0, 1, 0})
			c.Close()
		case 2:
			_ = tls.Client(c, &tls.Config{ServerName: "localhost"}).Handshake() // nobody vouches for it
			c.Close()
		case 3:
			_, _ = c.Write([]byte{22})
			silent = append(silent, c)
		}
	}
	start := time.Now()
	good.CloseIdle()
	ask() // among 50 that never shake hands
	if took := time.Since(start); took > time.Second {
		t.Errorf("a good handshake took %v among bad ones", took)
	}
	for _, c := range silent {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a client that never shakes hands is not cut off")
		}
		c.Close()
	}
	for until := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines || descriptors(t) > files; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Errorf("%d goroutines and %d descriptors are left, of %d and %d", runtime.NumGoroutine(), descriptors(t), goroutines, files)
			break
		}
	}
	good.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
