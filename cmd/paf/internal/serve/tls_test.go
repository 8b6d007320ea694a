package serve

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	certs "github.com/paf-go/paf/cmd/paf/internal/cert"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/internal/selfsigned"
)

// dialed returns the state of a TLS connection to a server that offers what it offers.
func dialed(t *testing.T, addr string, offers ...string) tls.ConnectionState {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: offers})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState()
}

func addressOf(t *testing.T, printed string) string {
	t.Helper()
	m := regexp.MustCompile(`https://([^/]+)/`).FindStringSubmatch(printed)
	if m == nil {
		t.Fatalf("no address in %q", printed)
	}
	return m[1]
}

func TestOwnCertificateIsTheOneThatIsPrinted(t *testing.T) {
	r := start(t, Options{Listen: []string{"127.0.0.1:0"}, TLS: &TLS{Offers: []string{"h2", "http/1.1"}}}, 2)
	addr := addressOf(t, r.out.String())
	state := dialed(t, addr, "http/1.1", "h2")
	cert := state.PeerCertificates[0]
	if !strings.Contains(r.out.String(), fmt.Sprintf("%x", sha256.Sum256(cert.Raw))) {
		t.Errorf("the fingerprint of another certificate was printed: %s", r.out.String())
	}
	if state.NegotiatedProtocol != "h2" {
		t.Errorf("%q was negotiated, not what the server prefers", state.NegotiatedProtocol)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("for %s: %v", name, err)
		}
	}
	if left := time.Until(cert.NotAfter); left < certs.Lifetime-time.Hour || left > certs.Lifetime {
		t.Errorf("it is valid for %v", left)
	}
	// A client that trusts it speaks HTTP/2 to the server.
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != 200 {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
}

func TestGivenCertificateIsServed(t *testing.T) {
	cert, key, _ := selfsigned.Files(t, "given.example")
	o := &TLS{Cert: cert, Key: key, Offers: []string{"http/1.1"}}
	r := start(t, Options{Listen: []string{"127.0.0.1:0"}, TLS: o}, 2)
	state := dialed(t, addressOf(t, r.out.String()), "h2", "http/1.1")
	if state.PeerCertificates[0].DNSNames[0] != "given.example" || state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("%v, %q", state.PeerCertificates[0].DNSNames, state.NegotiatedProtocol)
	}
}

func TestCertificateThatCannotBeUsedIsSaid(t *testing.T) {
	o := Options{Listen: []string{"127.0.0.1:0"}, TLS: &TLS{Cert: "/nonexistent", Key: "/nonexistent"}, Out: io.Discard}
	var e *exit.Error
	if err := Run(t.Context(), o); !errors.As(err, &e) || e.Code != exit.Usage {
		t.Errorf("got %v", err)
	}
}

func TestProtocolsAreNamed(t *testing.T) {
	got, err := Protocols("http/1.1, h2,h2")
	if err != nil || strings.Join(got, " ") != "http/1.1 h2" {
		t.Errorf("%q, %v", got, err)
	}
	for _, list := range []string{"", "h3", "h2,,http/1.1", "HTTP/1.1"} {
		if got, err := Protocols(list); err == nil {
			t.Errorf("%q is %q", list, got)
		}
	}
}

func TestOneProtocolInClear(t *testing.T) {
	for _, c := range []struct {
		served, asked paf.Protocol
		ok            bool
	}{{0, paf.HTTP2, true}, {0, paf.HTTP11, true}, {paf.HTTP2, paf.HTTP2, true}, {paf.HTTP2, paf.HTTP11, false}, {paf.HTTP11, paf.HTTP2, false}} {
		r := start(t, Options{Listen: []string{"127.0.0.1:0"}, Protocol: c.served}, 1)
		url := regexp.MustCompile(`http://[^/]+/`).FindString(r.out.String())
		client := &paf.Client{Protocol: c.asked}
		resp, err := client.Get(t.Context(), url)
		if ok := err == nil && resp.Status == 200; ok != c.ok {
			t.Errorf("a server of %v asked in %v: %v", c.served, c.asked, err)
		}
		if err == nil {
			resp.Body.Close()
		}
		client.Close()
		r.stop()
	}
}
