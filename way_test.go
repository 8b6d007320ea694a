package paf_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// toServer is a protocol whose flows are pipes to a server; TLS is run by the server if there is a configuration. An endpoint is
// how many handshakes are run one inside the other.
func toServer(s *paf.Server, priority int, config *tls.Config) *mimic.Protocol[int, flow.Flow] {
	return mimic.Register("pipe", priority, func(_ context.Context, layers int) (flow.Flow, error) {
		here, there := flow.Pipe(0)
		f := flow.Flow(there)
		go func() {
			for i := range layers {
				if i == layers-1 {
					f = flow.NewTLSServer(f, config) // whose handshake the server runs
				} else {
					inner, err := flow.TLSServer(context.Background(), f, config)
					if err != nil {
						return
					}
					f = inner // of which the server takes the handshake for done
				}
			}
			_ = s.ServeFlow(context.Background(), f)
		}()
		return here, nil
	})
}

// https is TLS over whatever the context leads to, and the flow of the response tells who is there.
func TestTLSRunsOverWhateverTheContextLeadsTo(t *testing.T) {
	cert, roots := selfSigned()
	config := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	trust := mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots})
	s := handle(hello)
	own := toServer(s, 20, config)
	path, _ := atSocket(t, s, config)
	ln := testkit.Listen(t)
	testkit.Serve(t, s, tls.NewListener(ln, config))
	inside := paf.TLSEndpoint{Over: mimic.Add(mimic.Context{}, own, 2), Host: "localhost", Config: &tls.Config{RootCAs: roots}}
	for name, c := range map[string]mimic.Context{
		"own protocol":       mimic.Add(trust, own, 1),
		"Unix":               mimic.Add(trust, paf.Unix, path),
		"TCP":                mimic.Add(trust, paf.TCP, ln.Addr().String()),
		"own, not Unix":      mimic.Add(mimic.Add(trust, paf.Unix, filepath.Join(t.TempDir(), "none")), own, 1), // that fails, and the next is tried
		"TLS that was given": mimic.Add(trust, paf.TLS, paf.TLSEndpoint{Over: mimic.Add(mimic.Context{}, own, 1), Host: "localhost", Config: &tls.Config{RootCAs: roots}}),
		"TLS in TLS": mimic.Add(trust, paf.TLS, paf.TLSEndpoint{Over: mimic.Add(mimic.Context{}, paf.TLS, inside), Host: "localhost",
			Config: &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}}),
	} {
		client := &paf.Client{Context: c}
		resp, err := client.Get(t.Context(), "https://localhost/x")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := readAll(t, resp); got != "hello /x" {
			t.Errorf("%s: %q", name, got)
		}
		f := resp.Flow()
		if _, ok := paf.TLS.View(f); !ok {
			t.Errorf("%s: the flow is not one of TLS", name)
		}
		if e, _ := mimic.EndpointOf(f); e.Name() != "tls" {
			t.Errorf("%s: the endpoint is %v", name, e)
		} else if over, _ := paf.TLS.Of(e); over.Host != "localhost" || over.Over == (mimic.Context{}) {
			t.Errorf("%s: the endpoint is over %v, with %s", name, over.Over, over.Host)
		}
		session, ok := flow.As[*tls.Conn](f)
		if !ok || session.ConnectionState().ServerName != "localhost" {
			t.Errorf("%s: no session with a name is found", name)
			continue
		}
		if below, ok := mimic.EndpointOf(session.NetConn()); !ok || below.Name() == "" {
			t.Errorf("%s: nothing is known of the flow below", name)
		} else if name == "TLS in TLS" && below.Name() != "tls" {
			t.Errorf("%s: below is %v", name, below)
		}
		client.Close()
	}
	_ = s.Shutdown(t.Context())
}

