// Package issue is what the program does about certificates of CAs: `paf cert`, and what of `paf serve --acme` has nothing to do with serving.
package issue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/acme/redis"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// Options say which CAs are asked, as whom, for what keys, and where all is kept.
type Options struct {
	CAs     []CA   // in turn
	Email   string // "" for none
	Agree   bool   // to the CAs' terms
	KeyType acme.KeyType
	Hook    *Hook        // nil for none
	Storage string       // a folder, or a URL of file, redis, rediss or unix; "" for a folder of the user's
	Log     *slog.Logger // what goes on inside
}

// KeyTypes are the kinds of keys that certificates may have, as the command line names them.
var KeyTypes = []struct {
	Word string
	Type acme.KeyType
}{{"ecdsa256", acme.P256}, {"ecdsa384", acme.P384}, {"rsa2048", acme.RSA2048}, {"rsa4096", acme.RSA4096}}

// KeyTypeOf reads a kind of keys. Its error says which there are.
func KeyTypeOf(word string) (acme.KeyType, error) {
	var words []string
	for _, k := range KeyTypes {
		if strings.EqualFold(k.Word, word) {
			return k.Type, nil
		}
		words = append(words, k.Word)
	}
	return "", fmt.Errorf("keys are %s, not %q", strings.Join(words, ", "), word)
}

// Config returns what package acme takes, and what to close when all is done. Errors have an exit status: see package exit.
func (o *Options) Config(ctx context.Context) (acme.Config, io.Closer, error) {
	config := acme.Config{Email: o.Email, AgreeToTerms: o.Agree, CertificateKey: o.KeyType, Log: o.Log}
	for _, ca := range o.CAs {
		known, err := ca.config()
		if err != nil {
			return acme.Config{}, nil, err
		}
		config.CAs = append(config.CAs, known)
	}
	if o.Hook != nil {
		var err error
		if config.DNS, err = o.Hook.config(o.Log); err != nil {
			return acme.Config{}, nil, err
		}
		config.Challenges = []acme.Challenge{acme.DNS01}
	}
	storage, closer, err := OpenStorage(ctx, o.Storage)
	config.Storage = storage
	return config, closer, err
}

// asked reports whether a certificate is of one of the CAs.
func (o *Options) asked(h *acme.Held) bool {
	return slices.ContainsFunc(o.CAs, func(ca CA) bool { return h.IsOf(ca.URL()) })
}

// whom names the CAs in a sentence.
func (o *Options) whom() string {
	var all []string
	for _, ca := range o.CAs {
		all = append(all, ca.URL())
	}
	return "the CA " + strings.Join(all, " or ")
}

// Newest returns the certificate of a name that was issued last, of those of the CAs that are asked; false if there is none.
func (o *Options) Newest(all []acme.Held, name string) (newest acme.Held, found bool) {
	for _, h := range all {
		if len(h.Names) > 0 && strings.EqualFold(h.Names[0], name) && o.asked(&h) && (!found || h.From.After(newest.From)) {
			newest, found = h, true
		}
	}
	return newest, found
}

// missing fails if a name has no certificate of the CAs, and says of which it has one.
func (o *Options) missing(all []acme.Held, name string) error {
	if _, is := o.Newest(all, name); is {
		return nil
	}
	for _, h := range all {
		if len(h.Names) > 0 && strings.EqualFold(h.Names[0], name) {
			return exit.Errorf(exit.Failure, "%s has no certificate of %s in the storage; it has one of %s: name that CA with --acme-dir", name, o.whom(), h.CA)
		}
	}
	return exit.Errorf(exit.Failure, "%s has no certificate of %s in the storage; \"paf cert list\" shows what there is, and \"paf cert obtain\" gets one", name, o.whom())
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
