package acme

import (
	"crypto/tls"
	"fmt"

	"github.com/mholt/acmez/v3"

	"github.com/paf-go/paf/alpn"
)

// TLSConfig returns a configuration that serves with the certificates of the Manager, whatever they are at the time, and answers TLSALPN01. It offers
// h2 and http/1.1. It may be changed, but for GetCertificate and GetConfigForClient: what these do is the Manager's to decide.
//
// A CA's handshake, which offers the protocol "acme-tls/1" and no other, gets the certificate that is its proof and that protocol (RFC 8737, Section
// 3); a server of paf, as one of net/http, closes the connection then. Without a proof for the name it fails.
func (m *Manager) TLSConfig() *tls.Config {
	return &tls.Config{
		GetCertificate:     m.certificate,
		GetConfigForClient: m.challengeConfig,
		NextProtos:         []string{alpn.H2, alpn.HTTP11},
		MinVersion:         tls.VersionTLS12,
	}
}

// challengeConfig returns what answers a CA's handshake, nil for anybody else's.
func (m *Manager) challengeConfig(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != acmez.ACMETLS1Protocol {
		return nil, nil
	}
	if err := checkServerName(hello); err != nil {
		return nil, err
	}
	name := nameOfChallenge(hello.ServerName)
	c, known, err := m.proofs.find(hello.Context(), TLSALPN01, name)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("acme: there is no tls-alpn-01 challenge for %q", hello.ServerName)
	}
	proof, err := acmez.TLSALPN01ChallengeCert(c)
	if err != nil {
		return nil, fmt.Errorf("acme: tls-alpn-01 for %s: %w", name, err)
	}
	return &tls.Config{
		Certificates:           []tls.Certificate{*proof},
		NextProtos:             []string{acmez.ACMETLS1Protocol},
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
	}, nil
}
