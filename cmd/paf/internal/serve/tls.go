package serve

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/cert"
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
	var own tls.Certificate
	var err error
	said := "certificate"
	if t.Cert == "" {
		said = "self-signed certificate"
		own, err = cert.SelfSigned(cert.Hosts(addrs), time.Now())
	} else if own, err = tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
		err = exit.Errorf(exit.Usage, "cannot use the certificate: %w", err)
	}
	if err != nil {
		return nil, "", err
	}
	said += fmt.Sprintf(", SHA-256 %x", sha256.Sum256(own.Certificate[0]))
	return &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: t.Offers}, said, nil
}
