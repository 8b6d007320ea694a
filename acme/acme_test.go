package acme

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	protocol "github.com/mholt/acmez/v3/acme"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/paftest"
)

// The goroutine by which certmagic keeps the file of a lock fresh notices some seconds late that the lock is released.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"))
}

func manager(t *testing.T, config Config) *Manager {
	t.Helper()
	config.Storage = Files(t.TempDir())
	m, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestTheHandlerAnswersChallengesAndNothingElse(t *testing.T) {
	m := manager(t, Config{})
	proof := protocol.Challenge{Type: string(HTTP01), Token: "a-token_1", KeyAuthorization: "a-token_1.print"}
	if err := m.proofs.put(t.Context(), proof); err != nil {
		t.Fatal(err)
	}
	m.proofs.here = map[string]protocol.Challenge{} // another machine of the fleet has put it there
	s := paftest.NewServer(t, m.HTTPHandler(paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("next")
	})))
	for _, c := range []struct {
		method, target string
		status         int
		text           string
	}{
		{"GET", "/.well-known/acme-challenge/a-token_1", 200, "a-token_1.print"},
		{"HEAD", "/.well-known/acme-challenge/a-token_1", 200, ""},
		{"GET", "/.well-known/acme-challenge/A-token_1", 404, ""},
		{"GET", "/.well-known/acme-challenge/unknown", 404, ""},
		{"POST", "/.well-known/acme-challenge/a-token_1", 200, "next"},
		{"GET", "/.well-known/acme-challenge/a-token_1?x", 200, "next"},
		{"GET", "/.well-known/acme-challenge/a-token_1/", 200, "next"},
		{"GET", "/.well-known/acme-challenge/..%2fkey", 200, "next"},
		{"GET", "/.well-known/acme-challenge/" + strings.Repeat("a", 129), 200, "next"},
		{"GET", "/.well-known/acme-challenge/", 200, "next"},
		{"GET", "/a/b/c", 200, "next"},
	} {
		status, text, header := ask(t, s, c.method, c.target)
		if status != c.status || text != c.text {
			t.Errorf("%s %s: %d, %q", c.method, c.target, status, text)
		}
		if kind := header.Get("Content-Type"); strings.HasSuffix(text, ".print") && kind != "application/octet-stream" {
			t.Errorf("%s: %q", c.target, kind)
		}
	}
	if err := m.proofs.remove(t.Context(), proof); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := ask(t, s, "GET", "/.well-known/acme-challenge/a-token_1"); status != 404 {
		t.Errorf("after it was removed: %d", status)
	}
}

