package acme

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/paf-go/paf/mimic"
)

// Directories of Let's Encrypt. Certificates of the staging one are trusted by nobody, and its rate limits are generous: it is for trying things out.
const (
	LetsEncrypt        = certmagic.LetsEncryptProductionCA
	LetsEncryptStaging = certmagic.LetsEncryptStagingCA
)

// A Config says from whom certificates are got, how, and where they are kept. It must not be changed once it has been used.
type Config struct {
	// CAs are asked in turn: the second when the first has failed. Default: LetsEncryptStaging alone.
	CAs []CA

	// Email is where a CA writes to its customers; it is part of what identifies an account. It may be empty.
	Email string

	// AgreeToTerms says that you agree to the terms of service of the CAs. Without it nothing is asked of a CA that has any, and the
	// error says where they are.
	AgreeToTerms bool

	// AccountKey and CertificateKey are the kinds of the keys that are made. Default P256. An account that is in the Storage keeps its key.
	AccountKey, CertificateKey KeyType

	// AccountSeed and CertificateSeed, of 32 bytes at the least, make keys that are the same each time (HKDF, RFC 5869): a machine without a disk has the same
	// account after each start, and a test the same key. They are as secret as the keys, and a certificate's key should
	// not live for ever: outside of tests leave CertificateSeed empty.
	AccountSeed, CertificateSeed []byte

	// Storage keeps accounts, certificates and what is presented in challenges, and has the locks of a fleet: Files, for one machine. Required.
	Storage Storage

	// Context leads to the CAs, as paf.Client's Context does; the zero one by TCP.
	Context mimic.Context

	// Challenges are tried in this order. Default: DNS01 alone if DNS is set, else TLSALPN01 and HTTP01; with Provision those that it has an address for.
	Challenges []Challenge

	// DNS writes the records of DNS01.
	DNS *DNS

	// HTTPListener and TLSListener, or else HTTPAddress and TLSAddress, as ":80" and ":443", are where Provision answers HTTP01 and TLSALPN01. The CA
	// connects to ports 80 and 443 of the name: other ports are for whoever forwards those. Listeners are closed when Provision returns. A Manager does
	// not look at them.
	HTTPListener, TLSListener net.Listener
	HTTPAddress, TLSAddress   string

	// HTTPSPort is the port to which HTTPHandler redirects. Default 443.
	HTTPSPort int

	// OnDemand, if it is not nil, decides about names that a client asks for in a handshake and that have no certificate: nil gets one, from the Storage or from a
	// CA, while the client waits. It is asked again before each renewal, and before port 80 redirects to
	// a name; one that it does not want any more is not served. Whoever may choose names may use
	// up the CA's rate limits and this machine's memory: it must know the names that are to be served.
	//
	// An order goes on without the handshake that it was begun for. A name that has failed is refused for a minute, and longer each time, up to an hour. So are
	// others, at once, while more than 256 names are looked for; of a CA 8 certificates are ordered at a time.
	OnDemand func(ctx context.Context, name string) error

	// OnStep is told of each step. It is called by several goroutines at a time, and holds them up.
	OnStep func(Step)

	// Patience is how long an order waits for a CA that says that it was asked too often. Default 1 minute; negative: it does not wait.
	Patience time.Duration

	// RenewAt is the part of a certificate's lifetime that is left when it is renewed, where the CA does not say when (ARI, RFC 9773). Default a third.
	RenewAt float64

	// CheckEvery is how often certificates are looked at. Default 10 minutes. A certificate that has less than five times that left is renewed.
	CheckEvery time.Duration

	// IgnoreARI leaves it to RenewAt when a certificate is renewed.
	IgnoreARI bool

	// NoOCSP does not ask for what is stapled to certificates that name a server of OCSP. Those servers are asked by certmagic over the kernel's network and the
	// proxy of the environment (http.ProxyFromEnvironment), and have 30 seconds for an answer: with a Context, which may be there so that nothing goes that way,
	// nothing is stapled.
	NoOCSP bool

	// Log receives what is worth knowing; default slog.Default().
	Log *slog.Logger
}

// A CA is a certificate authority that speaks ACME.
type CA struct {
	// URL is that of its directory (RFC 8555, Section 7.1.1), of https. Default LetsEncryptStaging.
	URL string

	// Roots are whom to trust when the CA's own server is spoken to. Default the system's, or what Config.Context binds to paf.TLSConfig.
	Roots *x509.CertPool

	// Profile is one of those that the directory offers. Default the CA's choice.
	Profile string

	// KeyID and MACKey, the latter in base64url without padding, bind the account to one that you have with the CA already (external account binding,
	// RFC 8555, Section 7.3.4). Default none.
	KeyID, MACKey string
}

