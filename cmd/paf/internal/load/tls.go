package load

import (
	"crypto/tls"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/cert"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// TLSOptions say how a server is trusted, and who asks.
type TLSOptions struct {
	Insecure   bool   // any certificate will do
	CACert     string // PEM file of the authorities to trust; "": the system's
	ServerName string // whose certificate is asked for; "": that of the URL's host
	Cert, Key  string // PEM files of a certificate of the client; "": none
	Resume     bool   // sessions are resumed; else each handshake is a full one
}

// config makes a configuration of the options.
func (t *TLSOptions) config(protocol paf.Protocol) (*tls.Config, error) {
	c := &tls.Config{InsecureSkipVerify: t.Insecure, ServerName: t.ServerName, NextProtos: []string{alpn.H2, alpn.HTTP11}}
	switch protocol {
	case paf.HTTP11:
		c.NextProtos = []string{alpn.HTTP11}
	case paf.HTTP2:
		c.NextProtos = []string{alpn.H2}
	}
	if t.Resume {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, exit.Errorf(exit.Read, "cannot read the certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if t.CACert == "" {
		return c, nil
	}
	var err error
	c.RootCAs, _, err = cert.Authorities(t.CACert)
	return c, err
}
