package proxy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// through returns a client of net/http that goes through a proxy, with a name and a password.
func through(t testing.TB, at string, user *url.Userinfo, roots *x509.CertPool) *http.Client {
	tr := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: at, User: user}), TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func forward(t testing.TB, f *proxy.Forward) string {
	if f.Log == nil {
		f.Log = quiet()
	}
	t.Cleanup(f.Close)
	return serve(t, f)
}

func secureStd(t testing.TB, h http.HandlerFunc) (string, *x509.CertPool) {
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.Listener.Addr().String(), roots
}

func TestForwardLeadsClientsWhereTheyWant(t *testing.T) {
	clear := serveStd(t, show)
	secure, roots := secureStd(t, show)
	users := func(_ context.Context, name, password string) bool { return name == "me" && password == "pass:word" }
	f := &proxy.Forward{Name: "here", Authenticate: users}
	f.Access.Private = true
	at := forward(t, f)
	for _, c := range []struct {
		url, user, password string
		want                int
	}{
		{"http://" + clear + "/a?b", "me", "pass:word", 200},
		{"https://" + secure + "/a?b", "me", "pass:word", 200},
		{"http://" + clear + "/a?b", "me", "wrong", 407},
		{"https://" + secure + "/a?b", "me", "wrong", 407},
		{"http://" + clear + "/a?b", "", "", 407},
		{"http://" + refusing(t) + "/", "me", "pass:word", 502},
		{"https://" + refusing(t) + "/", "me", "pass:word", 502},
		{"https://127.0.0.1:22/", "me", "pass:word", 403},
		{"http://127.0.0.1:25/", "me", "pass:word", 403},
	} {
		var user *url.Userinfo
		if c.user != "" {
			user = url.UserPassword(c.user, c.password)
		}
		resp, err := through(t, at, user, roots).Post(c.url, "text/plain", strings.NewReader("content"))
		if err != nil {
			if !strings.Contains(err.Error(), http.StatusText(c.want)) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.want || c.want == 200 && (!bytes.Contains(got, []byte("POST ")) || resp.Header.Get("X-Content") != "7 <nil>") {
			t.Errorf("%+v: %s %v %q", c, resp.Status, resp.Header, got)
		}
		if bytes.Contains(got, []byte("Proxy-Authorization")) || bytes.Contains(got, []byte("X-Forwarded")) {
			t.Errorf("%s was told too much: %q", c.url, got)
		}
		if c.want == 407 && resp.Header.Get("Proxy-Authenticate") != `Basic realm="proxy", charset="UTF-8"` {
			t.Errorf("fields %v", resp.Header)
		}
	}
}

func TestForwardOpensTunnelsOverBothVersions(t *testing.T) {
	far, roots := secureStd(t, show)
	f := &proxy.Forward{}
	f.Access.Private = true
	at := forward(t, f)
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		r, err := paf.NewRequest("GET", "http://"+at+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := asker(t, protocol).Connect(t.Context(), r, far)
		if err != nil {
			t.Fatal(err)
		}
		tunnel, err := resp.Tunnel()
		if err != nil {
			t.Fatal(resp.Status, err)
		}
		c := tls.Client(tunnel, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
		fmt.Fprintf(c, "GET /x HTTP/1.0\r\nHost: a\r\n\r\n")
		if got, err := io.ReadAll(c); err != nil || !bytes.Contains(got, []byte("GET a /x")) {
			t.Errorf("%v: %q, %v", protocol, got, err)
		}
		_ = c.Close()
	}
}

func TestForwardLeadsNobodyToPrivateAddresses(t *testing.T) {
	clear := serveStd(t, show)
	at := forward(t, &proxy.Forward{})
	_, port, _ := strings.Cut(clear, ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "127.1", "2130706433", "0x7f.1"} {
		resp, err := through(t, at, nil, nil).Get("http://" + host + ":" + port + "/")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("%s led to %s", host, resp.Status)
		}
	}
}

func TestForwardIsNoOriginServer(t *testing.T) {
	at := forward(t, &proxy.Forward{})
	resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+at+"/")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); resp.Status != 400 || !strings.Contains(got, "This is a proxy") {
		t.Errorf("%d %q", resp.Status, got)
	}
}

// What is refused whatever its addresses are is not looked up: the resolver would fail here, and that would be a 502.
func TestForwardLooksUpNothingThatItRefusesAnyway(t *testing.T) {
	for _, c := range []struct {
		allow []string
		host  string
		want  int
	}{
		{[]string{"example.org", "*.example.com:443"}, "refused.invalid", 403},
		{[]string{"example.org", "*.invalid:8080"}, "refused.invalid", 403},
		{nil, "refused.invalid:22", 403},
		{[]string{"10.0.0.0/8"}, "refused.invalid", 502}, // whose addresses may be among these
		{[]string{"*.invalid"}, "refused.invalid", 502},
		{[]string{"10.0.0.0/8"}, "127.0.0.1", 403},
		{[]string{"10.0.0.0/8"}, "[::1]:7302", 403},
	} {
		at := forward(t, &proxy.Forward{Access: proxy.Access{Allow: rules(t, c.allow...)}})
		resp, err := through(t, at, nil, nil).Get("http://" + c.host + "/")
		if err != nil || (resp.StatusCode == 403) != (c.want == 403) { // a resolver may take its time: 504
			t.Errorf("%v, %s: %v, %v", c.allow, c.host, resp, err)
		}
	}
}
