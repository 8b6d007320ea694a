package acme

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
)

// A Held is a certificate that is in a Storage.
type Held struct {
	Names       []string // that it is for, addresses included
	CA          string   // what it is called in the Storage: host and path of its directory. See IsOf
	Serial      string   // in hexadecimal
	From, Until time.Time
	Chain, Key  string // what the PEM of both is called in the Storage
}

// IsOf reports whether it is from the CA with a directory.
func (h *Held) IsOf(directory string) bool {
	return h.CA == certmagic.StorageKeys.Safe(keyOf(directory))
}

// certificatesFolder is where certmagic keeps certificates in a Storage.
const certificatesFolder = "certificates"

// List returns the certificates that are in a Storage, of all CAs, by their names. With an error, which says which cannot be read, it returns the others.
func List(ctx context.Context, s Storage) ([]Held, error) {
	keys, err := s.List(ctx, certificatesFolder, true)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("acme: the certificates in the Storage cannot be listed: %w", err)
	}
	var all []Held
	var errs []error
	for _, key := range keys {
		base, is := strings.CutSuffix(key, ".crt")
		if !is {
			continue
		}
		h, err := held(ctx, s, base)
		if errors.Is(err, fs.ErrNotExist) { // it has gone in the meantime
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("acme: %s in the Storage: %w", key, err))
			continue
		}
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b Held) int {
		return cmp.Or(slices.Compare(a.Names, b.Names), strings.Compare(a.CA, b.CA))
	})
	return all, errors.Join(errs...)
}

func held(ctx context.Context, s Storage, base string) (h Held, err error) {
	chain, err := s.Load(ctx, base+".crt")
	if err != nil {
		return h, err
	}
	leaf, err := leafOf(chain)
	if err != nil {
		return h, err
	}
	return Held{
		Names: append(slices.Clone(leaf.DNSNames), addresses(leaf)...), CA: path.Base(path.Dir(path.Dir(base))), Serial: fmt.Sprintf("%x", leaf.SerialNumber),
		From: leaf.NotBefore, Until: leaf.NotAfter, Chain: base + ".crt", Key: base + ".key",
	}, nil
}
