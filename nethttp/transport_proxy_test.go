package nethttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf/nethttp"
)

// A proxy forwards what it is asked for, and notes how.
type proxy struct {
	mu    sync.Mutex
	asked []string
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization")+" "+r.Header.Get("X-Connect"))
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		r.RequestURI = ""
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(w, resp.Body)
		return
	}
	if r.Header.Get("X-Connect") == "refuse" {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	there, err := net.Dial("tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	join(here, there)
}

// join copies both ways until both have ended.
func join(a, b net.Conn) {
	go func() { _, _ = io.Copy(a, b); _ = a.Close() }()
	_, _ = io.Copy(b, a)
	_ = b.Close()
}

func through(raw string) func(*http.Request) (*url.URL, error) {
	u, err := url.Parse(raw)
	return func(*http.Request) (*url.URL, error) { return u, err }
}

func TestTransportGoesThroughProxies(t *testing.T) {
	p := &proxy{}
	front, secureFront := httptest.NewServer(p), httptest.NewTLSServer(p)
	defer front.Close()
	defer secureFront.Close()
	clear := httptest.NewServer(http.HandlerFunc(hello))
	defer clear.Close()
	secure := secureServer(t, hello)
	for _, c := range []struct{ front, to, want, asked string }{
		{front.URL, clear.URL, "HTTP/1.1 hello", "GET " + clear.URL + "/ Basic dTpw "},
		{front.URL, secure.URL, "HTTP/2.0 hello", "CONNECT " + strings.TrimPrefix(secure.URL, "https://") + " Basic dTpw set"},
		{secureFront.URL, clear.URL, "HTTP/1.1 hello", "GET " + clear.URL + "/ Basic dTpw "},
		{secureFront.URL, secure.URL, "HTTP/2.0 hello", "CONNECT " + strings.TrimPrefix(secure.URL, "https://") + " Basic dTpw set"},
	} {
		p.asked = nil
		told := 0
		client := transport(t, &nethttp.Transport{
			Proxy: through(strings.Replace(c.front, "://", "://u:p@", 1)), TLSClientConfig: insecure, ProxyConnectHeader: http.Header{"X-Connect": {"set"}},
			OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
				told = resp.StatusCode
				return nil
			},
		})
		url := c.to + "/"
		if got := fetched(t, client, url); got != c.want {
			t.Errorf("%s by %s: %s", c.to, c.front, got)
		}
		if len(p.asked) != 1 || p.asked[0] != c.asked {
			t.Errorf("the proxy was asked %q, want %q", p.asked, c.asked)
		}
		if strings.HasPrefix(c.asked, "CONNECT") != (told == 200) {
			t.Errorf("OnProxyConnectResponse was told %d", told)
		}
	}
}

func TestTransportSaysWhyAProxyIsOfNoUse(t *testing.T) {
	front := httptest.NewServer(&proxy{})
	defer front.Close()
	tr := &nethttp.Transport{Proxy: through(front.URL), ProxyConnectHeader: http.Header{"X-Connect": {"refuse"}}}
	_, err := transport(t, tr).Get("https://any.test/")
	if err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("refused: %v", err)
	}
	why := errors.New("not this one")
	tr = &nethttp.Transport{Proxy: through(front.URL), ProxyConnectHeader: http.Header{"X-Connect": {"refuse"}},
		OnProxyConnectResponse: func(context.Context, *url.URL, *http.Request, *http.Response) error { return why }}
	if _, err := transport(t, tr).Get("https://any.test/"); !errors.Is(err, why) {
		t.Errorf("OnProxyConnectResponse: %v", err)
	}
	var op *net.OpError
	if _, err := transport(t, &nethttp.Transport{Proxy: through("http://127.0.0.1:1")}).Get("http://any.test/"); !errors.As(err, &op) || op.Op != "proxyconnect" {
		t.Errorf("nobody listens: %v", err)
	}
	tr = &nethttp.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, why }}
	if _, err := transport(t, tr).Get("http://any.test/"); !errors.Is(err, why) {
		t.Errorf("Proxy: %v", err)
	}
}

// serveSOCKS is a proxy of RFC 1928 that wants a user and a password (RFC 1929).
func serveSOCKS(c net.Conn) {
	defer c.Close()
	read := func(n int) []byte { p := make([]byte, n); _, _ = io.ReadFull(c, p); return p }
	read(int(read(2)[1]))
	_, _ = c.Write([]byte{5, 2})
	user := string(read(int(read(2)[1])))
	password := string(read(int(read(1)[0])))
	if user != "u" || password != "p" {
		_, _ = c.Write([]byte{1, 1})
		return
	}
	_, _ = c.Write([]byte{1, 0})
	if kind := read(4)[3]; kind != 1 {
		_, _ = c.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	ip, port := net.IP(read(4)), read(2)
	there, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: ip, Port: int(port[0])<<8 | int(port[1])})
	if err != nil {
		return
	}
	_, _ = c.Write([]byte{5, 0, 0, 3, 4, 'h', 'o', 's', 't', 0, 80})
	join(c, there)
}

func TestTransportGoesThroughSOCKS(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for c, err := ln.Accept(); err == nil; c, err = ln.Accept() {
			go serveSOCKS(c)
		}
	}()
	clear := httptest.NewServer(http.HandlerFunc(hello))
	defer clear.Close()
	secure := secureServer(t, hello)
	at := ln.Addr().String()
	client := transport(t, &nethttp.Transport{Proxy: through("socks5://u:p@" + at), TLSClientConfig: insecure})
	if got := fetched(t, client, clear.URL); got != "HTTP/1.1 hello" {
		t.Error(got)
	}
	if got := fetched(t, client, secure.URL); got != "HTTP/2.0 hello" {
		t.Error(got)
	}
	for _, bad := range []string{"socks5://u:wrong@" + at, "socks5://" + at} {
		if _, err := transport(t, &nethttp.Transport{Proxy: through(bad)}).Get(clear.URL); err == nil || !strings.Contains(err.Error(), "socks") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
