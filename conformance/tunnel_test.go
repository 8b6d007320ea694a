package conformance

//lint:file-ignore SA1019 net/http's client, which is to be used instead of x/net's, sends no ":protocol"

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
	"golang.org/x/net/http2"
)

// connect is a forward proxy in few lines.
func connect(w *paf.ResponseWriter, r *paf.Request) {
	far, err := net.Dial("tcp", r.Authority)
	if err != nil {
		w.WriteHeader(502)
		return
	}
	near, err := w.Tunnel()
	if err != nil {
		_ = far.Close()
		w.WriteHeader(405)
		return
	}
	join(near, far)
}

// A half is what of a flow one direction needs.
type half interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// join copies both ways, and closes both when both have ended.
func join(a, b io.ReadWriteCloser) {
	var both sync.WaitGroup
	for _, way := range [][2]io.ReadWriteCloser{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_ = way[0].(half).CloseWrite()
		})
	}
	both.Wait()
	_, _ = a.Close(), b.Close()
}

// upgraded echoes on whatever protocol is asked for.
func upgraded(w *paf.ResponseWriter, r *paf.Request) {
	tunnel, err := w.Tunnel()
	if err != nil {
		w.WriteHeader(400)
		return
	}
	fmt.Fprintf(tunnel, "%s of %s: ", r.Upgrade(), r.Path)
	_, _ = io.Copy(tunnel, tunnel)
	_ = tunnel.Close()
}

// tunnels serves a handler, over TLS if config is not nil, and returns where.
func tunnels(t *testing.T, config *tls.Config, h paf.HandlerFunc) string {
	t.Helper()
	ln := testkit.Listen(t)
	addr := ln.Addr().String()
	if config != nil {
		config.NextProtos = []string{"h2", "http/1.1"}
		ln = tls.NewListener(ln, config)
	}
	s := &paf.Server{Handler: h, ExtendedConnect: true, Log: slog.New(slog.DiscardHandler)}
	testkit.Serve(t, s, ln)
	return addr
}

// origin is net/http's server behind a proxy.
func origin(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "from ", r.Host) }))
	t.Cleanup(s.Close)
	return s
}

func TestCurlTunnelsThroughUs(t *testing.T) {
	proxy, s := tunnels(t, nil, connect), origin(t)
	want := "from " + strings.TrimPrefix(s.URL, "https://")
	if got := string(curl(t, nil, "--insecure", "--proxy", "http://"+proxy, s.URL)); got != want {
		t.Errorf("got %q", got)
	}
	if got := string(curl(t, nil, "--insecure", "--proxytunnel", "--proxy1.0", proxy, s.URL)); got != want {
		t.Errorf("by HTTP/1.0: got %q", got)
	}
}

func TestNetHTTPTunnelsThroughUs(t *testing.T) {
	proxy, s := tunnels(t, nil, connect), origin(t)
	c := s.Client()
	c.Transport.(*http.Transport).Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy})
	resp, err := c.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != "from "+strings.TrimPrefix(s.URL, "https://") || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	c.CloseIdleConnections()
}

func TestNetHTTPUpgradesWithUs(t *testing.T) {
	addr := tunnels(t, nil, upgraded)
	r, _ := http.NewRequest("GET", "http://"+addr+"/chat", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	resp, err := new(http.Transport).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "echo" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	body := resp.Body.(half)
	_, _ = io.WriteString(body, "hello")
	_ = body.CloseWrite()
	if got, err := io.ReadAll(body); string(got) != "echo of /chat: hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	_ = body.Close()
}

// x/net's client opens a tunnel with a body that goes on; ours is told of the end of it.
func TestXNetTunnelsThroughOurHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	proxy := tunnels(t, s.TLS.Clone(), func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Protocol != paf.HTTP2 || r.Authority != "far.test:443" {
			t.Errorf("asked for %s by %v", r.Authority, r.Protocol)
		}
		upgraded(w, r)
	})
	tr := &http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer tr.CloseIdleConnections()
	up, words := io.Pipe()
	resp, err := tr.RoundTrip(&http.Request{Method: "CONNECT", URL: &url.URL{Scheme: "https", Host: proxy}, Host: "far.test:443", Body: up, Header: http.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(words, "hello")
	_ = words.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != " of : hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	_ = resp.Body.Close()
}

// reach returns a client of a protocol that trusts anybody, with all its connections to one address.
func reach(protocol paf.Protocol) *paf.Client {
	return &paf.Client{Protocol: protocol, Context: mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{InsecureSkipVerify: true})}
}

