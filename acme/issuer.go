package acme

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"

	"github.com/paf-go/paf/nethttp"
)

// An issuer is one CA, as certmagic wants it.
type issuer struct {
	config    *Config
	ca        CA
	key       string
	client    *protocol.Client
	directory *directory
	transport *nethttp.Transport
	manager   *Manager
	proofs    *proofs
	records   *records
	life      *life
	places    chan struct{} // a place for each order that there may be at a time

	mu     sync.Mutex
	closed map[string]time.Time // names that the CA does not want to hear of, and until when
}

var (
	_ certmagic.Issuer            = (*issuer)(nil)
	_ certmagic.Revoker           = (*issuer)(nil)
	_ certmagic.RenewalInfoGetter = (*issuer)(nil)
)

const (
	ordersMost  = 8                // at a time: CAs have limits for that, too
	pollTimeout = 2 * time.Minute  // how long a CA may take to look, and to issue
	talkTimeout = 10 * time.Minute // how long all that is said to it for one purpose may take, without the time that the DNS takes
)

// bounded returns a context for what is said to the CA for one purpose: a CA that is always about to be done holds nobody up for ever.
func (i *issuer) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, i.config.talk())
}

// talk is how long all that is said for one purpose may take.
func (c *Config) talk() time.Duration {
	if c.DNS == nil {
		return talkTimeout
	}
	return talkTimeout + max(cmp.Or(c.DNS.Timeout, dnsTimeout), 0)
}

func newIssuer(c *Config, ca CA, m *Manager, r *records) *issuer {
	d := &directory{}
	h, t := newClient(c, &ca, d)
	return &issuer{
		config: c, ca: ca, key: keyOf(ca.URL), directory: d, transport: t, manager: m, proofs: m.proofs, records: r, life: m.life,
		places: make(chan struct{}, ordersMost), closed: map[string]time.Time{},
		client: &protocol.Client{
			Directory: ca.URL, HTTPClient: h, UserAgent: "paf", PollTimeout: pollTimeout, Logger: slog.New(quiet{c.Log.Handler()}),
		},
	}
}

// IssuerKey names the CA in the Storage.
func (i *issuer) IssuerKey() string { return i.key }

func (i *issuer) step(s Step) {
	i.config.Log.Debug("acme: "+s.String(), "kind", s.Kind)
	if i.config.OnStep != nil {
		i.config.OnStep(s)
	}
}

// Issue gets a certificate. It waits, within Patience, when the CA says that it was asked too often. Its error is an *Error, or several that are joined.
func (i *issuer) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	ctx, done, err := i.life.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	name := nameOf(csr)
	if err := i.manager.allowed(ctx, name); err != nil {
		failuresOf(ctx).add(err)
		return nil, err
	}
	select {
	case i.places <- struct{}{}:
		defer func() { <-i.places }()
	case <-ctx.Done():
		return nil, i.explain(context.Cause(ctx), name, "")
	}
	var issued protocol.Certificate
	err = i.patiently(ctx, name, true, func(ctx context.Context) (err error) {
		issued, err = i.order(ctx, name, csr)
		return err
	})
	var leaf *x509.Certificate
	if err == nil {
		leaf, err = i.checked(name, issued.ChainPEM, csr)
	}
	if err != nil {
		i.step(Step{Kind: Failed, Name: name, CA: i.ca.URL, Err: err})
		failuresOf(ctx).add(err)
		return nil, err
	}
	if ari := issued.RenewalInfo; ari != nil {
		if *ari, err = fromCA(*ari, leaf, time.Now()); err != nil {
			issued.RenewalInfo = nil // RenewAt says when, as without ARI
		}
	}
	until := leaf.NotAfter
	i.step(Step{Kind: Issued, Name: name, CA: i.ca.URL, Until: until})
	i.config.Log.Info("acme: a certificate was issued", "name", name, "ca", i.ca.URL, "until", until)
	return &certmagic.IssuedCertificate{Certificate: issued.ChainPEM, Metadata: issued}, nil
}

func nameOf(csr *x509.CertificateRequest) string {
	if len(csr.DNSNames) > 0 {
		return csr.DNSNames[0]
	}
	if len(csr.IPAddresses) > 0 {
		return csr.IPAddresses[0].String()
	}
	return csr.Subject.CommonName
}

// leafOf returns the first certificate of a chain.
func leafOf(chain []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(chain)
	if block == nil {
		return nil, errors.New("acme: there is no certificate where one was expected")
	}
	return x509.ParseCertificate(block.Bytes)
}

// order asks for a certificate, by one challenge after the other.
func (i *issuer) order(ctx context.Context, name string, csr *x509.CertificateRequest) (c protocol.Certificate, err error) {
	var failed []error
	for n, ch := range i.config.suited(name) {
		if n > 0 {
			i.step(Step{Kind: Failed, Name: name, CA: i.ca.URL, Challenge: i.config.suited(name)[n-1], Err: failed[n-1]})
		}
		if c, err = i.try(ctx, ch, name, csr); err == nil {
			return c, nil
		}
		e := i.explain(err, name, ch)
		failed = append(failed, e)
		if e.Challenge == "" || ctx.Err() != nil {
			break
		}
	}
	return c, errors.Join(failed...)
}

// try asks for a certificate by one challenge. An account that the CA has forgotten is made again.
func (i *issuer) try(ctx context.Context, ch Challenge, name string, csr *x509.CertificateRequest) (c protocol.Certificate, err error) {
	for range 2 {
		account, err := i.account(ctx)
		if err != nil {
			e := i.explain(err, "", "")
			e.Name = name
			return c, e
		}
		i.step(Step{Kind: Ordering, Name: name, CA: i.ca.URL})
		c, err = i.obtain(ctx, account, ch, name, csr)
		if p, is := problemIn(err); !is || p.Type != protocol.ProblemTypeAccountDoesNotExist {
			return c, err
		}
		if err := i.forget(ctx); err != nil {
			return c, err
		}
	}
	return c, err
}

