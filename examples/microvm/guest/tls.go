//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"time"

	"github.com/paf-go/paf/alpn"
)

// overTLS puts TLS before a listener, with a certificate that is made now and whose key is nowhere but in memory. Whoever reads the
// console can tell it from any other.
func overTLS(ln net.Listener, addresses []netip.Prefix) (net.Listener, error) {
	cert, err := selfSigned(addresses, time.Now())
	if err != nil {
		return nil, err
	}
	slog.Info("a certificate was made", "sha256", fmt.Sprintf("%x", sha256.Sum256(cert.Certificate[0])))
	return tls.NewListener(ln, &tls.Config{
		Certificates: []tls.Certificate{cert}, NextProtos: []string{alpn.H2, alpn.HTTP11},
	}), nil
}

// selfSigned makes a certificate for the machine, and for the one whose ports lead to it.
func selfSigned(addresses []netip.Prefix, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "paf in a micro-VM"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(30 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for _, p := range addresses {
		template.IPAddresses = append(template.IPAddresses, p.Addr().AsSlice())
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
