package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// Which scheme was used is what the connection says, unless clients are to be believed: their word may be anything, even where the server takes it.
func TestTheSchemeThatUpstreamsAreToldIsTheConnections(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	config := &tls.Config{Certificates: s.TLS.Certificates}
	s.Close()
	up := "http://" + serveStd(t, show)
	for _, secure := range []bool{false, true} {
		for _, trust := range []bool{false, true} {
			r := &proxy.Reverse{TrustForwarded: trust, Forwarded: proxy.ForwardedX | proxy.ForwardedRFC7239, Log: quiet(), Upstreams: []*proxy.Upstream{{URL: up}}}
			t.Cleanup(r.Close)
			at := serveOver(t, &paf.Server{Handler: r, TrustScheme: true, Log: quiet()}, func(ln net.Listener) net.Listener {
				if secure {
					return tls.NewListener(ln, config)
				}
				return ln
			})
			actual := map[bool]string{false: "http", true: "https"}[secure]
			for target, want := range map[string]string{"/": actual, "http://b.test/": "http", "https://b.test/": "https"} {
				if !trust {
					want = actual
				}
				got := said(t, at, secure, "GET "+target+" HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n")
				if !strings.Contains(got, "\nX-Forwarded-Proto: "+want+"\r\n") || !strings.Contains(got, ";host=b.test;proto="+want+"\r\n") {
					t.Errorf("TLS %t, trust %t, %s: no %s in %q", secure, trust, target, want, got)
				}
			}
		}
	}
}

// said returns what is answered to a request as it is.
func said(t *testing.T, at string, secure bool, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if secure {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	fmt.Fprint(c, request)
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}
