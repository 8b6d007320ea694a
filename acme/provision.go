package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
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

// answer starts the servers that answer challenges, and returns what stops them and waits for that.
func (m *Manager) answer(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var ended []chan struct{}
	stop = func() {
		cancel()
		for _, end := range ended {
			<-end
		}
	}
	notFound := paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { w.WriteHeader(404) })
	for _, port := range []struct {
		challenge Challenge
		listener  net.Listener
		address   string
		serve     func(s *paf.Server, ln net.Listener) error
	}{
		{HTTP01, m.config.HTTPListener, m.config.HTTPAddress, func(s *paf.Server, ln net.Listener) error { return s.Serve(ctx, ln) }},
		{TLSALPN01, m.config.TLSListener, m.config.TLSAddress, func(s *paf.Server, ln net.Listener) error { return s.ServeTLS(ctx, ln, "", "") }},
	} {
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
		server := &paf.Server{Handler: m.HTTPHandler(notFound), Log: m.config.Log, GracePeriod: answerGrace}
		if port.challenge == TLSALPN01 {
			server.Handler, server.TLSConfig = notFound, m.TLSConfig()
		}
		end := make(chan struct{})
		ended = append(ended, end)
		go func() {
			defer close(end)
			if err := port.serve(server, ln); err != nil {
				m.config.Log.Error("acme: challenges are not answered any more", "challenge", port.challenge, "at", ln.Addr(), "err", err)
			}
		}()
	}
	return stop, nil
}
