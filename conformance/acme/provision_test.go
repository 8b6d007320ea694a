package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libdns/libdns"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/mimic"
)

// limited returns a context for what must not take for ever.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// served reports what a client gets that trusts the CA, from a server with a configuration.
func served(t *testing.T, a *authority, config *tls.Config, name string) (*x509.Certificate, error) {
	t.Helper()
	ctx, stop := context.WithCancel(limited(t))
	ln := listen(t, "127.0.0.1:0")
	server := &paf.Server{TLSConfig: config, Log: a.logger(), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("secured for " + r.Authority)
	})}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(ctx, ln, "", "") }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	var leaf *x509.Certificate
	leads := mimic.Add(mimic.Context{}, paf.TCP, ln.Addr().String())
	client := paf.Client{Context: mimic.Add(leads, paf.TLSConfig, &tls.Config{RootCAs: a.Roots, VerifyConnection: func(s tls.ConnectionState) error {
		leaf = s.PeerCertificates[0]
		return nil
	}})}
	defer client.Close()
	resp, err := client.Get(ctx, "https://"+name+"/")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && (string(text) != "secured for "+name || resp.Protocol != paf.HTTP2) {
		err = fmt.Errorf("%v, %q", resp.Protocol, text)
	}
	return leaf, err
}

// zone is a provider of DNS whose zone is pebble-challtestsrv's.
type zone struct {
	*authority
	mu      sync.Mutex
	added   int
	deleted int
}

func (z *zone) AppendRecords(ctx context.Context, name string, rs []libdns.Record) ([]libdns.Record, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, r := range rs {
		z.added++
		rr := r.RR()
		if err := z.setDNS(ctx, "set-txt", map[string]string{"host": libdns.AbsoluteName(rr.Name, name), "value": rr.Data}); err != nil {
			return nil, err
		}
	}
	return rs, nil
}

func (z *zone) DeleteRecords(ctx context.Context, name string, rs []libdns.Record) ([]libdns.Record, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, r := range rs {
		z.deleted++
		if err := z.setDNS(ctx, "clear-txt", map[string]string{"host": libdns.AbsoluteName(r.RR().Name, name)}); err != nil {
			return nil, err
		}
	}
	return rs, nil
}

func TestACertificateIsProvisioned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		challenge     acme.Challenge
		ipv6          bool
		account, cert acme.KeyType
		name, ask     string
	}{
		{acme.HTTP01, false, acme.P256, acme.P256, "one.paf.test", ""},
		{acme.HTTP01, true, acme.RSA2048, acme.P384, "two.paf.test", ""},
		{acme.TLSALPN01, false, acme.P384, acme.RSA2048, "three.paf.test", ""},
		{acme.TLSALPN01, true, acme.P256, acme.P256, "four.paf.test", ""},
		{acme.DNS01, false, acme.RSA4096, acme.P256, "*.five.paf.test", "any.five.paf.test"},
		{acme.DNS01, true, acme.P256, acme.P256, "*.six.paf.test", "any.six.paf.test"},
		{acme.HTTP01, false, acme.P256, acme.P256, "127.0.0.1", ""},
		{acme.TLSALPN01, false, acme.P256, acme.P256, "127.0.0.1", ""},
		{acme.TLSALPN01, true, acme.P256, acme.P256, "::1", "[::1]"},
	} {
		t.Run(fmt.Sprint(c.challenge, " ", c.name, " ", c.account), func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, options{ipv6: c.ipv6})
			config := a.config()
			config.AccountKey, config.CertificateKey = c.account, c.cert
			var steps []acme.StepKind
			config.OnStep = func(s acme.Step) { steps = append(steps, s.Kind) }
			z := &zone{authority: a}
			switch c.challenge {
			case acme.HTTP01:
				config.HTTPListener = a.HTTP
			case acme.TLSALPN01:
				config.TLSListener = a.TLS
			case acme.DNS01:
				config.DNS = &acme.DNS{Provider: z, Zone: "paf.test", Resolvers: []string{a.DNS}}
			}
			secured, err := acme.Provision(limited(t), config, c.name)
			if err != nil {
				t.Fatal(err)
			}
			if c.ask == "" {
				c.ask = c.name
			}
			if _, err := served(t, a, secured, c.ask); err != nil {
				t.Error(err)
			}
			if got := fmt.Sprint(steps); got != "[registering ordering presenting issued]" {
				t.Errorf("steps: %s", got)
			}
			if c.challenge == acme.DNS01 && (z.added != 1 || z.deleted != 1) {
				t.Errorf("%d records were added, and %d deleted", z.added, z.deleted)
			}
			for _, ln := range []net.Listener{config.HTTPListener, config.TLSListener} {
				if ln != nil {
					if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
						t.Errorf("the listener is not closed: %v", err)
					}
				}
			}

			// A second time it is in the Storage: the CA is asked nothing.
			before := len(a.got("/"))
			config.HTTPListener, config.TLSListener = listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
			if _, err := acme.Provision(limited(t), config, c.name); err != nil || len(a.got("/")) != before {
				t.Errorf("a second time: %v, %d requests", err, len(a.got("/"))-before)
			}
		})
	}
}

