package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// demanding returns a Manager whose CA refuses everything, and how often that was asked, and OnDemand.
func demanding(t *testing.T, decide func(name string) error) (m *Manager, asked, decided *atomic.Int64) {
	t.Helper()
	asked, decided = new(atomic.Int64), new(atomic.Int64)
	ca := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(404)
	}))
	roots := x509.NewCertPool()
	roots.AddCert(ca.Certificate())
	m = manager(t, Config{CAs: []CA{{URL: ca.URL + "/dir", Roots: roots}}, AgreeToTerms: true, OnDemand: func(_ context.Context, name string) error {
		decided.Add(1)
		return decide(name)
	}})
	t.Cleanup(ca.Close)
	return m, asked, decided
}

// shake makes a handshake with a Manager's configuration, and returns what the server thinks of it.
func shake(t *testing.T, m *Manager, name string) error {
	here, there := net.Pipe()
	defer here.Close()
	served := make(chan error, 1)
	go func() {
		defer there.Close()
		served <- tls.Server(there, m.TLSConfig()).HandshakeContext(t.Context())
	}()
	_ = tls.Client(here, &tls.Config{ServerName: name, InsecureSkipVerify: true}).HandshakeContext(t.Context())
	return <-served
}

func TestAFailureIsRememberedForAWhile(t *testing.T) {
	m, asked, decided := demanding(t, func(string) error { return nil })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 5 {
				if err := shake(t, m, "Example.org"); err == nil {
					t.Error("there is a certificate")
				}
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("the CA was asked %d times", n)
	}
	ds := m.demands
	for _, pause := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		f := ds.failed["example.org"]
		if f.pause != pause || time.Until(f.until) > pause || time.Until(f.until) < pause-time.Minute {
			t.Errorf("%v until %v, not %v", f.pause, f.until, pause)
		}
		f.until = time.Now()
		ds.failed["example.org"] = f
		before := decided.Load()
		if err := shake(t, m, "example.org"); err == nil || decided.Load() != before+1 {
			t.Errorf("OnDemand was not asked: %v", err)
		}
	}
	if n := asked.Load(); n != 4 {
		t.Errorf("the CA was asked %d times", n)
	}
}

func TestWhatIsRememberedOfDemandsIsBounded(t *testing.T) {
	m, asked, _ := demanding(t, func(string) error { return nil })
	ds := m.demands
	for n := range demandsMost {
		ds.begun[fmt.Sprint(n)] = &demand{}
	}
	if err := shake(t, m, "example.org"); !errors.Is(err, errBusy) {
		t.Error(err)
	}
	clear(ds.begun)
	for n := range failedMost + 100 {
		ds.end(fmt.Sprint(n), &demand{done: make(chan struct{})}, errBusy, false)
	}
	if len(ds.failed) != failedMost || asked.Load() != 0 {
		t.Errorf("%d failures are remembered, and the CA was asked %d times", len(ds.failed), asked.Load())
	}
}

func TestNamesThatNobodyWantsAreRefused(t *testing.T) {
	no := errors.New("no customer's")
	m, asked, _ := demanding(t, func(string) error { return no })
	for _, name := range []string{"example.org", "*.example.org", "a b", "", strings.Repeat("a", 64) + ".org"} {
		if err := shake(t, m, name); err == nil || name == "example.org" && !errors.Is(err, no) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := m.allowed(t.Context(), "example.org"); !errors.Is(err, no) { // a renewal
		t.Error(err)
	}
	m.keep("*.example.net")
	if err := m.allowed(t.Context(), "a.example.net"); err != nil {
		t.Error(err)
	}
	if len(m.demands.failed) > 0 || asked.Load() > 0 {
		t.Errorf("%v, %d", m.demands.failed, asked.Load())
	}
}

// A certificate that has ended is none, and is dropped when it is not wanted any more.
func TestWhatHasEndedIsWantedAnew(t *testing.T) {
	var no error
	m, asked, decided := demanding(t, func(string) error { return no })
	now := time.Now()
	store(t, m, "example.org", now.Add(-2*time.Hour), now.Add(-time.Hour), func(*x509.Certificate) string { return "{}" })
	for _, no = range []error{errors.New("no customer's"), nil, nil} {
		if err := shake(t, m, "example.org"); err == nil || no != nil && !errors.Is(err, no) {
			t.Error(err)
		}
	}
	if asked.Load() != 1 || decided.Load() != 2 {
		t.Errorf("the CA was asked %d times, OnDemand %d times", asked.Load(), decided.Load())
	}
	no = errors.New("no customer's")
	if err := m.allowed(t.Context(), "example.org"); !errors.Is(err, no) || len(m.cache.AllMatchingCertificates("example.org")) > 0 {
		t.Error(err)
	}
}
