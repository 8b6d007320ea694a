package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/proxy"
)

// ends returns a forward proxy to everywhere, and what its tunnels end with.
func ends(t *testing.T) (at string, ended chan error) {
	ended = make(chan error, 100)
	f := &proxy.Forward{OnDone: func(_ *paf.ResponseWriter, _ *paf.Request, r *proxy.Report) { ended <- r.Err }}
	f.Access.Private = true
	return forward(t, f), ended
}

// However the usual clients end a tunnel when they have got all that they wanted: that is no failure.
func TestTunnelsOfClientsThatHaveAllEndInPeace(t *testing.T) {
	far, roots := secureStd(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 100_000)) })
	for name, ask := range map[string]func(at string) error{
		"curl, HTTP/2":   func(at string) error { return curl(at, "--http2", "https://"+far) },
		"curl, HTTP/1.1": func(at string) error { return curl(at, "--http1.1", "https://"+far) },
		"curl, close":    func(at string) error { return curl(at, "--http1.1", "-H", "Connection: close", "https://"+far) },
		"curl, HEAD":     func(at string) error { return curl(at, "--http1.1", "-I", "https://"+far) },
		"net/http": func(at string) error {
			c := through(t, at, nil, roots)
			defer c.CloseIdleConnections()
			resp, err := c.Get("https://" + far)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			return err
		},
		"paf over HTTP/1.1": func(at string) error { return pafThrough("http://"+at, far, &tls.Config{RootCAs: roots}) },
		"paf over HTTP/2": func(at string) error {
			return overHTTP2(t, at, far, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "curl") {
				testkit.Need(t, "curl")
			}
			at, ended := ends(t)
			for range 10 {
				if err := ask(at); err != nil {
					t.Fatal(err)
				}
				if err := <-ended; err != nil {
					t.Error("the tunnel has ended with", err)
				}
			}
		})
	}
}

func curl(at string, args ...string) error {
	out, err := exec.Command("curl", append([]string{"-sSk", "-o", "/dev/null", "-m", "20", "-x", "http://" + at}, args...)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return err
}

func pafThrough(at, far string, config *tls.Config) error {
	chain, err := proxy.Through(mimic.Context{}, at)
	if err != nil {
		return err
	}
	defer chain.Close()
	c := &paf.Client{Context: mimic.Add(chain.Context(), paf.TLSConfig, config), Protocol: paf.HTTP11, Log: quiet()} // else it may leave frames unread, and reset
	defer c.Close()
	resp, err := c.Get(context.Background(), "https://"+far)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func overHTTP2(t *testing.T, at, far string, config *tls.Config) error {
	r, err := paf.NewRequest("GET", "http://"+at+"/", nil)
	if err != nil {
		return err
	}
	client := asker(t, paf.HTTP2)
	defer client.Close()
	resp, err := client.Connect(t.Context(), r, far)
	if err != nil {
		return err
	}
	tunnel, err := resp.Tunnel()
	if err != nil {
		return err
	}
	c := tls.Client(tunnel, config)
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	got, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil {
		_, err = io.Copy(io.Discard, got.Body)
	}
	return err
}

// A side that has ended and takes no more is at peace; one that breaks off is not.
func TestJoinTellsAnEndFromABreak(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(t *testing.T, near, far *net.TCPConn)
		want bool // an error
	}{
		"both end": {func(t *testing.T, near, far *net.TCPConn) { near.CloseWrite(); far.CloseWrite() }, false},
		"one closes while the other goes on": {func(t *testing.T, near, far *net.TCPConn) {
			near.Close()
			for err := error(nil); err == nil; {
				_, err = far.Write(make([]byte, 10_000))
			}
			far.Close()
		}, false},
		"one resets": {func(t *testing.T, near, far *net.TCPConn) { near.SetLinger(0); near.Close() }, true},
		"one resets while the other goes on": {func(t *testing.T, near, far *net.TCPConn) {
			near.SetLinger(0)
			near.Close()
			for err := error(nil); err == nil; {
				_, err = far.Write(make([]byte, 10_000))
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			near, a := pair(t)
			far, b := pair(t)
			joined := make(chan error, 1)
			go func() { joined <- proxy.Join(a, b, proxy.TunnelLimits{Idle: 10 * time.Second}) }()
			c.end(t, near, far)
			if err := <-joined; (err != nil) != c.want || errors.Is(err, proxy.ErrIdle) {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

func pair(t *testing.T) (c, s *net.TCPConn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialled, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close(); accepted.Close() })
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

// The end of the grace period is said to be that, over both versions.
func TestATunnelThatIsStoppedSaysSo(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		ended := make(chan error, 1)
		f := &proxy.Forward{Log: quiet(), OnDone: func(_ *paf.ResponseWriter, _ *paf.Request, r *proxy.Report) { ended <- r.Err }}
		f.Access.Private = true
		defer f.Close()
		ctx, stop := context.WithCancel(t.Context())
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		s := &paf.Server{Handler: f, TrustScheme: true, GracePeriod: 50 * time.Millisecond, Log: quiet()}
		go func() { served <- s.Serve(ctx, ln) }()
		far := serve(t, paf.HandlerFunc(echo))
		r, err := paf.NewRequest("GET", "http://"+ln.Addr().String()+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := asker(t, protocol).Connect(t.Context(), r, far)
		if err != nil {
			t.Fatal(err)
		}
		tunnel, err := resp.Tunnel()
		if err != nil {
			t.Fatal(err)
		}
		defer tunnel.Close()
		stop()
		if err := <-ended; !errors.Is(err, paf.ErrStopped) || !strings.Contains(err.Error(), "stopp") {
			t.Errorf("%v: it ends with %v", protocol, err)
		}
		<-served
	}
}
