package proxy_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/proxy"
)

// serve serves h on a port of this machine and returns its address.
func serve(t testing.TB, h paf.Handler) string {
	t.Helper()
	return serveWith(t, &paf.Server{Handler: h, ExtendedConnect: true, TrustScheme: true, Log: quiet()})
}

func serveWith(t testing.TB, s *paf.Server) string {
	t.Helper()
	return serveOver(t, s, func(ln net.Listener) net.Listener { return ln })
}

func serveOver(t testing.TB, s *paf.Server, over func(net.Listener) net.Listener) string {
	t.Helper()
	ln := testkit.Listen(t)
	ln = over(ln)
	testkit.Serve(t, s, ln)
	return ln.Addr().String()
}

// serveStd serves h by net/http, in HTTP/1.1 and in HTTP/2 in clear, and returns its address.
func serveStd(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// before puts a Reverse in front of upstreams and returns its address.
func before(t testing.TB, r *proxy.Reverse) string {
	t.Helper()
	if r.Log == nil {
		r.Log = quiet()
	}
	t.Cleanup(r.Close)
	return serve(t, r)
}

// asker returns a client of one version.
func asker(t testing.TB, protocol paf.Protocol) *paf.Client {
	c := &paf.Client{Protocol: protocol, MaxRedirects: -1, MaxRetries: -1, Log: quiet()}
	t.Cleanup(c.Close)
	return c
}

// eachWay runs a test over both versions on both sides.
func eachWay(t *testing.T, f func(t *testing.T, client paf.Protocol, upstream string)) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for _, scheme := range []string{"http", "h2c"} {
			t.Run(protocol.String()+" to "+scheme, func(t *testing.T) { f(t, protocol, scheme) })
		}
	}
}

func read(t testing.TB, resp *paf.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
