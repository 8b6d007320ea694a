package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// site is the folder with what the servers serve and are configured with; "" before
// makeSite. Each run has its own, for runs at the same time must not share one.
var site string

// makeSite makes the site, with a file of size bytes as pathBig.
func makeSite(size int64) (err error) {
	if site, err = os.MkdirTemp("", "paf-bench-"); err != nil {
		return err
	}
	// The workers of nginx and h2o run as somebody else when we are root.
	if err := os.Chmod(site, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"index.html", "sink"} {
		if err := os.WriteFile(filepath.Join(site, name), []byte(hello), 0o644); err != nil {
			return err
		}
	}
	f, err := os.Create(filepath.Join(site, pathBig))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return fmt.Errorf("no file of %d bytes can be made in %s: set TMPDIR or -size: %w", size, site, err)
	}
	// Who reads it first would pay for bringing it into the page cache.
	if _, err := io.Copy(io.Discard, f); err != nil {
		return err
	}
	return makeCertificate()
}

// makeCertificate makes the key and the certificate of all servers.
func makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(7 * 24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(site, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(site, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o644)
}
