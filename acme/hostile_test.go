package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"
)

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// solverOf returns the solver of an order, and the account's thumbprint.
func solverOf(t *testing.T, m *Manager, ch Challenge, kind, name string) (*solver, string) {
	t.Helper()
	account := protocol.Account{PrivateKey: newKey(t)}
	print, err := account.Thumbprint()
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.issuers[0].newSolver(ch, name, acmez.OrderParameters{
		Account: account, Identifiers: []protocol.Identifier{{Type: kind, Value: name}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, print
}

// A hostile CA writes a key authorization and an identifier of somebody else's into its JSON.
func TestAProofIsOfOurOwnMaking(t *testing.T) {
	m := manager(t, Config{})
	for _, ch := range []Challenge{HTTP01, TLSALPN01} {
		s, print := solverOf(t, m, ch, "dns", "example.org")
		said := protocol.Challenge{
			Type: "dns-01", Token: "token", KeyAuthorization: "token.theirs", Identifier: protocol.Identifier{Type: "dns", Value: "Example.org"},
		}
		if err := s.Present(t.Context(), said); err != nil {
			t.Fatal(err)
		}
		at := map[Challenge]string{HTTP01: "token", TLSALPN01: "example.org"}[ch]
		c, known, err := m.proofs.find(t.Context(), ch, at)
		if err != nil || !known || c.KeyAuthorization != "token."+print || c.Identifier.Value != "example.org" || c.Type != string(ch) {
			t.Errorf("%s: %+v, %v, %v", ch, c, known, err)
		}
		if err := s.Present(t.Context(), said); err == nil {
			t.Error("presented twice")
		}
		victim := filepath.Join(t.TempDir(), "x.json")
		if err := os.WriteFile(victim, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		said.Token, said.Identifier.Value = "../../../../../../../../../.."+strings.TrimSuffix(victim, ".json"), "victim.test"
		if err := s.CleanUp(t.Context(), said); err != nil {
			t.Error(err)
		}
		if _, known, _ := m.proofs.find(t.Context(), ch, at); known {
			t.Errorf("%s: still presented", ch)
		}
		if err := s.CleanUp(t.Context(), said); err != nil {
			t.Error(err)
		}
		if err := m.proofs.remove(t.Context(), protocol.Challenge{Type: string(HTTP01), Token: said.Token}); err == nil {
			t.Error("a path was removed")
		}
		if _, err := os.Stat(victim); err != nil {
			t.Error(err)
		}
	}
}

func TestAProofOfSomethingElseIsRefused(t *testing.T) {
	m := manager(t, Config{})
	id := func(kind, value string) protocol.Identifier { return protocol.Identifier{Type: kind, Value: value} }
	for _, c := range []struct {
		kind, ordered, token string
		said                 protocol.Identifier
		good                 bool
	}{
		{"dns", "example.org", "token", id("dns", "example.org"), true},
		{"dns", "*.example.org", "token", id("dns", "example.org"), true},
		{"ip", "2001:db8::1", "token", id("ip", "2001:DB8:0::1"), true},
		{"dns", "example.org", "token", id("dns", "www.example.org"), false},
		{"dns", "example.org", "token", id("ip", "example.org"), false},
		{"dns", "example.org", "token", id("", ""), false},
		{"ip", "192.0.2.1", "token", id("ip", "192.0.2.2"), false},
		{"dns", "example.org", "../token", id("dns", "example.org"), false},
		{"dns", "example.org", "", id("dns", "example.org"), false},
	} {
		for _, ch := range []Challenge{HTTP01, TLSALPN01} {
			s, _ := solverOf(t, m, ch, c.kind, c.ordered)
			err := s.Present(t.Context(), protocol.Challenge{Type: string(ch), Token: c.token, Identifier: c.said})
			if (err == nil) != c.good {
				t.Errorf("%s, %+v: %v", ch, c, err)
			}
			if err := s.CleanUp(t.Context(), protocol.Challenge{}); err != nil {
				t.Error(err)
			}
		}
	}
	if len(m.proofs.here) > 0 {
		t.Error(m.proofs.here)
	}
}

func TestServerNamesThatAreNone(t *testing.T) {
	m := manager(t, Config{})
	for _, name := range []string{strings.Repeat("a", 254), strings.Repeat("a.", 127) + "a", strings.Repeat(".", 65000)} {
		if _, err := m.certificate(&tls.ClientHelloInfo{ServerName: name}); err == nil || !strings.Contains(err.Error(), "RFC 1035") {
			t.Error(err)
		}
		if _, err := m.challengeConfig(&tls.ClientHelloInfo{ServerName: name, SupportedProtos: []string{"acme-tls/1"}}); err == nil || !strings.Contains(err.Error(), "RFC 1035") {
			t.Error(err)
		}
	}
	if err := checkServerName(&tls.ClientHelloInfo{ServerName: strings.Repeat("a.", 126) + "a."}); err != nil {
		t.Error(err)
	}
}

// issue returns a chain of one certificate, and the request that it answers.
func issue(t *testing.T, change func(*x509.Certificate), key crypto.Signer) ([]byte, *x509.CertificateRequest) {
	t.Helper()
	text, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"example.org"}, IPAddresses: []net.IP{{192, 0, 2, 1}}}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	ca := newKey(t)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"Example.org"}, IPAddresses: []net.IP{{192, 0, 2, 1}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	public := csr.PublicKey
	if change != nil {
		change(c)
		if c.PublicKey != nil {
			public = c.PublicKey
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, &x509.Certificate{}, public, ca)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), csr
}

func TestWhatACAIssuesIsWhatWasOrdered(t *testing.T) {
	m := manager(t, Config{})
	key, other := newKey(t), newKey(t)
	for name, change := range map[string]func(*x509.Certificate){
		"another key": func(c *x509.Certificate) { c.PublicKey = other.Public() },
		"names":       func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "www.example.org") },
		"IP":          func(c *x509.Certificate) { c.IPAddresses = nil },
		"until":       func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
		"from":        func(c *x509.Certificate) { c.NotBefore = c.NotAfter.Add(time.Minute) },
		"@":           func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b"} },
	} {
		chain, csr := issue(t, change, key)
		_, err := m.issuers[0].checked("example.org", chain, csr)
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrCertificate) || e.Advice == "" || name != "@" && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good, csr := issue(t, nil, key)
	block := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})
	for chain, want := range map[string]bool{
		string(good): true, strings.Repeat(string(good), 10) + "\n": true, strings.Repeat(string(good), 11): false, "": false, "text": false,
		string(good) + string(block): false, string(block) + string(good): false, string(good) + "text": false,
	} {
		if _, err := m.issuers[0].checked("example.org", []byte(chain), csr); (err == nil) != want {
			t.Errorf("%d bytes: %v", len(chain), err)
		}
	}
}

