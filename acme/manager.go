package acme

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

// A Manager gets certificates and keeps them fresh. Its methods are safe for concurrent use. There should be one in a program, or each should have
// names of its own: certmagic has one queue of renewals in a process, and takes two of one name for the same.
type Manager struct {
	config  Config
	cache   *certmagic.Cache
	magic   *certmagic.Config // of names that are managed
	demand  *certmagic.Config // of names that come with handshakes; nil without OnDemand
	issuers []*issuer
	proofs  *proofs
	life    *life

	mu      sync.Mutex
	managed map[string]bool // true: somebody sees to it that it gets its certificate
}

// New returns a Manager that has no names yet. Close it to give back what it holds. Its error says what is wrong with the Config; no CA is asked.
func New(config Config) (*Manager, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	m := &Manager{
		config: config, life: newLife(), managed: map[string]bool{}, proofs: newProofs(config.Storage),
	}
	log := newZap(config.Log)
	r := newRecords(config.DNS, log)
	for _, ca := range config.CAs {
		m.issuers = append(m.issuers, newIssuer(&m.config, ca, m.proofs, r, m.life))
	}
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(c certmagic.Certificate) (*certmagic.Config, error) { return m.configOf(c.Names), nil },
		RenewCheckInterval: config.CheckEvery,
		Logger:             log,
	})
	magic := certmagic.Config{
		RenewalWindowRatio: config.RenewAt,
		KeySource:          keySource{&m.config},
		OCSP:               certmagic.OCSPConfig{DisableStapling: config.NoOCSP, HTTPProxy: http.ProxyFromEnvironment}, // without a proxy it has no time-out
		Storage:            config.Storage,
		DisableARI:         config.IgnoreARI,
		Logger:             log,
	}
	for _, i := range m.issuers {
		magic.Issuers = append(magic.Issuers, i)
	}
	m.magic = certmagic.New(m.cache, magic)
	if config.OnDemand != nil {
		magic.OnDemand = &certmagic.OnDemandConfig{DecisionFunc: m.decide}
		m.demand = certmagic.New(m.cache, magic)
	}
	return m, nil
}

// A keySource makes the keys of certificates.
type keySource struct{ config *Config }

// GenerateKey makes one.
func (k keySource) GenerateKey() (crypto.PrivateKey, error) {
	return k.config.CertificateKey.generate(k.config.CertificateSeed, "certificate")
}

// decide asks OnDemand about a name, if a CA could issue a certificate for it.
func (m *Manager) decide(ctx context.Context, name string) error {
	if _, err := m.config.checkName(name); err != nil {
		return err
	}
	return m.config.OnDemand(ctx, name)
}

// configOf returns what a certificate is managed by.
func (m *Manager) configOf(names []string) *certmagic.Config {
	if m.demand == nil {
		return m.magic
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		_, parent, _ := strings.Cut(name, ".")
		if has(m.managed, name) || has(m.managed, "*."+parent) {
			return m.magic
		}
	}
	return m.demand
}

func has(m map[string]bool, name string) bool { _, ok := m[name]; return ok }

// What a name of the DNS has at the most (RFC 1035, Section 2.3.4): certmagic's work for a handshake grows with the square of the labels.
const (
	nameMost = 253 // bytes, without the dot at the end
	dotsMost = 126
)

// checkServerName refuses what is no name of anything, before work is done for it.
func checkServerName(hello *tls.ClientHelloInfo) error {
	name := strings.TrimSuffix(hello.ServerName, ".")
	if len(name) > nameMost || strings.Count(name, ".") > dotsMost {
		return fmt.Errorf("acme: a handshake asks for a name of %d bytes, and names have %d at the most (RFC 1035, Section 2.3.4)", len(name), nameMost)
	}
	return nil
}

