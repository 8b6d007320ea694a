package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	demandsMost = 256   // names for which there is no certificate yet, and one is being looked for
	failedMost  = 10000 // names that have failed and are remembered
)

// errBusy: so many names are being looked for that a handshake for another one is refused.
var errBusy = errors.New("acme: certificates of too many names are being looked for at the moment")

// demands are the names for which handshakes want certificates. What one handshake has begun goes on without it, for those that come after it.
type demands struct {
	mu     sync.Mutex
	begun  map[string]*demand
	failed map[string]failure
}

// A demand is being met.
type demand struct {
	done chan struct{} // closed when err is set
	err  error
}

// A failure is remembered for a while, the longer the more there have been, so that handshakes do not use up what a CA allows.
type failure struct {
	err   error
	until time.Time
	pause time.Duration
}

func newDemands() *demands {
	return &demands{begun: map[string]*demand{}, failed: map[string]failure{}}
}

// certificate returns the one for a handshake.
func (m *Manager) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if err := checkServerName(hello); err != nil {
		return nil, err
	}
	cert, err := m.magic.GetCertificate(hello)
	if err != nil {
		cert = nil
	}
	if m.config.OnDemand == nil || err == nil && !ended(cert) {
		return cert, err
	}
	name, wrong := m.config.checkName(askedName(hello))
	switch {
	case wrong != nil:
		return nil, wrong
	case strings.HasPrefix(name, "*."):
		return nil, fmt.Errorf("acme: a handshake asks for %s, which is no name of a server", name)
	}
	if m.manages(name) {
		return cert, err
	}
	if err := m.want(hello.Context(), name); err != nil {
		return nil, err
	}
	return m.magic.GetCertificate(hello)
}

func ended(c *tls.Certificate) bool { return c.Leaf != nil && time.Now().After(c.Leaf.NotAfter) }

// askedName returns the name of a handshake, or the address that the client has connected to.
func askedName(hello *tls.ClientHelloInfo) string {
	if hello.ServerName != "" || hello.Conn == nil {
		return hello.ServerName
	}
	at, err := netip.ParseAddrPort(hello.Conn.LocalAddr().String())
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().WithZone("").String()
}

// manages reports whether Manage has been told of a name, or of a wildcard that it falls under.
func (m *Manager) manages(name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.managed[name] != nil || m.managed["*."+parent] != nil
}

// want waits until there is a certificate for a name that OnDemand agrees to, or there will be none.
func (m *Manager) want(ctx context.Context, name string) error {
	d, err := m.demands.find(name)
	if err != nil {
		return err
	}
	if d == nil {
		if err := m.config.OnDemand(ctx, name); err != nil {
			return err
		}
		if d, err = m.meet(name); err != nil {
			return err
		}
	}
	select {
	case <-d.done:
		return d.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// find returns the demand for a name, nil if there is none, or why the name has failed a while ago.
func (ds *demands) find(name string) (*demand, error) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d := ds.begun[name]; d != nil {
		return d, nil
	}
	if f, is := ds.failed[name]; is && time.Now().Before(f.until) {
		return nil, fmt.Errorf("acme: %s has failed, and is not tried before %s: %w", name, f.until.Format(time.DateTime), f.err)
	}
	return nil, nil
}

// meet gets a certificate, in a time of its own, unless somebody else has begun to.
func (m *Manager) meet(name string) (*demand, error) {
	ds := m.demands
	if d, err := ds.find(name); d != nil || err != nil {
		return d, err
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d := ds.begun[name]; d != nil {
		return d, nil
	}
	if len(ds.begun) >= demandsMost {
		return nil, errBusy
	}
	ctx, done, err := m.life.begin(context.Background())
	if err != nil {
		return nil, err
	}
	m.kept.allow(name)
	d := &demand{done: make(chan struct{})}
	ds.begun[name] = d
	go func() {
		defer done()
		ctx, cancel := context.WithTimeout(ctx, m.config.talk())
		defer cancel()
		if m.cachedEnded(name) {
			m.drop(name) // or it would be taken for good
		}
		ds.end(name, d, m.manage(ctx, name), m.life.ctx.Err() != nil)
	}()
	return d, nil
}

// cachedEnded reports whether the certificates of a name that are served have all ended.
func (m *Manager) cachedEnded(name string) bool {
	for _, c := range m.cache.AllMatchingCertificates(name) {
		if !c.Expired() {
			return false
		}
	}
	return true
}

// end tells those who wait what has become of a demand, and remembers it if it has failed.
func (ds *demands) end(name string, d *demand, err error, closed bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	delete(ds.begun, name)
	now := time.Now()
	switch {
	case err == nil:
		delete(ds.failed, name)
	case !closed:
		ds.forget(now)
		pause := min(max(2*ds.failed[name].pause, againFirst), againMost)
		ds.failed[name] = failure{err, now.Add(pause), pause}
	}
	d.err = err
	close(d.done)
}

// forget makes place for one more failure.
func (ds *demands) forget(now time.Time) {
	if len(ds.failed) < failedMost {
		return
	}
	maps.DeleteFunc(ds.failed, func(_ string, f failure) bool { return now.After(f.until) })
	for name := range ds.failed { // any
		if len(ds.failed) < failedMost {
			return
		}
		delete(ds.failed, name)
	}
}

// allowed fails if a certificate is not to be ordered: for a name that is revoked, or that nobody but a handshake has asked for and OnDemand does not want any more. It asks that
// before each renewal.
func (m *Manager) allowed(ctx context.Context, name string) error {
	if m.kept.bars(name) {
		return errBarred
	}
	if m.config.OnDemand == nil || m.manages(name) {
		return nil
	}
	if d, _ := m.demands.find(name); d != nil {
		return nil // it has agreed a moment ago
	}
	err := m.config.OnDemand(ctx, name)
	if err != nil {
		m.drop(name)
		return fmt.Errorf("acme: %s is not renewed, for OnDemand does not want it: %w", name, err)
	}
	return nil
}
