package paf_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/internal/testkit"
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
	inner := testkit.Listen(t)
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

// What net/http's ListenAndServeTLS does: a certificate from files, and HTTP/2 for those who know it.
func TestListenAndServeTLSServesHTTP2(t *testing.T) {
	cert, key, _ := selfsigned.Files(t)
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) { fmt.Fprint(w, r.Protocol, " ", r.Scheme) })
	path := filepath.Join(t.TempDir(), "s")
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.ListenAndServeTLS(ctx, "unix:"+path, cert, key) }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	for protocol, want := range map[paf.Protocol]string{0: "HTTP/2.0 https", paf.HTTP11: "HTTP/1.1 https"} {
		c := newClient(t)
		c.Protocol = protocol
		c.Context = mimic.Add(mimic.Add(mimic.Context{}, paf.Unix, path), paf.TLSConfig, &tls.Config{InsecureSkipVerify: true})
		resp, err := c.Get(t.Context(), "https://example.com/")
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, resp); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("ListenAndServeTLS: %v", err)
	}
}

// A configuration of TLS is not left aside without a word.
func TestTLSConfigIsNotServedInClear(t *testing.T) {
	log := &testkit.Record{}
	s := handle(hello)
	s.Log = slog.New(slog.NewTextHandler(log, nil))
	if err := s.ListenAndServeTLS(t.Context(), "127.0.0.1:0", "", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a certificate: %v", err)
	}
	cert, _ := selfSigned()
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	if err := s.ListenAndServe(t.Context(), "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "ListenAndServeTLS") {
		t.Errorf("ListenAndServe: %v", err)
	}
	ln := testkit.Listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Serve(ctx, ln); err != nil || !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "ServeTLS") {
		t.Errorf("Serve: %v, log: %s", err, log)
	}
	closed := testkit.Listen(t)
	if err := s.ServeTLS(t.Context(), closed, "none", "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("files that are none: %v", err)
	}
	plain := handle(hello)
	plain.TLSConfig = &tls.Config{NextProtos: []string{"h2"}} // of which nobody knows what it is for
	if err := plain.ListenAndServe(ctx, "127.0.0.1:0"); err != nil && strings.Contains(err.Error(), "ListenAndServeTLS") {
		t.Errorf("without certificates ListenAndServe: %v", err)
	}
	if _, err := closed.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}
