package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// TLS says how connections are secured.
type TLS struct {
	Cert, Key string   // PEM files; "" for a certificate of our own
	Offers    []string // protocols, the preferred one first
}

// Protocols reads a list of protocols, as "h2,http/1.1".
func Protocols(list string) ([]string, error) {
	var offers []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name != alpn.H2 && name != alpn.HTTP11 && name != alpn.HTTP10 {
			return nil, fmt.Errorf("%q is no protocol that is served: those are %q, %q and %q", name, alpn.H2, alpn.HTTP11, alpn.HTTP10)
		}
		if !slices.Contains(offers, name) {
			offers = append(offers, name)
		}
	}
	return offers, nil
}

// config returns the configuration, and what to say of the certificate.
func (t *TLS) config(addrs []net.Addr) (*tls.Config, string, error) {
	var cert tls.Certificate
	var err error
	said := "certificate"
	if t.Cert == "" {
		said = "self-signed certificate"
		cert, err = selfSigned(hosts(addrs), time.Now())
	} else if cert, err = tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
		err = exit.Errorf(exit.Usage, "cannot use the certificate: %w", err)
	}
	if err != nil {
		return nil, "", err
	}
	said += fmt.Sprintf(", SHA-256 %x", sha256.Sum256(cert.Certificate[0]))
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: t.Offers}, said, nil
}

// hosts returns what a certificate of our own is for: this machine, and where it listens.
func hosts(addrs []net.Addr) []string {
	all := []string{"localhost", "127.0.0.1", "::1"}
	for _, addr := range addrs {
		if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() && !slices.Contains(all, tcp.IP.String()) {
			all = append(all, tcp.IP.String())
		}
	}
	return all
}

// lifetime is how long a certificate of our own is valid. It is made anew with each start.
const lifetime = 30 * 24 * time.Hour

// selfSigned makes a certificate that vouches for itself. Its key is nowhere but in memory.
func selfSigned(hosts []string, now time.Time) (tls.Certificate, error) {
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
		Subject:               pkix.Name{CommonName: "paf serve"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(lifetime),
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
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
