package proxying

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/cert"
	"github.com/paf-go/paf/cmd/paf/internal/serve"
)

// A plan is a Config that has been found to be right, with what its files say.
type plan struct {
	*Config
	doors  []door      // in the order of Listen
	secure *tls.Config // nil if TLS is not spoken
	users  *Users      // nil if everybody is served

	authorities map[string]*authorities // of upstreams, by file
}

// authorities are those of a file that vouch for upstreams of https.
type authorities struct {
	text []byte
	pool *x509.CertPool
}

// A door is how connections at an address are served. Two that are equal are one.
type door struct {
	addr     string
	secure   bool
	protocol paf.Protocol // in clear: see paf.Server
	offers   string
	forward  bool
	trust    bool // that a client says which scheme it has used
	grace    time.Duration
}

// newPlan reads the files that c names. before is the plan that is in force, nil if there is none.
func newPlan(c *Config, before *plan) (*plan, error) {
	if err := c.check(); err != nil {
		if c.File != "" {
			err = wrong("%s: %w", c.File, err)
		}
		return nil, err
	}
	p := &plan{Config: c}
	offers, err := serve.Protocols(c.ALPN)
	if err != nil {
		return nil, wrong("alpn: %w", err)
	}
	p.openings(offers)
	for i, d := range p.doors {
		if slices.ContainsFunc(p.doors[:i], func(o door) bool { return o.addr == d.addr }) {
			return nil, wrong("the address %s is there twice", d.addr)
		}
	}
	if p.secure, err = p.tls(offers, before); err != nil {
		return nil, err
	}
	if p.authorities, err = c.authorities(); err != nil {
		return nil, err
	}
	if c.Users != "" {
		var old *Users
		if before != nil {
			old = before.users
		}
		if p.users, err = ReadUsers(c.Users, old); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// isOpen reports whether everybody is led everywhere who reaches an address that others than this machine may reach.
func (p *plan) isOpen() bool {
	return p.Forward && p.users == nil && len(p.Allow) == 0 && slices.ContainsFunc(p.doors, func(d door) bool {
		host, _, err := net.SplitHostPort(d.addr)
		ip := net.ParseIP(host)
		return err == nil && !strings.HasPrefix(d.addr, "unix:") && !strings.HasPrefix(d.addr, "vsock:") && host != "localhost" && !ip.IsLoopback()
	})
}

// authorities reads the files that sites name.
func (c *Config) authorities() (map[string]*authorities, error) {
	all := map[string]*authorities{}
	for _, s := range c.sites() {
		file := s.UpstreamCA
		if file == "" || all[file] != nil {
			continue
		}
		pool, text, err := cert.Authorities(file)
		if err != nil {
			return nil, wrong("%supstream-ca: %w", s.title(), err)
		}
		all[file] = &authorities{text, pool}
	}
	return all, nil
}

// openings finds out what the doors are. In clear HTTP/2 is told from HTTP/1 by its first bytes, if both are wanted.
func (p *plan) openings(offers []string) {
	base := door{forward: p.Forward, grace: max(time.Duration(p.Grace), 1), offers: strings.Join(offers, ",")}
	switch h2 := slices.Contains(offers, alpn.H2); {
	case !h2:
		base.protocol = paf.HTTP11
	case len(offers) == 1:
		base.protocol = paf.HTTP2
	}
	for _, s := range p.sites() {
		base.trust = base.trust || s.TrustForwarded
	}
	for _, l := range p.Listen {
		d := base
		if d.addr, d.secure = p.Config.secure(l); d.secure {
			d.protocol = 0
		}
		p.doors = append(p.doors, d)
	}
}

// tls reads the certificates. Which one a client gets is a matter of the name that it asks for; the first one is for those who ask for another, or for none.
func (p *plan) tls(offers []string, before *plan) (*tls.Config, error) {
	certs, keys := slices.Clone(p.Cert), slices.Clone(p.Key)
	if len(certs) != len(keys) {
		return nil, wrong("there are %d of cert and %d of key: they go together", len(certs), len(keys))
	}
	for _, s := range p.Sites {
		certs, keys = append(certs, s.Cert...), append(keys, s.Key...)
	}
	if !p.anySecure() {
		if len(certs) > 0 {
			return nil, wrong("certificates are for TLS, which is spoken nowhere: tls, or \"tls:\" before an address, says so")
		}
		return nil, nil
	}
	config := &tls.Config{NextProtos: offers}
	for i := range certs {
		pair, err := tls.LoadX509KeyPair(certs[i], keys[i])
		if err != nil {
			return nil, wrong("cannot use the certificate %s with the key %s: %w", certs[i], keys[i], err)
		}
		config.Certificates = append(config.Certificates, pair)
	}
	if len(certs) > 0 {
		return config, nil
	}
	own, err := p.selfSigned(before)
	config.Certificates = []tls.Certificate{own}
	return config, err
}

// selfSigned returns a certificate of our own, the same as long as it fits.
func (p *plan) selfSigned(before *plan) (tls.Certificate, error) {
	var addrs []net.Addr
	for _, d := range p.doors {
		if host, _, err := net.SplitHostPort(d.addr); err == nil && net.ParseIP(host) != nil {
			addrs = append(addrs, &net.TCPAddr{IP: net.ParseIP(host)})
		}
	}
	names := cert.Hosts(addrs)
	for _, s := range p.Sites {
		for _, name := range s.Name {
			if name != "*" {
				names = append(names, name)
			}
		}
	}
	if before != nil && before.secure != nil && len(before.Cert) == 0 {
		old := before.secure.Certificates[0]
		if leaf := old.Leaf; leaf != nil && leaf.Issuer.CommonName == cert.Issuer && time.Until(leaf.NotAfter) > cert.Lifetime/2 &&
			!slices.ContainsFunc(names, func(n string) bool { return leaf.VerifyHostname(n) != nil && !slices.Contains(leaf.DNSNames, n) }) {
			return old, nil
		}
	}
	return cert.SelfSigned(names, time.Now())
}
