// Package cert makes certificates for servers that were given none, and reads those of authorities.
package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"os"
	"slices"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// Hosts returns what a certificate of our own is for: this machine, and where it listens.
func Hosts(addrs []net.Addr) []string {
	all := []string{"localhost", "127.0.0.1", "::1"}
	for _, addr := range addrs {
		if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() && !slices.Contains(all, tcp.IP.String()) {
			all = append(all, tcp.IP.String())
		}
	}
	return all
}

// Issuer is the name that a certificate of our own has.
const Issuer = "paf"

// Lifetime is how long a certificate of our own is valid. It is made anew with each start.
const Lifetime = 30 * 24 * time.Hour

// SelfSigned makes a certificate that vouches for itself. Its key is nowhere but in memory.
func SelfSigned(hosts []string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: Issuer},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(Lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// Authorities reads the certificates of authorities from a PEM file, and returns its text, too. Errors have an exit status.
func Authorities(file string) (pool *x509.CertPool, text []byte, err error) {
	if text, err = os.ReadFile(file); err != nil {
		return nil, nil, exit.Errorf(exit.Read, "cannot read the authorities: %w", err)
	}
	if pool = x509.NewCertPool(); !pool.AppendCertsFromPEM(text) {
		return nil, nil, exit.Errorf(exit.Usage, "%s holds no certificate in PEM", file)
	}
	return pool, text, nil
}