// What the context leads to may fail, and so may TLS: nobody goes another way then, least of all in clear.
func TestNothingStandsInForWhatTheContextLeadsTo(t *testing.T) {
	_, roots := selfSigned()
	nowhere := filepath.Join(t.TempDir(), "none")
	var reached atomic.Int64
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) { reached.Add(1) }))
	own := toServer(handle(hello), 0, nil)
	failing := errors.New("the way is not known")
	never := mimic.Fold0(mimic.Context{}, own, func(context.Context) (int, error) { return 0, failing })
	skips := mimic.Fold0(mimic.Context{}, own, func(context.Context) (int, error) { return 0, mimic.ErrSkip })
	for _, test := range []struct {
		name, scheme string
		context      mimic.Context
		want         error
	}{
		{"a socket", "http", mimic.Add(mimic.Context{}, paf.Unix, nowhere), syscall.ENOENT},
		{"a function", "http", never, failing},
		{"a server without TLS", "https", mimic.Add(mimic.Context{}, own, 0), paf.ErrHandshake},
		{"one that nobody vouches for", "https", mimic.Add(mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots}), paf.TCP, addr), paf.ErrHandshake},
	} {
		c := &paf.Client{Context: test.context}
		_, err := c.Get(t.Context(), test.scheme+"://"+addr+"/")
		if !errors.Is(err, test.want) || reached.Load() != 0 {
			t.Errorf("%s: %v; the server at the address was reached %d times", test.name, err, reached.Load())
		}
		c.Close()
	}
	c := &paf.Client{Context: skips} // it does not want to know
	defer c.Close()
	resp, err := c.Get(t.Context(), "http://"+addr+"/")
	if err != nil || reached.Load() != 1 {
		t.Fatalf("%v; the server at the address was reached %d times", err, reached.Load())
	}
	resp.Body.Close()
}

// The priority of one's own protocol says whether it wins.
func TestLowerPriorityIsTriedFirst(t *testing.T) {
	for priority, want := range map[int]string{-1: "pipe", 0: "pipe", 5: "unix", mimic.NoPriority: "unix"} {
		own := toServer(handle(hello), priority, nil)
		path, _ := atSocket(t, handle(hello), nil)
		c := &paf.Client{Context: mimic.Add(mimic.Add(mimic.Context{}, paf.Unix, path), own, 0)}
		resp, err := c.Get(t.Context(), "http://any.example/")
		if err != nil {
			t.Fatal(err)
		}
		if e, _ := mimic.EndpointOf(resp.Flow()); e.Name() != want {
			t.Errorf("priority %d: %v, want %s", priority, e, want)
		}
		_ = readAll(t, resp)
		c.Close()
	}
}

func TestAURLIsResolvedWithoutAClient(t *testing.T) {
	cert, roots := selfSigned()
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	base := mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots})
	clear := serve(t, handle(hello))
	ln := testkit.Listen(t)
	testkit.Serve(t, handle(hello), tls.NewListener(ln, config))
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	_, host := atSocket(t, handle(hello), config)
	s := handle(hello)
	for url, c := range map[string]mimic.Context{
		"http://" + clear + "/":        base,
		"https://localhost:" + port:    base,
		"https+unix://" + host + "/":   base,
		"https://localhost/":           mimic.Add(base, toServer(s, 0, config), 1),
		"http://user@nowhere.example/": mimic.Add(base, toServer(s, 0, config), 0),
	} {
		to, err := paf.WithURL(c, url)
		if err != nil {
			t.Fatal(err)
		}
		f, err := to.Resolve(t.Context())
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		_, _ = io.WriteString(f, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(f), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %v, %v", url, resp, err)
		}
		if _, secured := flow.As[*tls.Conn](f); secured != strings.HasPrefix(url, "https") {
			t.Errorf("%s: TLS: %t", url, secured)
		}
		_ = f.Close()
	}
	_ = s.Shutdown(t.Context())

	to, err := paf.WithURL(base, "http://127.0.0.1:1/")
	if err != nil {
		t.Fatal(err)
	}
	if host, _ := mimic.Get(to, paf.Host); host != "127.0.0.1" {
		t.Errorf("the host is %q", host)
	}
	_, err = to.Resolve(t.Context())
	if want := "mimic: no connection found: connect url: connect tcp: dial tcp 127.0.0.1:1: "; err == nil || !strings.HasPrefix(err.Error(), want) || !errors.Is(err, mimic.ErrNotFound) {
		t.Errorf("nobody listens: %v", err)
	}
	to, _ = paf.WithURL(mimic.Context{}, "https+unix://"+host+"/")
	var unknown x509.UnknownAuthorityError
	if _, err = to.Resolve(t.Context()); !errors.As(err, &unknown) || !errors.Is(err, paf.ErrHandshake) {
		t.Errorf("nobody vouches for it: %v", err)
	}
	var bad *paf.URLError
	if _, err = paf.WithURL(base, "ftp://x/"); !errors.As(err, &bad) {
		t.Errorf("a URL of another kind: %v", err)
	}
}