// over sends hello through the tunnel that a response grants, and returns what comes back.
func over(t *testing.T, resp *paf.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	tunnel, err := resp.Tunnel()
	if err != nil {
		t.Fatalf("%d: %v", resp.Status, err)
	}
	defer tunnel.Close()
	_, _ = io.WriteString(tunnel, "hello")
	if err := tunnel.CloseWrite(); err != nil {
		t.Error(err)
	}
	got, err := io.ReadAll(tunnel)
	if err != nil {
		t.Errorf("%q, %v", got, err)
	}
	return string(got)
}

// foreign answers CONNECT as net/http's handlers do: by Hijack, or on HTTP/2 by the bodies.
func foreign(w http.ResponseWriter, r *http.Request) {
	say := fmt.Sprintf("%s of %s: ", r.Header.Get(":protocol"), r.Host)
	if r.ProtoMajor == 2 {
		w.WriteHeader(200)
		_, _ = io.WriteString(w, say)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.Copy(w, r.Body)
		return
	}
	c, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	status := "200 Connection Established\r\n"
	if r.Method == "GET" {
		status = "101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: " + r.Header.Get("Upgrade") + "\r\n"
	}
	_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\n"+say) // in one piece: the tunnel's first words come with the head
	_, _ = io.Copy(c, bufio.NewReader(rw))
	_ = c.Close()
}

func TestWeTunnelThroughNetHTTP(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(foreign))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		c := reach(protocol)
		defer c.Close()
		for range 3 {
			r, _ := paf.NewRequest("GET", s.URL, nil)
			resp, err := c.Connect(t.Context(), r, "far.test:443")
			if got := over(t, resp, err); got != " of far.test:443: hello" {
				t.Errorf("%v: %q", protocol, got)
			}
		}
		if opened := c.Stats().Opened; protocol == paf.HTTP2 && opened != 1 {
			t.Errorf("%d connections", opened)
		}
	}
	c := reach(paf.HTTP11)
	defer c.Close()
	r, _ := paf.NewRequest("GET", s.URL+"/chat", nil)
	resp, err := c.Upgrade(t.Context(), r, "echo")
	if got := over(t, resp, err); got != " of "+r.Authority+": hello" {
		t.Errorf("upgraded: %q", got)
	}
}

// Extended CONNECT both ways. The peers are asked for it by the environment, hence in a process of their own.
func TestExtendedConnectWithXNet(t *testing.T) {
	const asked = "http2xconnect=1"
	if !strings.Contains(os.Getenv("GODEBUG"), asked) {
		again := exec.Command(os.Args[0], "-test.run=^TestExtendedConnectWithXNet$", "-test.v")
		again.Env = append(os.Environ(), "GODEBUG="+asked)
		if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestExtendedConnectWithXNet") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(foreign))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := reach(paf.HTTP2)
	defer c.Close()
	r, _ := paf.NewRequest("GET", s.URL+"/chat", nil)
	granted, err := c.Upgrade(t.Context(), r, "websocket")
	if got := over(t, granted, err); got != "websocket of "+r.Authority+": hello" {
		t.Errorf("through theirs: %q", got)
	}

	addr := tunnels(t, s.TLS.Clone(), upgraded)
	tr := &http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer tr.CloseIdleConnections()
	up, words := io.Pipe()
	resp, err := tr.RoundTrip(&http.Request{Method: "CONNECT", URL: &url.URL{Scheme: "https", Host: addr, Path: "/chat"}, Body: up,
		Header: http.Header{":protocol": {"websocket"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(words, "hello")
	_ = words.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != "websocket of /chat: hello" || err != nil {
		t.Errorf("through ours: %q, %v", got, err)
	}
	_ = resp.Body.Close()
}
