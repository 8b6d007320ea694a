package issue

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
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
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a\x1b[2J\n\tb"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
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
