package proxying

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/kit"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/pires/go-proxyproto"
)

func TestSitesAreToldApart(t *testing.T) {
	certA, keyA := certificate(t, "a.test")
	certB, keyB := certificate(t, "*.b.test")
	r := start(t, fmt.Sprintf(`
listen: [127.0.0.1:0, "tls:localhost:0"]
sites:
  - {name: A.test, to: http://%s, cert: %s, key: %s}
  - {name: ["*.b.test", b.test], to: h2c://%s, cert: %s, key: %s, host: inside.test}
`, upstream(t, "first"), certA, keyA, upstream(t, "second"), certB, keyB))
	for _, c := range []struct{ host, want string }{
		{"a.test", "200 first GET a.test 0 <nil>"}, {"A.TEST.:80", "200 first GET A.TEST.:80 0 <nil>"}, {"b.test", "200 second GET inside.test 0 <nil>"},
		{"x.y.b.test", "200 second GET inside.test 0 <nil>"}, {"xb.test", "421 Misdirected request."}, {"127.0.0.1", "421 Misdirected request."},
	} {
		for n, scheme := range []string{"http", "https"} {
			for _, h2 := range []bool{false, true} {
				b, _ := browser(t, r.url(n), h2)
				if status, text := get(t, b, scheme+"://"+c.host+"/"); strings.TrimSpace(fmt.Sprint(status, " ", text)) != c.want {
					t.Errorf("%s://%s, h2 %t: %d %s, want %s", scheme, c.host, h2, status, text, c.want)
				}
			}
		}
	}
	for name, want := range map[string]string{"a.test": "a.test", "www.b.test": "*.b.test", "": "a.test", "c.test": "a.test"} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(r.url(1), "https://"), &tls.Config{InsecureSkipVerify: true, ServerName: name, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		if state := conn.ConnectionState(); state.PeerCertificates[0].DNSNames[0] != want || state.NegotiatedProtocol != "h2" {
			t.Errorf("%q gets the certificate of %v, %s", name, state.PeerCertificates[0].DNSNames, state.NegotiatedProtocol)
		}
		conn.Close()
	}
}

func TestEachRequestHasItsLine(t *testing.T) {
	ln := testkit.Listen(t)
	nobody := ln.Addr().String()
	ln.Close()
	well := upstream(t, "well")
	r := start(t, fmt.Sprintf(`
listen: 127.0.0.1:0
sites:
  - {name: well.test, to: http://%s}
  - {name: sick.test, to: [http://%s, http://%s=9]}
  - {name: dead.test, to: http://%s}`, well, well, nobody, nobody))
	addr := strings.TrimPrefix(r.url(0), "http://")
	for _, host := range []string{"well.test", "sick.test", "dead.test", "other.test"} {
		kit.Do(t, addr, "GET /x?y HTTP/1.1\nHost: "+host+"\n\n")
	}
	kit.Do(t, addr, "HEAD / HTTP/1.1\nHost: well.test\n\n")
	kit.Do(t, addr, "POST /x HTTP/1.1\nHost: two.test\nContent-Length: 1\nTransfer-Encoding: chunked\n\n")
	kit.Do(t, addr, "GET / HTTP/9.9\n\n")
	out := r.await(&r.out, "status=505")
	for _, want := range []string{
		"level=INFO msg=request method=GET target=http://well.test/x?y status=200 bytes=26 took=", "upstream=http://" + well + "\n",
		"target=http://sick.test/x?y status=200", "upstream=http://" + well + " tries=2\n",
		"level=WARN msg=request method=GET target=http://dead.test/x?y status=502", "upstream=http://" + nobody + " error=",
		"level=WARN msg=request method=GET target=http://other.test/x?y status=421", `error="no site has this host"`,
		"target=http://two.test/x status=400", "Transfer-Encoding", "status=505", "method=HEAD target=http://well.test/ status=200 bytes=0 ", "peer=127.0.0.1:",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %s in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "msg=request"); n != 7 {
		t.Errorf("%d lines for 7 requests:\n%s", n, out)
	}
}

