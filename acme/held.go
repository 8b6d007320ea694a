package acme

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
)

// A Held is a certificate that is in a Storage.
type Held struct {
	Names       []string // that it is for, addresses included
	CA          string   // what it is called in the Storage: host and path of its directory, and a hash if they are not enough. See IsOf
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

// keyOf names a CA in the Storage as certmagic does, by the host and the path of its directory: "acme-v02.api.letsencrypt.org-directory". What these words do not tell
// apart, as ports, queries and paths of several parts, has a part of the URL's hash beside them, for no CA is to serve with another's certificates.
func keyOf(directory string) string {
	u, err := url.Parse(directory)
	if err != nil {
		return hashed("ca", directory)
	}
	host, part := strings.ToLower(u.Host), strings.TrimPrefix(u.Path, "/")
	if part != "" && strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789") == "" && directory == "https://"+u.Host+"/"+part && u.Port() == "" && u.User == nil {
		return host + "-" + part
	}
	u.Host = host
	return hashed(strings.Trim(host+"-"+strings.Trim(strings.NewReplacer("/", "-", "\\", "-").Replace(u.Path), "-"), "-"), u.String())
}

func hashed(words, directory string) string {
	return fmt.Sprintf("%s_%x", words, sha256.Sum256([]byte(directory)))[:len(words)+1+16]
}

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
