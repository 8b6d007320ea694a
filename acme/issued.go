package acme

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// chainMost is how many certificates a chain has at the most; those of public CAs have two to four.
const chainMost = 10

// checked returns the certificate that a CA has issued, if it is what was ordered. Else the error is an *Error, and what was there before stays.
func (i *issuer) checked(name string, chain []byte, csr *x509.CertificateRequest) (*x509.Certificate, error) {
	leaf, err := checkIssued(chain, csr, time.Now())
	if err == nil {
		return leaf, nil
	}
	e := &Error{Name: name, CA: i.ca.URL, Err: fmt.Errorf("%w: %w", ErrCertificate, err)}
	e.Advice = e.advise()
	return nil, e
}

// checkIssued returns the certificate at the beginning of a chain, if that is certificates alone (RFC 8555, Section 9.1) and the first is for the key and
// the names of the request, and has not ended.
func checkIssued(chain []byte, csr *x509.CertificateRequest, now time.Time) (*x509.Certificate, error) {
	n, rest := 0, chain
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if n++; block.Type != "CERTIFICATE" || n > chainMost {
			return nil, fmt.Errorf("the chain has a %q at place %d, and is of %d certificates at the most, and nothing else", block.Type, n, chainMost)
		}
	}
	if n == 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("the chain has %d certificates, and %d bytes of something else", n, len(rest))
	}
	leaf, err := leafOf(chain)
	if err != nil {
		return nil, err
	}
	return leaf, cmp.Or(checkKey(leaf, csr), checkSANs(leaf, csr), checkLife(leaf, now))
}

func checkKey(leaf *x509.Certificate, csr *x509.CertificateRequest) error {
	if key, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !key.Equal(csr.PublicKey) {
		return errors.New("it is for another key")
	}
	return nil
}

func checkSANs(leaf *x509.Certificate, csr *x509.CertificateRequest) error {
	var have, want []string
	for _, name := range leaf.DNSNames {
		have = append(have, strings.ToLower(name))
	}
	for _, name := range csr.DNSNames {
		want = append(want, strings.ToLower(name))
	}
	for _, ip := range leaf.IPAddresses {
		have = append(have, "IP "+ip.String())
	}
	for _, ip := range csr.IPAddresses {
		want = append(want, "IP "+ip.String())
	}
	have, want = once(have), once(want)
	if !slices.Equal(have, want) || len(leaf.URIs) != len(csr.URIs) || len(leaf.EmailAddresses) != len(csr.EmailAddresses) {
		return fmt.Errorf("it is for the names %q, and %q were ordered", have, want)
	}
	return nil
}

func once(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

func checkLife(leaf *x509.Certificate, now time.Time) error {
	if !leaf.NotBefore.Before(leaf.NotAfter) || !now.Before(leaf.NotAfter) {
		return fmt.Errorf("it is valid from %v until %v, and now it is %v", leaf.NotBefore, leaf.NotAfter, now.UTC())
	}
	return nil
}