func TestLinesMayBeJSON(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "proxy.yaml")
	ctx, cancel := context.WithCancel(t.Context())
	var out, said testkit.Record
	done := make(chan error, 1)
	socket := filepath.Join(dir, "s")
	_ = os.WriteFile(file, fmt.Appendf(nil, "log: json\nlisten: unix:%s\nto: http://%s", socket, upstream(t, "well")), 0o600)
	go func() {
		done <- Run(ctx, Options{Load: func() (*Config, error) { return ReadFile(file) }, Out: &out, Err: &said})
	}()
	for !strings.Contains(said.String(), "listening") {
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	get(t, c, "http://x.test/")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var line struct {
		Msg, Method, Target, Peer, Upstream string
		Status, Bytes                       int
		Took                                float64 // seconds
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || line.Msg != "request" || line.Status != 200 || line.Peer != "-" || line.Bytes == 0 || line.Took <= 0 || line.Took > 30 {
		t.Errorf("%s: %v", lines[len(lines)-1], err)
	}
}

func TestForwardAsksForAPassword(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	_ = os.WriteFile(users, []byte("ann:"+hashed(t, "secret")), 0o600)
	to := upstream(t, "origin")
	const config = "listen: 127.0.0.1:0\nforward: true\nusers: %s\nallow: [%s, 127.0.0.1:1]\n"
	r := start(t, fmt.Sprintf(config, users, "127.0.0.1"))
	via := func(user *url.Userinfo) *http.Client {
		at, _ := url.Parse(r.url(0))
		at.User = user
		tr := &http.Transport{Proxy: http.ProxyURL(at)}
		t.Cleanup(tr.CloseIdleConnections)
		return &http.Client{Transport: tr}
	}
	if status, _ := get(t, via(nil), "http://"+to+"/"); status != 407 {
		t.Errorf("nobody gets %d", status)
	}
	if status, _ := get(t, via(url.UserPassword("ann", "wrong")), "http://"+to+"/"); status != 407 {
		t.Errorf("a wrong password gets %d", status)
	}
	ann := via(url.UserPassword("ann", "secret"))
	if status, text := get(t, ann, "http://"+to+"/"); status != 200 || text != "origin GET "+to+" 0 <nil>" {
		t.Errorf("she gets %d %s", status, text)
	}
	// What is no longer allowed is not, even where a connection is open.
	r.load(fmt.Sprintf(config, users, "127.0.0.1:2"))
	if status, _ := get(t, ann, "http://"+to+"/"); status != 403 {
		t.Errorf("what is forbidden now gets %d", status)
	}
	r.load(fmt.Sprintf(config, users, "127.0.0.1"))
	_ = os.WriteFile(users, []byte("bob:"+hashed(t, "secret")), 0o600)
	r.load(fmt.Sprintf(config, users, "127.0.0.1"))
	if status, _ := get(t, ann, "http://"+to+"/"); status != 407 {
		t.Errorf("who is no user any more gets %d", status)
	}
}

func TestUpstreamsAreToldByTheProxyProtocol(t *testing.T) {
	for _, version := range []string{"v1", "v2"} {
		ln := testkit.Listen(t)
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })}
		go func() {
			_ = s.Serve(&proxyproto.Listener{Listener: ln, ConnPolicy: func(proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) { return proxyproto.REQUIRE, nil }})
		}()
		r := start(t, fmt.Sprintf("listen: 127.0.0.1:0\nto: http://%s\nproxy-protocol-out: %s\nhealth: /,20ms", ln.Addr(), version))
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url(0), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if got, _ := io.ReadAll(conn); !strings.HasSuffix(string(got), conn.LocalAddr().String()) {
			t.Errorf("%s: %s came from %q", version, conn.LocalAddr(), got)
		}
		conn.Close()
		s.Close()
	}
}

func TestWhatCannotBeIsAnError(t *testing.T) {
	ln := testkit.Listen(t)
	defer ln.Close()
	for listen, code := range map[string]exit.Code{ln.Addr().String(): exit.Failure, "8080": exit.Usage, "tls:x": exit.Usage} {
		c := Default()
		c.Listen = List{"127.0.0.1:0", listen}
		_ = c.To.Add("http://127.0.0.1:1")
		err := Run(t.Context(), Options{Load: func() (*Config, error) { return c, nil }, Out: io.Discard, Err: io.Discard})
		if exit.CodeOf(err) != code {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

// A forward proxy's lines say who, in what, and how much went either way.
func TestTheLineOfATunnelSaysWhoAndHowMuch(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	_ = os.WriteFile(users, []byte("ann:"+hashed(t, "secret")), 0o600)
	ln := testkit.Listen(t)
	defer ln.Close()
	go func() {
		if c, err := ln.Accept(); err == nil {
			_, _ = io.ReadFull(c, make([]byte, 5))
			_, _ = io.WriteString(c, "three")
			_, _ = io.WriteString(c, "more")
			c.Close()
		}
	}()
	r := start(t, fmt.Sprintf("listen: 127.0.0.1:0\nforward: true\nusers: %s\nallow-private: true\n", users))
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url(0), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	login := base64.StdEncoding.EncodeToString([]byte("ann:secret"))
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic %s\r\n\r\nhello", ln.Addr(), login)
	if got, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(got), "threemore") {
		t.Errorf("%q, %v", got, err)
	}
	c.Close()
	out := r.await(&r.out, "method=CONNECT")
	if want := "protocol=HTTP/1.1 user=ann up=5 down=9 upstream=" + ln.Addr().String() + "\n"; !strings.Contains(out, want) || !strings.Contains(out, "level=INFO msg=request") {
		t.Errorf("there is no %s in\n%s", want, out)
	}
}

// Whoever offers a proxy to everybody is told, once.
func TestAnOpenProxyIsToldOf(t *testing.T) {
	for config, want := range map[string]int{"listen: ':0'\nforward: true": 1, "listen: 127.0.0.1:0\nforward: true": 0, "listen: ':0'\nforward: true\nallow: example.org": 0} {
		r := start(t, config)
		r.load(config)
		if n := strings.Count(r.err.String(), "open proxy"); n != want {
			t.Errorf("%q: told %d times", config, n)
		}
	}
}