// certificate returns the one for a handshake.
func (m *Manager) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if err := checkServerName(hello); err != nil {
		return nil, err
	}
	return m.configOf([]string{strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")}).GetCertificate(hello)
}

// Manage gets a certificate for each of the names, which are managed from then on, and returns when each has one: from the Storage if it is there and
// fresh, else from a CA. It asks for several at a time. What has failed is in its error, an *Error for each name and CA, which are joined; these
// names are tried again in the background, after a minute and then less and less often, at least once an hour. Names that cannot have a certificate
// are refused before anything is done.
func (m *Manager) Manage(ctx context.Context, names ...string) error {
	names, err := m.checkNames(names)
	if err != nil {
		return err
	}
	errs := make([]error, len(names))
	places := make(chan struct{}, ordersMost)
	var all sync.WaitGroup
	for n, name := range names {
		m.mu.Lock()
		if !has(m.managed, name) {
			m.managed[name] = false
		}
		m.mu.Unlock()
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if errs[n] = m.manage(ctx, name); errs[n] != nil {
				m.later(name, errs[n])
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// ordersMost is how many orders there are at a time: CAs have limits for that, too.
const ordersMost = 8

func (m *Manager) checkNames(names []string) ([]string, error) {
	var good []string
	var errs []error
	for _, name := range names {
		checked, err := m.config.checkName(name)
		good, errs = append(good, checked), append(errs, err)
	}
	return good, errors.Join(errs...)
}

// manage gets one certificate, and has certmagic look after it.
func (m *Manager) manage(ctx context.Context, name string) error {
	ctx, done, err := m.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	ctx, why := withFailures(ctx)
	return why.or(m.magic.ManageSync(ctx, []string{name}))
}

// Pauses before a name that has failed is tried again.
const (
	againFirst = time.Minute
	againMost  = time.Hour
)

// later tries a name again, in the background, until it has its certificate.
func (m *Manager) later(name string, err error) {
	m.mu.Lock()
	begun := m.managed[name]
	m.managed[name] = true
	m.mu.Unlock()
	ctx, done, closed := m.life.begin(context.Background())
	if begun || closed != nil {
		if closed == nil {
			done()
		}
		return
	}
	go func() {
		defer done()
		for pause := againFirst; err != nil; pause = min(2*pause, againMost) {
			m.config.Log.Error("acme: there is no certificate, and it is tried again", "name", name, "in", pause, "err", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
			err = m.manage(ctx, name)
		}
		m.mu.Lock()
		m.managed[name] = false
		m.mu.Unlock()
	}()
}

// Renew gets a new certificate for a name that has one, however fresh that is, and serves with it.
func (m *Manager) Renew(ctx context.Context, name string) error {
	name, err := m.config.checkName(name)
	if err != nil {
		return err
	}
	ctx, done, err := m.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	ctx, why := withFailures(ctx)
	if err := why.or(m.magic.RenewCertSync(ctx, name, true)); err != nil {
		return err
	}
	m.drop(name)
	_, err = m.magic.CacheManagedCertificate(ctx, name)
	return err
}

// drop has certmagic forget the certificates of a name, but not the Storage.
func (m *Manager) drop(name string) {
	var all []certmagic.SubjectIssuer
	for _, i := range m.issuers {
		all = append(all, certmagic.SubjectIssuer{Subject: name, IssuerKey: i.key})
	}
	m.cache.RemoveManaged(all)
}

// Revoke revokes the certificates of a name, of every CA that it has one of, and removes them and their keys from the Storage. The reason is one of
// RFC 5280, Section 5.3.1: 0 if it is none's business, 1 if the key is known to others, 4 if there is a newer certificate, 5 if the name is not
// served any more. The name has no certificate then, until Manage gets one.
func (m *Manager) Revoke(ctx context.Context, name string, reason int) error {
	name, err := bareName(name)
	if err != nil {
		return err
	}
	found := false
	for _, i := range m.issuers {
		chain, err := m.config.Storage.Load(ctx, certmagic.StorageKeys.SiteCert(i.key, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("acme: the certificate of %s: %w", name, err)
		}
		found = true
		if err := i.Revoke(ctx, certmagic.CertificateResource{CertificatePEM: chain}, reason); err != nil {
			return err
		}
		if err := m.config.Storage.Delete(ctx, certmagic.StorageKeys.CertsSitePrefix(i.key, name)); err != nil {
			return fmt.Errorf("acme: %s: the certificate is revoked, and was not removed: %w", name, err)
		}
	}
	if !found {
		return fmt.Errorf("acme: %s has no certificate of these CAs in the Storage: %w", name, fs.ErrNotExist)
	}
	m.drop(name)
	m.mu.Lock()
	delete(m.managed, name)
	m.mu.Unlock()
	return nil
}

// Close ends what the Manager does: orders are broken off, renewals stop, connections to CAs are closed. Handshakes still get the certificates that
// there are. It returns when all has ended.
func (m *Manager) Close() {
	if !m.life.end() {
		return
	}
	m.cache.Stop()
	m.proofs.clear(context.Background())
	for _, i := range m.issuers {
		i.transport.Close()
	}
}