func ask(t *testing.T, s *paftest.Server, method, target string) (int, string, paf.Fields) {
	t.Helper()
	r, err := paf.NewRequest(method, "http://example.org:80"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := s.Client
	client.MaxRedirects = -1
	resp, err := client.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.Status, b.String(), resp.Header
}

func TestTheRestIsRedirected(t *testing.T) {
	for port, want := range map[int]string{0: "https://example.org/a?b=%20c", 8443: "https://example.org:8443/a?b=%20c"} {
		m := manager(t, Config{HTTPSPort: port})
		m.keep("example.org")
		s := paftest.NewServer(t, m.HTTPHandler(nil))
		for method, status := range map[string]int{"GET": 301, "HEAD": 301, "POST": 308} {
			got, _, header := ask(t, s, method, "/a?b=%20c")
			if got != status || header.Get("Location") != want {
				t.Errorf("%s: %d, %s", method, got, header.Get("Location"))
			}
		}
	}
	m := manager(t, Config{OnDemand: func(_ context.Context, name string) error {
		if name != "shop.example.net" {
			return errors.New("no customer's")
		}
		return nil
	}})
	for _, name := range []string{"example.org", "*.example.com", "192.0.2.1", "2001:db8::1"} {
		m.keep(name)
	}
	s := paftest.NewServer(t, m.HTTPHandler(nil))
	for _, host := range []string{"*.example.com", "example.org@evil.test", "example.org/", ""} {
		if m.isOurs(t.Context(), host) {
			t.Errorf("%q is ours", host)
		}
	}
	for host, want := range map[string]int{
		"example.org": 301, "EXAMPLE.org.": 301, "example.org:8080": 301, "a.example.com": 301, "192.0.2.1": 301, "[2001:db8::1]:80": 301, "shop.example.net": 301,
		"evil.test": 421, "a.b.example.com": 421, "example.com": 421, "192.0.2.2": 421,
	} {
		r, err := paf.NewRequest("GET", "http://"+host+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		client := s.Client
		client.MaxRedirects = -1
		resp, err := client.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.Status != want {
			t.Errorf("%q: %d", host, resp.Status)
		}
	}
	for authority, want := range map[string]string{
		"example.org": "example.org", "example.org:80": "example.org", "[::1]:80": "[::1]", "[::1]": "[::1]", "192.0.2.1:80": "192.0.2.1", "": "",
	} {
		if got := hostOf(authority); got != want {
			t.Errorf("%s: %s", authority, got)
		}
	}
}

func TestAProofThatIsNotThereIsNoHandshake(t *testing.T) {
	m := manager(t, Config{})
	if c, err := m.challengeConfig(&tls.ClientHelloInfo{ServerName: "example.org", SupportedProtos: []string{"h2", "acme-tls/1"}}); c != nil || err != nil {
		t.Errorf("%v, %v", c, err)
	}
}

func TestNoTwoCAsShareAFolder(t *testing.T) {
	seen := map[string]string{}
	for _, directory := range []string{
		LetsEncrypt, LetsEncryptStaging, "https://ca.test/dir", "https://ca.test/dir?tenant=1", "https://ca.test/dir?tenant=2", "https://ca.test/dir/", "https://ca.test/dir#1",
		"https://ca.test/Dir", "https://ca.test/a/b", "https://ca.test/a-b", "https://ca.test/a..b", "https://ca.test/ab", "https://ca.test:8443/dir", "https://ca.test/8443/dir", "https://ca.test/8443-dir",
		"https://ca.test", "https://ca.test/", "https://a@ca.test/dir", "https://b@ca.test/dir", "https://ca.test//dir", "https://ca.test/d%69r",
	} {
		key := certmagic.StorageKeys.Safe(keyOf(directory))
		if other, is := seen[key]; is || key != certmagic.StorageKeys.Safe(key) {
			t.Errorf("%s and %s are both %s", directory, other, key)
		}
		seen[key] = directory
		if h := (Held{CA: key}); !h.IsOf(directory) {
			t.Errorf("%s is not its own", directory)
		}
	}
	if got := keyOf(LetsEncrypt); got != "acme-v02.api.letsencrypt.org-directory" {
		t.Error(got)
	}
	if keyOf("https://CA.test/dir?a") != keyOf("https://ca.test/dir?a") || keyOf("https://CA.test/dir") != keyOf("https://ca.test/dir") {
		t.Error("the case of a host makes two CAs")
	}
}

func TestNamesOfAddresses(t *testing.T) {
	for name, want := range map[string]string{
		"Example.org.": "example.org", "1.2.0.192.in-addr.arpa": "192.0.2.1", "x.in-addr.arpa": "x.in-addr.arpa",
		strings.Repeat("0.", 4) + "1" + strings.Repeat(".0", 27) + ".ip6.arpa": "::1:0", "1.ip6.arpa": "1.ip6.arpa",
		"1" + strings.Repeat(".0", 31) + ".ip6.arpa": "::1",
	} {
		if got := nameOfChallenge(name); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

func TestConfigsThatCannotWorkAreRefused(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{CAs: []CA{{URL: "http://ca.test/dir"}}}, "https"},
		{Config{CAs: []CA{{KeyID: "me"}}}, "MACKey"},
		{Config{AccountKey: "P-512"}, `no kind of keys "P-512"`},
		{Config{AccountSeed: []byte("short")}, "needs 32"},
		{Config{Challenges: []Challenge{"dns-02"}}, `no challenge "dns-02"`},
		{Config{Challenges: []Challenge{DNS01}}, "Provider"},
		{Config{RenewAt: 1}, "RenewAt"},
	} {
		m, err := New(c.config)
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
	}
	m := manager(t, Config{})
	for name, want := range map[string]string{
		"a..b": "part of 0", strings.Repeat("a", 64) + ".org": "part of 64", strings.Repeat("a.", 127) + "org": "257 bytes", "a_b.org": "no name", "fe80::1%eth0": "no name", "ex\u2028ample.org": "no name",
		"": "no name", "https://example.org": "without scheme", "example.org:443": "without scheme", "*.example.org": "DNS01", "a b": "no name", "*.*.example.org": "no name",
	} {
		if err := m.Manage(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, config := range []Config{{}, {Challenges: []Challenge{HTTP01}, TLSAddress: ":443"}} {
		if _, err := Provision(t.Context(), config, "example.org"); err == nil || !strings.Contains(err.Error(), "would answer") {
			t.Errorf("%v", err)
		}
	}
}

func TestNamesAreAsCertificatesHaveThem(t *testing.T) {
	for name, want := range map[string]string{
		" Example.ORG. ": "example.org", "Bücher.Example": "xn--bcher-kva.example", "*.bücher.example": "*.xn--bcher-kva.example", "xn--BCHER-kva.example": "xn--bcher-kva.example",
		"faß.example": "xn--fa-hia.example", "例え。テスト": "xn--r8jz45g.xn--zckzah", "192.0.2.1": "192.0.2.1", "2001:DB8:0::1": "2001:db8::1", "::ffff:192.0.2.1": "192.0.2.1", "localhost": "localhost",
	} {
		if got, err := bareName(name); got != want || err != nil {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// What a seed yields must never change: the number is of a key that an earlier run has made.
func TestASeedIsAKey(t *testing.T) {
	seed := []byte("0123456789abcdef0123456789abcdef")
	for _, kind := range []KeyType{P256, P384, RSA2048} {
		var all []crypto.Signer
		for _, purpose := range []string{"account", "account", "certificate"} {
			key, err := kind.generate(seed, purpose)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, key)
		}
		type equaler interface{ Equal(crypto.PublicKey) bool }
		if !all[0].Public().(equaler).Equal(all[1].Public()) || all[0].Public().(equaler).Equal(all[2].Public()) {
			t.Errorf("%s: not the same, or the same for everything", kind)
		}
	}
	key, err := P256.generate(seed, "account")
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.(*ecdsa.PrivateKey).PublicKey.Bytes()
	if err != nil || hex.EncodeToString(public[1:5]) != "4620a8b5" {
		t.Errorf("%v: %s", err, hex.EncodeToString(public[1:5]))
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0": 0,
		now.Add(time.Hour).Format(http.TimeFormat): time.Hour, "": tooOftenPause, "-1": tooOftenPause, "soon": tooOftenPause, "99999999999999": tooOftenPause, "1000000": tooOftenMost,
		now.AddDate(100, 0, 0).Format(http.TimeFormat): tooOftenMost,
	} {
		if got := retryAfter(value, now).Sub(now); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestWhatCertmagicLogsIsSlogs(t *testing.T) {
	var b bytes.Buffer
	l := newZap(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "time" {
			return slog.Attr{}
		}
		return a
	}})))
	l.Info("of interest to nobody")
	l.Named("one").Named("two").With(zap.String("z", "last")).Error("it broke", zap.Error(errors.New("in two")), zap.Int("a", 1))
	if got := b.String(); got != `level=ERROR msg="acme: certmagic: one: two: it broke" z=last a=1 error="in two"`+"\n" {
		t.Error(got)
	}
}

func TestAnErrorSaysWhatToTry(t *testing.T) {
	i := &issuer{ca: CA{URL: "https://ca.test/dir"}}
	for kind, want := range map[string]string{
		"caa": "CAA record of example.org", "rejectedIdentifier": "does not issue", "serverInternal": "CA's own fault", "rateLimited": "LetsEncryptStaging",
		"externalAccountRequired": "CA.KeyID", "badCSR": "KeyType", "userActionRequired": "terms", "invalidContact": "Email",
	} {
		err := i.explain(protocol.Problem{Type: protocol.ProblemTypeNamespace + kind, Detail: "No."}, "*.example.org", DNS01)
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "says: No ("+kind+")") || err.Challenge != "" {
			t.Error(err)
		}
	}
	for _, ch := range []Challenge{HTTP01, TLSALPN01, DNS01} {
		for _, kind := range []string{"dns", "connection", "tls", "unauthorized", "incorrectResponse"} {
			authz := protocol.Authorization{Challenges: []protocol.Challenge{{Type: string(ch), Token: "token"}}}
			err := i.explain(protocol.Problem{Type: protocol.ProblemTypeNamespace + kind, Resource: authz}, "example.org", ch)
			if err.Challenge != ch || err.Advice == "" || !strings.Contains(err.Error(), err.Address) {
				t.Errorf("%s, %s: %v", ch, kind, err)
			}
		}
	}
}

// The advice is about the CA's server if that was not reached, and not if it is the Storage.
func TestAdviceIsAboutWhatHasFailed(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	m := manager(t, Config{CAs: []CA{{URL: "https://127.0.0.77:1/dir"}}, AgreeToTerms: true})
	if err := m.manage(t.Context(), "example.org"); err == nil || !strings.Contains(err.Error(), "The CA's server was not reached") {
		t.Error(err)
	}
	s := &counted{Storage: m.config.Storage}
	i := m.issuers[0]
	i.config.Storage, i.directory.text = s, []byte("{}")
	s.cause = fmt.Errorf("redis: %w", refused)
	s.broken.Store(true)
	_, err := i.try(t.Context(), HTTP01, "example.org", nil)
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, refused) || e.Advice != "" {
		t.Error(err)
	}
}

func TestOnlyWhatHasAListenerIsAnsweredOnOne(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := manager(t, Config{}).Answer(t.Context(), DNS01, ln); err == nil {
		t.Error("dns-01 is answered")
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

func TestChallengesThatSuit(t *testing.T) {
	all := Config{Challenges: []Challenge{DNS01, TLSALPN01, HTTP01}}
	for name, want := range map[string][]Challenge{
		"example.org": {DNS01, TLSALPN01, HTTP01}, "*.example.org": {DNS01}, "192.0.2.1": {TLSALPN01, HTTP01}, "::1": {TLSALPN01, HTTP01},
	} {
		if got := all.suited(name); !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAManagerThatWasClosedDoesNothing(t *testing.T) {
	m := manager(t, Config{})
	m.Close()
	m.Close()
	if err := m.Manage(context.Background(), "example.org"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := m.Renew(context.Background(), "example.org"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
