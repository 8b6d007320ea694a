// Package issue is what the program does about certificates of CAs: `paf cert`, and what of `paf serve --acme` has nothing to do with serving.
package issue

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/acme/redis"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// Options say which CA is asked, as whom, and where all is kept.
type Options struct {
	Directory string       // its URL, "production" or "staging" of Let's Encrypt
	Roots     string       // a PEM file of those to trust when the CA is spoken to; "" for the system's
	Email     string       // "" for none
	Agree     bool         // to the CA's terms
	Storage   string       // a folder, or a URL of file, redis, rediss or unix; "" for a folder of the user's
	Log       *slog.Logger // what goes on inside
}

// URL returns the CA's directory.
func (o *Options) URL() string {
	switch o.Directory {
	case "", "production":
		return acme.LetsEncrypt
	case "staging":
		return acme.LetsEncryptStaging
	}
	return o.Directory
}

// Config returns what package acme takes, and what to close when all is done. Errors have an exit status: see package exit.
func (o *Options) Config(ctx context.Context) (acme.Config, io.Closer, error) {
	ca := acme.CA{URL: o.URL()}
	if u, err := url.Parse(ca.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		return acme.Config{}, nil, exit.Errorf(exit.Usage, "--acme-dir takes a URL of https, staging or production, not %q", ca.URL)
	}
	if o.Roots != "" {
		text, err := os.ReadFile(o.Roots)
		if err != nil {
			return acme.Config{}, nil, exit.Errorf(exit.Read, "cannot read the authorities: %w", err)
		}
		ca.Roots = x509.NewCertPool()
		if !ca.Roots.AppendCertsFromPEM(text) {
			return acme.Config{}, nil, exit.Errorf(exit.Usage, "%s holds no certificate in PEM", o.Roots)
		}
	}
	storage, closer, err := OpenStorage(ctx, o.Storage)
	if err != nil {
		return acme.Config{}, nil, err
	}
	return acme.Config{CAs: []acme.CA{ca}, Email: o.Email, AgreeToTerms: o.Agree, Storage: storage, Log: o.Log}, closer, nil
}

type nothing struct{}

func (nothing) Close() error { return nil }

// OpenStorage opens a folder, "" being one of the user's, or what a URL leads to. No error cites a password.
func OpenStorage(ctx context.Context, where string) (acme.Storage, io.Closer, error) {
	scheme, _, is := strings.Cut(where, ":")
	if !is || strings.ContainsAny(scheme, `/\.`) || len(scheme) == 1 { // C:\ is no URL
		return files(where)
	}
	switch scheme {
	case "file":
		u, err := url.Parse(where)
		if err != nil || u.Path+u.Opaque == "" || u.Host != "" && u.Host != "localhost" {
			return nil, nil, exit.Errorf(exit.Usage, "--storage takes a folder (as /var/lib/paf or file:///var/lib/paf), not %q", where)
		}
		return acme.Files(u.Path + u.Opaque), nothing{}, nil
	case "redis", "rediss", "unix":
		s, err := redis.Open(ctx, where, redis.Config{})
		switch {
		case errors.Is(err, redis.ErrConfig):
			return nil, nil, exit.Errorf(exit.Usage, "cannot use the storage: %w", err)
		case err != nil:
			return nil, nil, exit.Errorf(exit.Failure, "cannot use the storage: %w", err)
		}
		return s, s, nil
	}
	return nil, nil, exit.Errorf(exit.Usage, "--storage takes a folder, or a URL of file, redis, rediss or unix, not one of %q", scheme)
}

// Warnings returns a logger that passes on warnings and worse: what goes well is told in steps.
func Warnings(l *slog.Logger) *slog.Logger { return slog.New(warnings{l.Handler()}) }

type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(as []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(as)} }

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