func TestEd25519IsRefusedAtOnce(t *testing.T) {
	for _, config := range []acme.Config{{AccountKey: acme.Ed25519}, {CertificateKey: acme.Ed25519}} {
		if _, err := acme.New(config); err == nil || !strings.Contains(err.Error(), "use P256") {
			t.Errorf("%v", err)
		}
	}
}

func TestTheCAIsReachedByAnyContext(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	path := t.TempDir() + "/ca.sock"
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = a.front.Config.Serve(tls.NewListener(ln, a.front.TLS)) }()
	config := a.config()
	config.CAs[0].URL = "https://example.com/dir" // the name in the front's certificate
	config.Context = mimic.Add(mimic.Context{}, paf.Unix, path)
	config.HTTPListener = a.HTTP
	if _, err := acme.Provision(limited(t), config, "unix.paf.test"); err != nil {
		t.Error(err)
	}
}

func TestAnExternalAccountIsBound(t *testing.T) {
	t.Parallel()
	const mac = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	a := newAuthority(t, options{pebble: map[string]any{"externalAccountBindingRequired": true, "externalAccountMACKeys": map[string]string{"kid-1": mac}}})
	config := a.config()
	config.HTTPListener = a.HTTP
	_, err := acme.Provision(limited(t), config, "bound.paf.test")
	var e *acme.Error
	if !errors.As(err, &e) || e.Problem.Type != "externalAccountRequired" || !strings.Contains(e.Error(), "CA.KeyID") {
		t.Fatalf("without an account: %v", err)
	}

	b := newAuthority(t, options{pebble: map[string]any{"externalAccountBindingRequired": true, "externalAccountMACKeys": map[string]string{"kid-1": mac}}})
	config = b.config()
	config.HTTPListener = b.HTTP
	config.CAs[0].KeyID, config.CAs[0].MACKey = "kid-1", mac
	if _, err := acme.Provision(limited(t), config, "bound.paf.test"); err != nil {
		t.Errorf("with one: %v", err)
	}
	if strings.Contains(b.logged(), mac) {
		t.Error("the MAC key was logged")
	}
}

func TestTheSecondCAIsAskedWhenTheFirstFails(t *testing.T) {
	t.Parallel()
	first := newAuthority(t, options{pebble: map[string]any{"domainBlocklist": []string{"both.paf.test"}}})
	second := newAuthority(t, options{})
	config := first.config()
	config.CAs = append(config.CAs, second.CA())
	config.HTTPListener = second.HTTP
	secured, err := acme.Provision(limited(t), config, "both.paf.test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := served(t, second, secured, "both.paf.test"); err != nil {
		t.Error(err)
	}
	if len(first.got("/order-plz")) == 0 {
		t.Error("the first was not asked")
	}
}

func TestASeedIsAnAccount(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	if err := a.setDNS(t.Context(), "set-default-ipv4", map[string]string{"ip": ""}); err != nil { // the account is all that matters
		t.Fatal(err)
	}
	seed := []byte("a seed of a test, which is long enough")
	var created, known int
	for _, kind := range []acme.KeyType{acme.P256, acme.P256, acme.RSA2048, acme.RSA2048} {
		config := a.config()
		config.AccountSeed, config.AccountKey = seed, kind
		config.HTTPListener = listen(t, "127.0.0.1:0")
		if _, err := acme.Provision(limited(t), config, "seed.paf.test"); err == nil {
			t.Fatal("there is a certificate that nobody can have got")
		}
	}
	for _, r := range a.got("/sign-me-up") {
		switch r.status {
		case 201:
			created++
		case 200:
			known++
		}
	}
	if created != 2 || known != 2 {
		t.Errorf("%d accounts were created, and %d known", created, known)
	}
}

func TestTermsMustBeAgreedTo(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, options{})
	config := a.config()
	config.AgreeToTerms = false
	config.HTTPListener = a.HTTP
	_, err := acme.Provision(limited(t), config, "terms.paf.test")
	if !errors.Is(err, acme.ErrTerms) || !strings.Contains(err.Error(), "AgreeToTerms") || len(a.got("/sign-me-up")) != 0 {
		t.Error(err)
	}
}