// obtain makes one order.
func (i *issuer) obtain(ctx context.Context, account protocol.Account, ch Challenge, name string, csr *x509.CertificateRequest) (c protocol.Certificate, err error) {
	ctx, cancel := i.bounded(ctx)
	defer cancel()
	order, err := acmez.OrderParametersFromCSR(account, csr)
	if err != nil {
		return c, err
	}
	order.Profile = i.ca.Profile
	if !i.config.IgnoreARI {
		order.Replaces = i.current(ctx, name)
	}
	s, err := i.newSolver(ch, name, order)
	if err != nil {
		return c, err
	}
	client := acmez.Client{Client: i.client, ChallengeSolvers: map[string]acmez.Solver{string(ch): s}}
	if ch == DNS01 {
		client.ChallengeSolvers[string(ch)] = &waiter{s}
	}
	chains, err := client.ObtainCertificate(ctx, order)
	if err != nil {
		return c, err
	}
	if len(chains) == 0 {
		return c, errors.New("the CA has sent no certificate")
	}
	return chains[0], nil
}

// current returns the certificate that an order is to replace, which exempts it from some limits of CAs (RFC 9773, Section 5); nil if there is none.
func (i *issuer) current(ctx context.Context, name string) *x509.Certificate {
	text, err := i.config.Storage.Load(ctx, certmagic.StorageKeys.SiteCert(i.key, name))
	if err != nil {
		return nil
	}
	leaf, err := leafOf(text)
	if err != nil || time.Now().After(leaf.NotAfter) || len(leaf.AuthorityKeyId) == 0 {
		return nil
	}
	if directory, err := i.client.GetDirectory(ctx); err != nil || directory.RenewalInfo == "" {
		return nil
	}
	return leaf
}

// Revoke revokes a certificate (RFC 8555, Section 7.6).
func (i *issuer) Revoke(ctx context.Context, cert certmagic.CertificateResource, reason int) error {
	ctx, done, err := i.life.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	leaf, err := leafOf(cert.CertificatePEM)
	if err != nil {
		return err
	}
	name := strings.Join(append(slices.Clone(leaf.DNSNames), addresses(leaf)...), ",")
	err = i.patiently(ctx, name, false, func(ctx context.Context) error {
		ctx, cancel := i.bounded(ctx)
		defer cancel()
		account, err := i.account(ctx)
		if err == nil {
			err = i.client.RevokeCertificate(ctx, account, leaf, account.PrivateKey, reason)
		}
		if err == nil {
			return nil
		}
		return i.explain(fmt.Errorf("it was not revoked: %w", err), name, "")
	})
	if err == nil {
		i.step(Step{Kind: Revoked, Name: name, CA: i.ca.URL})
	}
	return err
}

func addresses(c *x509.Certificate) (all []string) {
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

// GetRenewalInfo asks the CA when a certificate is to be renewed (ARI, RFC 9773).
func (i *issuer) GetRenewalInfo(ctx context.Context, cert certmagic.Certificate) (protocol.RenewalInfo, error) {
	ctx, done, err := i.life.begin(ctx)
	if err != nil {
		return protocol.RenewalInfo{}, err
	}
	defer done()
	ctx, cancel := i.bounded(ctx)
	defer cancel()
	if err := i.reach(ctx); err != nil {
		return protocol.RenewalInfo{}, err
	}
	ari, err := i.client.GetRenewalInfo(ctx, cert.Leaf)
	if err != nil {
		return ari, err
	}
	return fromCA(ari, cert.Leaf, time.Now())
}

// patiently does something that the CA may not want to hear of yet. It waits for the time that the CA gives, if that comes within Patience. An order
// remembers it: the next one for the name does not ask before. What is to be revoked is not held up by what orders were told.
func (i *issuer) patiently(ctx context.Context, name string, order bool, do func(context.Context) error) error {
	const most = 5 // a CA that is never content
	var until time.Time
	for n := 0; ; n++ {
		if order {
			until = i.closedUntil(name)
		}
		if err := i.await(ctx, name, until); err != nil {
			return err
		}
		noted, said := withNote(ctx)
		err := do(noted)
		until = said.get()
		if err == nil || until.IsZero() || ctx.Err() != nil {
			return err
		}
		var e *Error
		if errors.As(err, &e) {
			e.RetryAfter = until
			e.Err = fmt.Errorf("%w: %w", ErrTooOften, e.Err)
		}
		if order {
			i.close(name, until)
		}
		if n == most || time.Until(until) > i.config.Patience {
			return err
		}
		i.step(Step{Kind: Waiting, Name: name, CA: i.ca.URL, Until: until, Err: err})
	}
}

// await waits until a time, or fails at once if that is too far away.
func (i *issuer) await(ctx context.Context, name string, until time.Time) error {
	left := time.Until(until)
	if left <= 0 {
		return nil
	}
	if left > i.config.Patience {
		e := &Error{Name: name, CA: i.ca.URL, RetryAfter: until, Err: fmt.Errorf("%w, and is not asked again before %s", ErrTooOften, until.Format(time.DateTime))}
		e.Advice = e.advise()
		return e
	}
	select {
	case <-time.After(left):
		return nil
	case <-ctx.Done():
		return i.explain(context.Cause(ctx), name, "")
	}
}

func (i *issuer) closedUntil(name string) time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.closed[name]
}

func (i *issuer) close(name string, until time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(i.closed, func(_ string, t time.Time) bool { return t.Before(now) })
	i.closed[name] = until
}
