package issue

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/acme"
)

func TestOneBadNameDoesNotStopTheOthers(t *testing.T) {
	var mu sync.Mutex
	var done []int
	of := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	each(of, func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done = append(done, n)
	})
	slices.Sort(done)
	if !slices.Equal(done, of) {
		t.Errorf("%v", done)
	}
}

// A name in a certificate may have any characters of ASCII.
func TestNamesInCertificatesCannotDrawOnTheTerminal(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	text := certificate(t, key, "a\x1b[2J\n\tb", time.Now())
	if err := acme.Files(folder).Store(t.Context(), "certificates/ca/a/a.crt", text); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	command := Command{Options: Options{Storage: folder}, Out: &out}
	if err := command.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, `a\x1b[2J\x0a\x09b`) || strings.Count(got, "\n") != 2 {
		t.Errorf("%q", got)
	}
}

// certificate returns one in PEM that certifies itself.
func certificate(t *testing.T, key crypto.Signer, name string, from time.Time) []byte {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), DNSNames: []string{name}, NotBefore: from, NotAfter: from.Add(90 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestAKeyKeepsItsKind(t *testing.T) {
	kinds := map[acme.KeyType]crypto.Signer{}
	for kind, curve := range map[acme.KeyType]elliptic.Curve{acme.P256: elliptic.P256(), acme.P384: elliptic.P384()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		kinds[kind] = key
	}
	for kind, bits := range map[acme.KeyType]int{acme.RSA2048: 2048, "": 3072} { // the default has the place of what there is no word for
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		kinds[kind] = key
	}
	for want, key := range kinds {
		if got := kindOf(certificate(t, key, "a.test", time.Now())); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	for _, text := range []string{"", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if got := kindOf([]byte(text)); got != "" {
			t.Errorf("%q of %q", got, text)
		}
	}
}

// Of several CAs any may have a name's certificate, an old one among them.
func TestTheNewestCertificateOfTheCAsCounts(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	now := time.Now()
	for ca, age := range map[string]time.Duration{"a.test-dir": 3 * time.Hour, "b.test-dir": 2 * time.Hour, "c.test-dir": time.Hour} {
		if err := acme.Files(folder).Store(t.Context(), "certificates/"+ca+"/x.test/x.test.crt", certificate(t, key, "x.test", now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	all, err := acme.List(t.Context(), acme.Files(folder))
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	o := Options{CAs: []CA{{Directory: "https://b.test/dir"}, {Directory: "https://a.test/dir"}}}
	if h, is := o.Newest(all, "X.test"); !is || h.CA != "b.test-dir" {
		t.Errorf("%+v", h)
	}
	if err := o.missing(all, "x.test"); err != nil {
		t.Error(err)
	}
	o.CAs = []CA{{Directory: "staging"}, {Directory: "https://d.test/dir"}}
	want := "x.test has no certificate of the CA " + acme.LetsEncryptStaging + " or https://d.test/dir in the storage; it has one of a.test-dir"
	if err := o.missing(all, "x.test"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
}

// Why one CA of several has failed is told when it has: if the next one does not, nobody says it at the end.
func TestWhyACAHasFailedIsToldBeforeTheNextIsAsked(t *testing.T) {
	o := Options{CAs: []CA{{Directory: "https://a.test/dir"}, {Directory: "https://b.test/dir"}}}
	why := errors.New("acme: set CA.Roots")
	for ca, want := range map[string]string{
		"https://a.test/dir": "x.test: no certificate was issued by https://a.test/dir: give --acme-ca-root", "https://b.test/dir": "x.test: no certificate was issued",
	} {
		if got := o.Line(acme.Step{Kind: acme.Failed, Name: "x.test", CA: ca, Err: why}); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// What users read in the log is in the words of the command line.
func TestTheLogHasTheWordsOfTheCommandLine(t *testing.T) {
	var log bytes.Buffer
	l := Warnings(slog.New(slog.NewTextHandler(&log, nil)))
	l.Error("no", "err", errors.Join(errors.New("acme: set CA.Roots"), errors.New("acme: set Config.AgreeToTerms")))
	l.Info("nothing")
	if got := log.String(); !strings.Contains(got, `err="give --acme-ca-root give --acme-agree"`) || strings.Contains(got, "nothing") {
		t.Error(got)
	}
}