// Storage is where things are kept: a storage of certmagic, of which there are modules for databases and for object stores.
type Storage = certmagic.Storage

// Files returns a Storage of files of mode 0600 in a folder, which has to be named: keys of accounts and certificates must not be where files are served. Several
// machines may share a folder. A lock whose owner has died is taken over after some seconds; that, and what fails in keeping a lock, is told by certmagic itself,
// on standard error.
func Files(folder string) Storage { return &certmagic.FileStorage{Path: folder} }

// checkStorage fails if there is no place to keep anything in.
func checkStorage(s Storage) error {
	if files, are := s.(*certmagic.FileStorage); s == nil || are && files.Path == "" {
		return errors.New("acme: there is no Storage: set it to Files(FOLDER), with a folder that nobody else can read, or to what a fleet shares")
	}
	return nil
}

// complete returns a copy with its defaults, or says what is wrong with it.
func (c Config) complete() (Config, error) {
	if len(c.CAs) == 0 {
		c.CAs = []CA{{}}
	}
	c.CAs = slices.Clone(c.CAs)
	for i := range c.CAs {
		if err := c.CAs[i].complete(); err != nil {
			return c, err
		}
	}
	c.AccountKey, c.CertificateKey = cmp.Or(c.AccountKey, P256), cmp.Or(c.CertificateKey, P256)
	c.HTTPSPort = cmp.Or(c.HTTPSPort, 443)
	c.Patience = cmp.Or(c.Patience, time.Minute)
	c.RenewAt = cmp.Or(c.RenewAt, certmagic.DefaultRenewalWindowRatio)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c, errors.Join(checkStorage(c.Storage), c.checkKeys(), c.checkChallenges(), c.checkTimes())
}

func (ca *CA) complete() error {
	ca.URL = cmp.Or(ca.URL, LetsEncryptStaging)
	u, err := url.Parse(ca.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("acme: the directory of a CA is a URL of https (RFC 8555, Section 6.1), not %q", ca.URL)
	}
	if (ca.KeyID == "") != (ca.MACKey == "") {
		return fmt.Errorf("acme: an external account of %s has a KeyID and a MACKey, and one is missing", ca.URL)
	}
	return nil
}

func (c *Config) checkKeys() error {
	for _, k := range []struct {
		what string
		kind KeyType
		seed []byte
	}{{"AccountKey", c.AccountKey, c.AccountSeed}, {"CertificateKey", c.CertificateKey, c.CertificateSeed}} {
		if err := k.kind.check(); err != nil {
			return fmt.Errorf("acme: %s: %w", k.what, err)
		}
		if n := len(k.seed); n > 0 && n < seedLeast {
			return fmt.Errorf("acme: the seed of the %s has %d bytes, and needs %d: who guesses it has the key", k.what, n, seedLeast)
		}
	}
	return nil
}

func (c *Config) checkChallenges() error {
	if len(c.Challenges) == 0 {
		c.Challenges = []Challenge{TLSALPN01, HTTP01}
		if c.DNS != nil {
			c.Challenges = []Challenge{DNS01}
		}
	}
	for _, ch := range c.Challenges {
		switch {
		case ch != HTTP01 && ch != TLSALPN01 && ch != DNS01:
			return fmt.Errorf("acme: there is no challenge %q: HTTP01, TLSALPN01 and DNS01 there are", ch)
		case ch == DNS01 && (c.DNS == nil || c.DNS.Provider == nil):
			return errors.New("acme: DNS01 needs a Provider in Config.DNS that writes the records")
		}
	}
	return nil
}

func (c *Config) checkTimes() error {
	if c.RenewAt < 0 || c.RenewAt >= 1 || c.CheckEvery < 0 {
		return fmt.Errorf("acme: RenewAt is a part between 0 and 1, and CheckEvery no less than 0: %v and %v", c.RenewAt, c.CheckEvery)
	}
	return nil
}

// suited returns the challenges that can prove a name.
func (c *Config) suited(name string) []Challenge {
	_, notIP := netip.ParseAddr(name)
	return slices.DeleteFunc(slices.Clone(c.Challenges), func(ch Challenge) bool {
		return strings.HasPrefix(name, "*.") && ch != DNS01 || notIP == nil && ch == DNS01
	})
}
