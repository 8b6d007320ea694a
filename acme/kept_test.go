package acme

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
)

// A stuck Storage does not answer any more, once it is.
type stuck struct {
	Storage
	is    atomic.Bool
	asked chan struct{} // while it is stuck
}

func (s *stuck) Load(ctx context.Context, key string) ([]byte, error) {
	if s.is.Load() {
		s.asked <- struct{}{}
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return s.Storage.Load(ctx, key)
}

func (s *stuck) Store(ctx context.Context, key string, value []byte) error {
	if s.is.Load() {
		return context.DeadlineExceeded
	}
	return s.Storage.Store(ctx, key, value)
}

// While certmagic looks into a Storage that does not answer, with its cache locked, handshakes of other names wait: not for ever.
func TestAStorageThatIsStuckDoesNotStopHandshakesForEver(t *testing.T) {
	s := &stuck{Storage: Files(t.TempDir()), asked: make(chan struct{}, 100)}
	m, err := New(Config{Storage: s, NoOCSP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.kept.timeout = 50 * time.Millisecond
	now := time.Now()
	about := func(*x509.Certificate) string { return "{}" }
	store(t, m, "due.test", now.Add(-89*24*time.Hour), now.Add(24*time.Hour), about)
	store(t, m, "fresh.test", now, now.Add(90*24*time.Hour), about)
	for _, name := range []string{"due.test", "fresh.test"} {
		if _, err := m.magic.CacheManagedCertificate(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	s.is.Store(true)
	done := make(chan error, 3)
	go func() { done <- m.cache.RenewManagedCertificates(t.Context()) }()
	<-s.asked
	go func() { m.drop("other.test"); done <- nil }() // which wants to write
	go func() { done <- shake(t, m, "fresh.test") }()
	for range 3 {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("somebody waits for ever")
		}
	}
}

// certmagic asks servers of OCSP over the kernel's network; whoever has set a Context may not want that.
func TestWithAContextNoServerOfOCSPIsAsked(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	for context, want := range map[mimic.Context]int64{{}: 1, mimic.Add(mimic.Context{}, paf.TCP, "192.0.2.1:443"): 0} {
		asked.Store(0)
		m := manager(t, Config{Context: context})
		now := time.Now()
		store(t, m, "example.org", now, now.Add(90*24*time.Hour), func(*x509.Certificate) string { return "{}" }, func(c *x509.Certificate) {
			c.OCSPServer, c.IssuingCertificateURL = []string{s.URL}, []string{s.URL}
		})
		if _, err := m.magic.CacheManagedCertificate(t.Context(), "example.org"); err != nil || asked.Load() != want {
			t.Errorf("%d requests, not %d: %v", asked.Load(), want, err)
		}
	}
}
