package paf_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

func trusting(s *httptest.Server) *paf.Client {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &paf.Client{Context: mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: roots})}
}

func TestClientSpeaksHTTPS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	defer s.Close()
	c := trusting(s)
	defer c.Close()
	for range 2 {
		resp, err := c.Get(t.Context(), s.URL+"/x")
		if err != nil {
			t.Fatal(err)
		}
		_ = readAll(t, resp)
		if conn, ok := flow.As[*tls.Conn](resp.Flow()); !ok || conn.ConnectionState().NegotiatedProtocol != "http/1.1" {
			t.Errorf("the flow is %T", resp.Flow())
		}
	}
	if stats := c.Stats(); stats.Opened != 1 {
		t.Errorf("the connection was not reused: %+v", stats)
	}

	stranger := newClient(t)
	_, err := stranger.Get(t.Context(), s.URL)
	var unknown x509.UnknownAuthorityError
	var send *paf.SendError
	if !errors.As(err, &unknown) || !errors.As(err, &send) || send.Sent {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
}

func TestServerServesATLSListener(t *testing.T) {
	peer := httptest.NewTLSServer(nil) // for its certificate
	defer peer.Close()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := tls.NewListener(inner, &tls.Config{Certificates: peer.TLS.Certificates})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- handle(hello).Serve(ctx, ln) }()
	silent := dial(t, inner.Addr().String()) // never shakes hands, and holds nobody up
	c := trusting(peer)
	resp, err := c.Get(t.Context(), "https://"+inner.Addr().String()+"/tls")
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, resp); got != "hello /tls" {
		t.Errorf("got %q", got)
	}
	c.Close()
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	silent.Close()
}

// A URL that says https is not spoken in clear, whatever the context leads to.
func TestClientSecuresAFlowThatIsNot(t *testing.T) {
	peer := httptest.NewTLSServer(nil) // for its certificate
	defer peer.Close()
	path := filepath.Join(t.TempDir(), "s")
	inner, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ln := tls.NewListener(inner, &tls.Config{Certificates: peer.TLS.Certificates})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- handle(hello).Serve(ctx, ln) }()
	c := trusting(peer)
	c.Context = mimic.Add(c.Context, paf.Unix, path)
	resp, err := c.Get(t.Context(), "https://example.com/x") // a name that the certificate has
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, resp); got != "hello /x" {
		t.Errorf("got %q", got)
	}
	_, err = c.Get(t.Context(), "https://other.example/x")
	var name x509.HostnameError
	if !errors.As(err, &name) {
		t.Errorf("a name that the certificate has not: %v", err)
	}
	c.Close()
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
