package paf

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"

	"github.com/paf-go/paf/alpn"
)

// ListenAndServeTLS listens on an address, as ListenAndServe does, and calls ServeTLS.
func (s *Server) ListenAndServeTLS(ctx context.Context, addr, certFile, keyFile string) error {
	config, err := s.secured(certFile, keyFile)
	if err != nil {
		return err
	}
	ln, err := Listen(ctx, addr)
	if err != nil {
		return err
	}
	return s.Serve(ctx, tls.NewListener(ln, config))
}

// ServeTLS serves HTTPS on ln: it calls Serve on a listener of TLS over it, with a copy of TLSConfig. The protocols that Protocol allows
// are added to its NextProtos, "h2" and "http/1.1" if it is zero, so that clients get HTTP/2 (RFC 7301). The
// certificate, followed by those it depends on, and its key are in the PEM files certFile and keyFile, which may be empty if TLSConfig
// has certificates or a function that gets them. ln is closed if they cannot be used.
func (s *Server) ServeTLS(ctx context.Context, ln net.Listener, certFile, keyFile string) error {
	config, err := s.secured(certFile, keyFile)
	if err != nil {
		_ = ln.Close()
		return err
	}
	return s.Serve(ctx, tls.NewListener(ln, config))
}

// secured returns the configuration to serve with.
func (s *Server) secured(certFile, keyFile string) (*tls.Config, error) {
	config := s.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.NextProtos = s.offered(config.NextProtos)
	if certified(config) && certFile == "" && keyFile == "" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("paf: the certificate cannot be used: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// certified reports whether a configuration has what a server needs. Of an empty one, as golang.org/x/net/http2's ConfigureServer leaves it in
// servers in clear, too, it cannot be told what it is for.
func certified(c *tls.Config) bool {
	return c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil || c.GetConfigForClient != nil)
}

// offered returns the protocols that are agreed on with clients: those given that may be spoken, or that are none of HTTP's, and those
// that are missing.
func (s *Server) offered(given []string) []string {
	without := map[Protocol]string{HTTP2: alpn.HTTP11, HTTP11: alpn.H2}[s.Protocol]
	all := slices.DeleteFunc(slices.Clone(given), func(name string) bool { return name == without })
	for _, name := range []string{alpn.H2, alpn.HTTP11} {
		if name != without && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
