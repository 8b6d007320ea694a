package paf_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// net/http finds its way by a context: in clear, with its own TLS over it, and with TLS that the context runs, whose state it sees.
func TestNetHTTPDialsThroughAContext(t *testing.T) {
	cert, roots := selfSigned()
	trust := &tls.Config{RootCAs: roots}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = io.WriteString(w, r.Protocol.String()+" "+r.Authority+r.Path)
	})
	kernel := serve(t, s) // which sets its Log: first of all
	path, _ := atSocket(t, s, config)
	own := toServer(s, 0, config)
	run := mimic.Add(mimic.Context{}, paf.TLS, paf.TLSEndpoint{Over: mimic.Add(mimic.Context{}, own, 1), Host: "localhost",
		Config: &tls.Config{RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}}})
	for name, test := range map[string]struct {
		transport *http.Transport
		url, want string
	}{
		"clear":       {&http.Transport{DialContext: paf.DialContext(mimic.Add(mimic.Context{}, own, 0))}, "http://a.example/b", "HTTP/1.1 a.example/b"},
		"its own TLS": {&http.Transport{DialContext: paf.DialContext(mimic.Add(mimic.Context{}, paf.Unix, path)), TLSClientConfig: trust, ForceAttemptHTTP2: true}, "https://localhost/b", "HTTP/2.0 localhost/b"},
		"our TLS":     {&http.Transport{DialTLSContext: paf.DialContext(run), ForceAttemptHTTP2: true}, "https://localhost/b", "HTTP/2.0 localhost/b"},
		"kernel":      {&http.Transport{DialContext: paf.DialContext(mimic.Context{})}, "http://" + kernel + "/b", "HTTP/1.1 " + kernel + "/b"},
	} {
		client := http.Client{Transport: test.transport}
		for range 2 {
			resp, err := client.Get(test.url)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != test.want || (resp.TLS != nil) != (test.url[:5] == "https") {
				t.Errorf("%s: %q, %v, want %q; TLS: %v", name, body, err, test.want, resp.TLS)
			}
			resp.Body.Close()
		}
		client.CloseIdleConnections()
	}
	_ = s.Shutdown(t.Context())
}

// Host and Port are what the address says, and the networks are net.Dialer's.
func TestDialContextTellsTheAddress(t *testing.T) {
	type place struct{ host, port string }
	var asked place
	echo := mimic.Register("echo", 0, func(_ context.Context, p place) (flow.Flow, error) {
		asked = p
		a, b := flow.Pipe(0)
		go func() { _, _ = io.Copy(b, b); _ = b.Close() }()
		return flow.Bare(a), nil
	})
	c := mimic.Fold2(mimic.Context{}, echo, mimic.Req[string](paf.Host), mimic.Req[string](paf.Port),
		func(_ context.Context, host, port string) (place, error) {
			if host == "kernel" || host == "127.0.0.1" {
				return place{}, mimic.ErrSkip
			}
			return place{host, port}, nil
		})
	dial := paf.DialContext(c)
	for addr, want := range map[string]place{"a.example:80": {"a.example", "80"}, "[::1]:http": {"::1", "http"}} {
		conn, err := dial(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if asked != want {
			t.Errorf("%s: asked for %v", addr, asked)
		}
		if conn.RemoteAddr() == nil || conn.SetDeadline(time.Now().Add(time.Hour)) != nil {
			t.Errorf("%T is no net.Conn in full", conn)
		}
		_ = conn.Close()
	}

	addr := serve(t, handle(hello))
	conn, err := dial(t.Context(), "tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := conn.(*net.TCPConn); !ok {
		t.Errorf("the kernel's connection is a %T", conn)
	}
	conn.Close()
	path, _ := atSocket(t, handle(hello), nil)
	if conn, err = dial(t.Context(), "unix", path); err != nil {
		t.Fatal(err)
	}
	if conn.RemoteAddr().String() != path {
		t.Errorf("the socket is %v", conn.RemoteAddr())
	}
	conn.Close()

	var unknown net.UnknownNetworkError
	var bad *net.AddrError
	if _, err := dial(t.Context(), "udp", "a.example:53"); !errors.As(err, &unknown) {
		t.Errorf("UDP: %v", err)
	}
	if _, err := dial(t.Context(), "tcp", "a.example"); !errors.As(err, &bad) {
		t.Errorf("no port: %v", err)
	}
	if _, err := dial(t.Context(), "unix", filepath.Join(t.TempDir(), "none")); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("no socket: %v", err)
	}
	if _, err := dial(t.Context(), "tcp6", addr); err == nil {
		t.Error("an address of IPv4 was dialled on tcp6")
	}
}