// fakeCA answers by a handler, and returns the client of a Manager that trusts it.
func fakeCA(t *testing.T, h http.HandlerFunc) (*httptest.Server, *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	client, transport := newClient(&Config{}, &CA{URL: s.URL, Roots: roots}, &directory{})
	t.Cleanup(func() { transport.Close(); s.Close() })
	return s, client
}

func TestWhatACAMayAnswerIsBounded(t *testing.T) {
	s, client := fakeCA(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/clear":
			http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, answerMost+1))
		case "/head":
			w.Header().Set("X", strings.Repeat("x", headMost))
		case "/later":
			w.Header().Set("Retry-After", "99999")
			w.Header().Set("Link", `</up>;rel="up"`)
			_, _ = io.WriteString(w, r.Header.Get("Accept-Encoding"))
		}
	})
	for path, want := range map[string]string{"/clear": "over https alone", "/round": "redirected more than 3", "/large": "too large", "/head": ""} {
		resp, err := client.Get(s.URL + path)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for method, want := range map[string]string{http.MethodPost: "60", http.MethodGet: "99999"} {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/later", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.Header.Get("Retry-After") != want || resp.Header.Get("Link") != "" || len(text) > 0 {
			t.Errorf("%s: %v, %v, %q", method, err, resp.Header, text)
		}
	}
}

// What orders were told does not hold up a revocation, nor is it told by one.
func TestARevocationIsNotHeldUpByOrders(t *testing.T) {
	i := manager(t, Config{}).issuers[0]
	i.close("example.org", time.Now().Add(time.Hour))
	called := false
	err := i.patiently(t.Context(), "example.org", false, func(context.Context) error { called = true; return nil })
	if err != nil || !called {
		t.Error(err)
	}
	if err := i.patiently(t.Context(), "example.org", true, func(context.Context) error { return nil }); !errors.Is(err, ErrTooOften) {
		t.Error(err)
	}
	refused := errors.New("no")
	err = i.patiently(t.Context(), "www.example.org", false, func(ctx context.Context) error {
		ctx.Value(noteKey{}).(*note).set(time.Now().Add(time.Hour))
		return refused
	})
	if !errors.Is(err, refused) || !i.closedUntil("www.example.org").IsZero() {
		t.Error(err)
	}
}

func TestWhatIsSaidToACAHasAnEnd(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   time.Duration
	}{{Config{}, talkTimeout}, {Config{DNS: &DNS{}}, talkTimeout + dnsTimeout}, {Config{DNS: &DNS{Timeout: time.Hour}}, talkTimeout + time.Hour}, {Config{DNS: &DNS{Timeout: -1}}, talkTimeout}} {
		before := time.Now()
		ctx, cancel := (&issuer{config: &c.config}).bounded(t.Context())
		end, ok := ctx.Deadline()
		cancel()
		if d := end.Sub(before); !ok || d < c.want || d > c.want+time.Minute {
			t.Errorf("%v, not %v", d, c.want)
		}
	}
}

func TestNothingIsKeptInAFolderThatNobodyHasNamed(t *testing.T) {
	for _, storage := range []Storage{nil, Files("")} {
		if _, err := New(Config{Storage: storage}); err == nil || !strings.Contains(err.Error(), "Files(FOLDER)") {
			t.Error(err)
		}
		if _, err := NewTickets(t.Context(), TicketConfig{Storage: storage}); !errors.Is(err, ErrTicketConfig) {
			t.Error(err)
		}
	}
}
