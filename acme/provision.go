package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
)

// Provision gets a certificate for each of the names, from the Storage if it is there and fresh, else from a CA, and returns a configuration that
// serves with them: h2 and http/1.1. Nothing runs on when it has returned, and nobody renews.
//
// While it runs it answers challenges by servers of its own on the listeners or addresses of the Config, which it closes: what else asks there gets a
// 404, or no handshake. Without any there must be a DNS.
func Provision(ctx context.Context, config Config, names ...string) (*tls.Config, error) {
	defer closeListeners(&config) // those that no server was started on
	if len(config.Challenges) == 0 && config.DNS == nil {
		config.Challenges = config.answered()
	}
	if len(names) == 0 {
		return nil, errors.New("acme: there is no name to get a certificate for")
	}
	if err := config.checkAnswered(); err != nil {
		return nil, err
	}
	m, err := New(config)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if names, err = m.checkNames(names); err != nil {
		return nil, err
	}
	stop, err := m.answer(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	return m.provision(ctx, names)
}

func (m *Manager) provision(ctx context.Context, names []string) (*tls.Config, error) {
	config := &tls.Config{NextProtos: []string{alpn.H2, alpn.HTTP11}, MinVersion: tls.VersionTLS12}
	for _, name := range names {
		m.keep(name)
		if err := m.manage(ctx, name); err != nil {
			return nil, err
		}
		cert, err := m.magic.CacheManagedCertificate(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("acme: the certificate of %s: %w", name, err)
		}
		config.Certificates = append(config.Certificates, cert.Certificate)
	}
	return config, nil
}

// answered returns the challenges that the Config has a place for.
func (c *Config) answered() (all []Challenge) {
	if c.TLSListener != nil || c.TLSAddress != "" {
		all = append(all, TLSALPN01)
	}
	if c.HTTPListener != nil || c.HTTPAddress != "" {
		all = append(all, HTTP01)
	}
	return all
}

// checkAnswered fails if a challenge would be answered by nobody.
func (c *Config) checkAnswered() error {
	answered := c.answered()
	if len(c.Challenges) == 0 && c.DNS == nil {
		return errors.New("acme: nothing would answer the CA: set HTTPAddress (\":80\"), TLSAddress (\":443\") or DNS")
	}
	for _, ch := range c.Challenges {
		if ch != DNS01 && !slices.Contains(answered, ch) {
			return fmt.Errorf("acme: nothing would answer %s: set HTTPAddress for http-01, TLSAddress for tls-alpn-01", ch)
		}
	}
	return nil
}

func closeListeners(c *Config) {
	for _, ln := range []net.Listener{c.HTTPListener, c.TLSListener} {
		if ln != nil {
			_ = ln.Close()
		}
	}
}

// answerGrace is how long an answer that has begun may still take when all certificates are there.
const answerGrace = 2 * time.Second

// Answer answers a challenge, HTTP01 or TLSALPN01, and nothing else on a listener, which it closes: what else asks there gets a 404, or no more than a handshake. It returns when the
// context ends, two seconds later at the most, or with why it cannot go on. It is for programs that do not serve; a server has HTTPHandler and TLSConfig.
func (m *Manager) Answer(ctx context.Context, ch Challenge, ln net.Listener) error {
	notFound := paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { w.WriteHeader(404) })
	server := &paf.Server{Handler: notFound, Log: m.config.Log, GracePeriod: answerGrace}
	switch ch {
	case HTTP01:
		server.Handler = m.HTTPHandler(notFound)
		return server.Serve(ctx, ln)
	case TLSALPN01:
		server.TLSConfig = m.TLSConfig()
		return server.ServeTLS(ctx, ln, "", "")
	}
	_ = ln.Close()
	return fmt.Errorf("acme: %s is not answered on a listener", ch)
}

// answer starts what answers challenges, and returns what stops it and waits for that.
func (m *Manager) answer(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	stop = func() { cancel(); all.Wait() }
	for _, port := range []struct {
		challenge Challenge
		listener  net.Listener
		address   string
	}{{HTTP01, m.config.HTTPListener, m.config.HTTPAddress}, {TLSALPN01, m.config.TLSListener, m.config.TLSAddress}} {
		if !slices.Contains(m.config.Challenges, port.challenge) {
			continue
		}
		ln := port.listener
		if ln == nil {
			if ln, err = paf.Listen(ctx, port.address); err != nil {
				stop()
				return nil, fmt.Errorf("acme: %s cannot be answered: %w", port.challenge, err)
			}
		}
		all.Go(func() {
			if err := m.Answer(ctx, port.challenge, ln); err != nil {
				m.config.Log.Error("acme: challenges are not answered any more", "challenge", port.challenge, "at", ln.Addr(), "err", err)
			}
		})
	}
	return stop, nil
}
