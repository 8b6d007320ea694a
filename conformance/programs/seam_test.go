// Package programs runs programs that others have written for net/http on paf: behind
// nethttp.Handler, over nethttp.Transport, or both. Each test also runs on net/http itself:
// what fails there is the test's fault.
package programs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// A version is what a connection speaks.
type version struct {
	name    string
	secured bool
	major   int
}

var (
	h1  = version{"h1", false, 1}
	h1s = version{"h1s", true, 1}
	h2  = version{"h2", true, 2}
	h2c = version{"h2c", false, 2} // by prior knowledge
)

// protocols returns the version in net/http's terms.
func (v version) protocols() *http.Protocols {
	var p http.Protocols
	switch v {
	case h1, h1s:
		p.SetHTTP1(true)
	case h2:
		p.SetHTTP2(true)
	default:
		p.SetUnencryptedHTTP2(true)
	}
	return &p
}

// alpn returns what a server of the version negotiates.
func (v version) alpn() []string {
	if v.major == 2 {
		return []string{"h2"}
	}
	return []string{"http/1.1"}
}

// A library serves an http.Handler, and sends requests.
type library struct {
	name string

	// serve serves on a listener until it is stopped.
	serve func(ln net.Listener, h http.Handler, v version, config *tls.Config) running

	// transport makes what sends requests of a version.
	transport func(v version, config *tls.Config) sender
}

// A running is a server.
type running interface {
	// shutdown stops it when the exchanges have ended, and returns how many there were (-1: not known).
	shutdown(ctx context.Context) (exchanges int, err error)
}

// A sender sends requests.
type sender interface {
	http.RoundTripper
	CloseIdleConnections()

	// exchanges returns how many there were (-1: not known), and how many connections are left.
	exchanges() (n, conns int)
}

// A world says which library is on which side, and what they speak.
type world struct {
	server, client library
	version
	certificate tls.Certificate
	roots       *x509.CertPool
}

// each runs a test in every version, with every library on either side. When it is over no goroutine may be left.
func each(t *testing.T, versions []version, f func(t *testing.T, w *world)) {
	eachPair(t, versions, clients, f)
}

// eachServer is each for tests that bring their own client.
func eachServer(t *testing.T, versions []version, f func(t *testing.T, w *world)) {
	eachPair(t, versions, []library{netHTTP}, f)
}

func eachPair(t *testing.T, versions []version, clients []library, f func(t *testing.T, w *world)) {
	certificate, roots := trusted()
	for _, v := range versions {
		for _, server := range servers {
			for _, client := range clients {
				t.Run(v.name+"/"+client.name+" to "+server.name, func(t *testing.T) {
					leavesNothing(t)
					f(t, &world{server, client, v, certificate, roots})
				})
			}
		}
	}
}

// trusted returns a certificate for 127.0.0.1, and those who trust it.
func trusted() (tls.Certificate, *x509.CertPool) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.TLS.Certificates[0], roots
}

// leavesNothing lets the test fail if there are more goroutines at its end than now.
func leavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				buf := make([]byte, 1<<20)
				t.Errorf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
				return
			}
		}
	})
}

// serve serves h in the world's version until the test ends, and returns the URL of its root, without a slash. By then h must have
// been asked, through the world's library, and its exchanges be over.
func (w *world) serve(t *testing.T, h http.Handler) (url string) { return w.serveIn(t, w.version, h) }

// serveIn is serve in another version than the world's.
func (w *world) serveIn(t *testing.T, v version, h http.Handler) (url string) {
	t.Helper()
	ln := testkit.Listen(t)
	var asked atomic.Int64
	config := &tls.Config{Certificates: []tls.Certificate{w.certificate}, NextProtos: v.alpn()}
	s := w.server.serve(ln, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.ProtoMajor != v.major || (r.TLS != nil) != v.secured {
			t.Errorf("%s %s came in %s, TLS %t; the server is one of %s", r.Method, r.URL, r.Proto, r.TLS != nil, v.name)
		}
		h.ServeHTTP(rw, r)
	}), v, config)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		exchanges, err := s.shutdown(ctx)
		if err != nil {
			t.Errorf("the server did not stop: %v", err)
		}
		if n := int(asked.Load()); n == 0 || exchanges >= 0 && exchanges < n {
			t.Errorf("the handler was asked %d times, %s has seen %d exchanges", n, w.server.name, exchanges)
		}
	})
	if v.secured {
		return "https://" + ln.Addr().String()
	}
	return "http://" + ln.Addr().String()
}

// transport makes what sends requests in the world's version until the test ends, and trusts its servers. By then it must have been used, and
// all bodies be closed.
func (w *world) transport(t *testing.T) http.RoundTripper { return w.transportIn(t, w.version) }

// transportIn is transport in another version than the world's.
func (w *world) transportIn(t *testing.T, v version) http.RoundTripper {
	c := &counting{sender: w.client.transport(v, w.trust())}
	t.Cleanup(func() {
		c.CloseIdleConnections()
		answered := int(c.answered.Load())
		exchanges, _ := c.exchanges()
		if answered == 0 || exchanges >= 0 && exchanges < answered {
			t.Errorf("%d requests were answered, %s has had %d exchanges", answered, w.client.name, exchanges)
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			_, conns := c.exchanges()
			if conns == 0 {
				return
			}
			if time.Now().After(end) {
				t.Errorf("%d connections are left", conns)
				return
			}
		}
	})
	return c
}

// trust returns the configuration of a client that trusts the world's servers.
func (w *world) trust() *tls.Config { return &tls.Config{RootCAs: w.roots} }

// A counting counts what is answered.
type counting struct {
	sender
	answered atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.sender.RoundTrip(r)
	if err == nil {
		c.answered.Add(1)
	}
	return resp, err
}
