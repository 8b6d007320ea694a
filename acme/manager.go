package acme

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/paf-go/paf/mimic"
)

// A Manager gets certificates and keeps them fresh. Its methods are safe for concurrent use. There should be one in a program, or each should have
// names of its own: certmagic has one queue of renewals in a process, and takes two of one name for the same.
type Manager struct {
	config  Config
	cache   *certmagic.Cache
	magic   *certmagic.Config
	issuers []*issuer
	proofs  *proofs
	kept    *kept
	life    *life
	demands *demands

	mu      sync.Mutex
	managed map[string]*managed
}

// A managed name is one that Manage was told of.
type managed struct {
	ctx    context.Context // ends when it is revoked, or with the Manager
	cancel context.CancelFunc
	again  bool // it has failed, and is tried again in the background
}

// New returns a Manager that has no names yet. Close it to give back what it holds. Its error says what is wrong with the Config; no CA is asked.
func New(config Config) (*Manager, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	m := &Manager{config: config, life: newLife(), managed: map[string]*managed{}, demands: newDemands()}
	m.kept = &kept{Storage: config.Storage, log: config.Log, timeout: loadTimeout, barred: map[string]bool{}}
	m.proofs = newProofs(config.Storage, m.life, config.Log)
	log := newZap(config.Log)
	r := newRecords(config.DNS, log)
	for _, ca := range config.CAs {
		m.issuers = append(m.issuers, newIssuer(&m.config, ca, m, r))
	}
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return m.magic, nil },
		RenewCheckInterval: config.CheckEvery,
		Logger:             log,
	})
	noOCSP := config.NoOCSP || config.Context != mimic.Context{}
	magic := certmagic.Config{
		RenewalWindowRatio: config.RenewAt,
		KeySource:          keySource{&m.config},
		OCSP:               certmagic.OCSPConfig{DisableStapling: noOCSP, HTTPProxy: http.ProxyFromEnvironment}, // without a proxy it has no time-out
		Storage:            m.kept,
		DisableARI:         config.IgnoreARI,
		Logger:             log,
	}
	for _, i := range m.issuers {
		magic.Issuers = append(magic.Issuers, i)
	}
	m.magic = certmagic.New(m.cache, magic)
	return m, nil
}

// A keySource makes the keys of certificates.
type keySource struct{ config *Config }

// GenerateKey makes one.
func (k keySource) GenerateKey() (crypto.PrivateKey, error) {
	return k.config.CertificateKey.generate(k.config.CertificateSeed, "certificate")
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
	places := make(chan struct{}, namesAtATime)
	var all sync.WaitGroup
	for n, name := range names {
		m.keep(name)
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

// keep has a name managed.
func (m *Manager) keep(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.managed[name] == nil {
		n := &managed{}
		n.ctx, n.cancel = context.WithCancel(m.life.ctx)
		m.managed[name] = n
	}
	m.kept.allow(name)
}

// namesAtATime is how many names are looked for in the Storage at a time.
const namesAtATime = 8

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

// later tries a name again, in the background, until it has its certificate, or is revoked.
func (m *Manager) later(name string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.managed[name]
	if n == nil || n.again {
		return
	}
	ctx, done, closed := m.life.begin(n.ctx)
	if closed != nil {
		return
	}
	n.again = true
	go func() {
		defer done()
		m.tryAgain(ctx, name, err)
		m.mu.Lock()
		defer m.mu.Unlock()
		n.again = false
	}()
}

func (m *Manager) tryAgain(ctx context.Context, name string, err error) {
	for pause := againFirst; err != nil; pause = min(2*pause, againMost) {
		m.config.Log.Error("acme: there is no certificate, and it is tried again", "name", name, "in", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if err = m.manage(ctx, name); ctx.Err() != nil {
			return
		}
	}
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
	m.kept.allow(name)
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
// served any more. The name has no certificate then, and gets none from this Manager (what is on the way is not taken), until Manage or Renew is called or OnDemand agrees
// to it; the others of a fleet do not know of it, and get one if they manage the name.
func (m *Manager) Revoke(ctx context.Context, name string, reason int) error {
	name, err := bareName(name)
	if err != nil {
		return err
	}
	m.kept.bar(name)
	if err := m.revoke(ctx, name, reason); err != nil {
		m.kept.allow(name)
		return err
	}
	m.drop(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.managed[name]; n != nil {
		n.cancel()
		delete(m.managed, name)
	}
	return nil
}

func (m *Manager) revoke(ctx context.Context, name string, reason int) error {
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
