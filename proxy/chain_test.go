package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/proxy"
)

// A stage is a forward proxy that takes down where it was asked to lead.
type stage struct {
	url string
	mu  sync.Mutex
	to  []string
}

func (s *stage) Serve(w *paf.ResponseWriter, r *paf.Request, next paf.Handler) {
	s.mu.Lock()
	s.to = append(s.to, r.Authority+" "+r.Protocol.String())
	s.mu.Unlock()
	next.Serve(w, r)
}

// stages starts proxies: in clear, over TLS with HTTP/2, over TLS with HTTP/1.1.
func stages(t testing.TB) (all []*stage, roots *x509.CertPool) {
	cert := httptest.NewTLSServer(nil)
	defer cert.Close()
	roots = x509.NewCertPool()
	roots.AddCert(cert.Certificate())
	for _, offers := range [][]string{nil, {"h2"}, {"http/1.1"}} {
		f := &proxy.Forward{Log: quiet(), Authenticate: func(_ context.Context, name, password string) bool { return name == "me" && password == "secret" }}
		f.Access.Private = true
		t.Cleanup(f.Close)
		s := &stage{}
		server := &paf.Server{TrustScheme: true, Log: quiet(), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) { s.Serve(w, r, f) })}
		if offers == nil {
			s.url = "http://me:secret@" + serveWith(t, server)
		} else {
			s.url = "https://me:secret@" + serveOver(t, server, func(ln net.Listener) net.Listener {
				return tls.NewListener(ln, &tls.Config{Certificates: cert.TLS.Certificates, NextProtos: offers})
			})
		}
		all = append(all, s)
	}
	return all, roots
}

func TestAContextLeadsThroughAChainOfProxies(t *testing.T) {
	clear := serveStd(t, show)
	secure, secureRoots := secureStd(t, show)
	for _, order := range [][]int{{0}, {1}, {2}, {0, 1}, {1, 0}, {1, 2}, {2, 1, 0}, {0, 1, 2}} {
		all, roots := stages(t)
		var urls []string
		for _, i := range order {
			urls = append(urls, all[i].url)
		}
		chain, err := proxy.Through(mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots}), urls...)
		if err != nil {
			t.Fatal(err)
		}
		c := &paf.Client{Context: mimic.Add(chain.Context(), paf.TLSConfig, &tls.Config{RootCAs: secureRoots}), Log: quiet()}
		for _, url := range []string{"http://" + clear + "/x", "https://" + secure + "/x"} {
			resp, err := c.Get(t.Context(), url)
			if err != nil {
				t.Fatalf("%v: %v", order, err)
			}
			if got := read(t, resp); !strings.HasPrefix(got, "GET ") || strings.Contains(got, "Authorization") {
				t.Errorf("%v: %q", order, got)
			}
		}
		c.Close()
		chain.Close()
		for k, i := range order {
			s := all[i]
			s.mu.Lock()
			version := map[bool]string{true: " HTTP/2.0", false: " HTTP/1.1"}[i == 1]
			want := []string{clear + version, secure + version}
			if k+1 < len(order) {
				_, next, _ := strings.Cut(all[order[k+1]].url, "@")
				want = []string{next + version}
			}
			for _, w := range want {
				if !slices.Contains(s.to, w) {
					t.Errorf("%v: stage %d was asked for %q, not for %q", order, k, s.to, w)
				}
			}
			s.mu.Unlock()
		}
	}
}

func TestAProxyThatDeclinesIsNamed(t *testing.T) {
	all, _ := stages(t)
	_, at, _ := strings.Cut(all[0].url, "@")
	chain, err := proxy.Through(mimic.Context{}, "http://me:wrong@"+at)
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	c := &paf.Client{Context: chain.Context(), Log: quiet()}
	defer c.Close()
	_, err = c.Get(t.Context(), "http://example.test/")
	var declined *proxy.DeclinedError
	if !errors.As(err, &declined) || declined.Status != 407 || declined.Proxy != at || declined.Authority != "example.test:80" {
		t.Errorf("%v", err)
	}
	if err != nil && strings.Contains(err.Error(), "wrong") {
		t.Errorf("a password is told: %v", err)
	}
}

// What leads to the first proxy leads nowhere else.
func TestAnEndpointOfTheFirstProxyIsNotTheNextOnes(t *testing.T) {
	all, roots := stages(t)
	door, err := net.Listen("unix", t.TempDir()+"/first")
	if err != nil {
		t.Fatal(err)
	}
	f := &proxy.Forward{Log: quiet()}
	f.Access.Private = true
	t.Cleanup(f.Close)
	first := &stage{}
	s := &paf.Server{TrustScheme: true, Log: quiet(), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) { first.Serve(w, r, f) })}
	done := make(chan error, 1)
	go func() { done <- s.Serve(t.Context(), door) }()
	c := mimic.Add(mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots}), paf.Unix, door.Addr().String())
	chain, err := proxy.Through(c, "http://first.test", all[0].url)
	if err != nil {
		t.Fatal(err)
	}
	client := &paf.Client{Context: chain.Context(), Log: quiet()}
	resp, err := client.Get(t.Context(), "http://"+serveStd(t, show)+"/")
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	_, second, _ := strings.Cut(all[0].url, "@")
	if len(first.to) != 1 || first.to[0] != second+" HTTP/1.1" || len(all[0].to) != 1 {
		t.Errorf("the first was asked for %q, the second for %q", first.to, all[0].to)
	}
	client.Close()
	chain.Close()
	_ = s.Shutdown(t.Context())
	if err := <-done; err != nil {
		t.Error(err)
	}
}
