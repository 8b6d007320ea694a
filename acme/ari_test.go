package acme

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	protocol "github.com/mholt/acmez/v3/acme"
)

// store puts a certificate into a Manager's Storage, as certmagic does, with text for what is known about it.
func store(t *testing.T, m *Manager, name string, from, until time.Time, about func(leaf *x509.Certificate) string, change ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: from, NotAfter: until}
	for _, f := range change {
		f(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := certmagic.PEMEncodePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	issuer := m.issuers[0].key
	for at, value := range map[string][]byte{
		certmagic.StorageKeys.SiteCert(issuer, name):       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		certmagic.StorageKeys.SitePrivateKey(issuer, name): secret,
		certmagic.StorageKeys.SiteMeta(issuer, name):       []byte(about(leaf)),
	} {
		if err := m.config.Storage.Store(t.Context(), at, value); err != nil {
			t.Fatal(err)
		}
	}
	return leaf
}

// ari writes down what a CA may have said.
func ari(leaf *x509.Certificate, start, end, selected, again time.Time) string {
	id, _ := protocol.ARIUniqueIdentifier(leaf)
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return fmt.Sprintf(`{"sans":["elsewhere.test"],"issuer_data":{"renewal_info":{"suggestedWindow":{"start":%q,"end":%q},"_uniqueIdentifier":%q,"_retryAfter":%q,"_selectedTime":%q}}}`,
		stamp(start), stamp(end), id, stamp(again), stamp(selected))
}

// What is wrong about a renewal in the Storage neither stops certmagic nor makes it renew.
func TestWhatIsWrongAboutRenewalsIsLeftOut(t *testing.T) {
	now := time.Now()
	from, until, soon := now.Add(-time.Hour), now.Add(90*24*time.Hour), now.Add(time.Hour)
	for name, about := range map[string]func(*x509.Certificate) string{
		"good": func(l *x509.Certificate) string {
			return ari(l, until.Add(-800*time.Hour), until.Add(-750*time.Hour), until.Add(-760*time.Hour), soon)
		},
		"backward": func(l *x509.Certificate) string { return ari(l, until, until.Add(-time.Hour), time.Time{}, soon) },
		"empty":    func(l *x509.Certificate) string { return ari(l, until, until, time.Time{}, soon) },
		"past":     func(l *x509.Certificate) string { return ari(l, from.Add(-time.Hour), from, from, soon) },
		"epoch": func(l *x509.Certificate) string {
			return ari(l, until.Add(-800*time.Hour), until.Add(-750*time.Hour), time.Unix(0, 0), soon)
		},
		"unselected": func(l *x509.Certificate) string {
			return ari(l, until.Add(-800*time.Hour), until.Add(-750*time.Hour), time.Time{}, soon)
		},
		"never": func(l *x509.Certificate) string {
			return ari(l, from.Add(-time.Hour), from, from, now.AddDate(1000, 0, 0))
		},
		"foreign": func(l *x509.Certificate) string {
			return strings.ReplaceAll(ari(l, from, soon, from, soon), `_uniqueIdentifier":"`, `_uniqueIdentifier":"../`)
		},
		"kind":    func(*x509.Certificate) string { return `{"issuer_data":{"renewal_info":5}}` },
		"data":    func(*x509.Certificate) string { return `{"issuer_data":"x"}` },
		"nothing": func(*x509.Certificate) string { return `` },
		"null":    func(*x509.Certificate) string { return `null` },
		"calendar": func(l *x509.Certificate) string {
			return strings.ReplaceAll(ari(l, from, soon, from, soon), "20", "99999")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, asked, _ := demanding(t, nil)
			m.config.OnDemand = nil
			leaf := store(t, m, "example.org", from, until, about)
			if err := m.Manage(t.Context(), "example.org"); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { // it would panic with the cache locked
				done <- m.cache.RenewManagedCertificates(t.Context())
			}()
			if err := <-done; err != nil {
				t.Error(err)
			}
			all := m.cache.AllMatchingCertificates("example.org")
			if len(all) != 1 || !all[0].Leaf.Equal(leaf) || all[0].NeedsRenewal(m.magic) || asked.Load() > 0 {
				t.Errorf("%d certificates, the CA was asked %d times", len(all), asked.Load())
			}
		})
	}
}

func TestWhatACASaysOfRenewalsIsBounded(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(90 * 24 * time.Hour)}
	id, _ := protocol.ARIUniqueIdentifier(leaf)
	for _, c := range []struct{ again, want time.Duration }{{0, ariLeast}, {-time.Hour, ariLeast}, {time.Hour, time.Hour}, {1000 * time.Hour, ariMost}, {-1, ariDefault}} {
		said := protocol.RenewalInfo{UniqueIdentifier: id, SelectedTime: now}
		said.SuggestedWindow.Start, said.SuggestedWindow.End = now.Add(-time.Hour), now.Add(time.Hour) // as who wants it replaced at once
		if at := now.Add(c.again); c.again != -1 {
			said.RetryAfter = &at
		}
		got, err := fromCA(said, leaf, now)
		if err != nil || got.RetryAfter.Sub(now) != c.want || got.SelectedTime.Sub(now) != ariRest {
			t.Errorf("%v: %+v, %v", c.again, got, err)
		}
		text, err := json.Marshal(got)
		if err != nil || !strings.Contains(string(text), id) {
			t.Errorf("%s, %v", text, err)
		}
	}
	if got, err := fromCA(protocol.RenewalInfo{}, leaf, now); err == nil {
		t.Errorf("%+v", got)
	}
}
