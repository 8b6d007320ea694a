package issue

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/paf-go/paf/acme"
)

// Renew gets new certificates for names that have one, or those that are due of all if none is named. Nothing is listened on if there is nothing to renew.
func (c *Command) Renew(ctx context.Context, names []string) error {
	config, closer, err := c.config(ctx)
	if err != nil {
		return err
	}
	defer closer.Close()
	all, unread := acme.List(ctx, config.Storage)
	due := len(names) == 0
	if due {
		names = c.theirs(all)
	}
	errs := make([]error, len(names))
	kinds := c.byKeys(ctx, config.Storage, all, names)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		own := config
		own.CertificateKey = kind
		d, err := c.open(ctx, own)
		if err != nil {
			return err
		}
		each(kinds[kind], func(n int) {
			if due {
				errs[n] = ended(ctx, d.manager.Manage(ctx, names[n]))
			} else {
				errs[n] = ended(ctx, d.manager.Renew(ctx, names[n]))
			}
		})
		d.close()
	}
	for n, name := range names {
		if err := c.missing(all, name); err != nil {
			errs[n] = errors.Join(err, unread) // it may be the one that cannot be read
		}
	}
	if due {
		c.count(all, len(names))
		errs = append(errs, ended(ctx, unread))
	}
	return errors.Join(append(errs, c.where(ctx, config.Storage, names))...)
}

// theirs returns the names that have a certificate of the CAs that are asked.
func (c *Command) theirs(all []acme.Held) (names []string) {
	for _, h := range all {
		if len(h.Names) > 0 && c.asked(&h) && !slices.Contains(names, h.Names[0]) {
			names = append(names, h.Names[0])
		}
	}
	return names
}

// byKeys returns where in names are those that have a certificate of the CAs, by the kind of key that they are to have: the one that is asked for, or else
// the one that they have.
func (c *Command) byKeys(ctx context.Context, storage acme.Storage, all []acme.Held, names []string) map[acme.KeyType][]int {
	kinds := map[acme.KeyType][]int{}
	for n, name := range names {
		h, is := c.Newest(all, name)
		if !is {
			continue
		}
		kind := c.KeyType
		if kind == "" {
			chain, _ := storage.Load(ctx, h.Chain) // List has read it
			kind = kindOf(chain)
		}
		kinds[kind] = append(kinds[kind], n)
	}
	return kinds
}

// kindOf returns the kind of a certificate's key; "" is any other, which the default takes the place of.
func kindOf(chain []byte) acme.KeyType {
	block, _ := pem.Decode(chain)
	if block == nil {
		return ""
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return ""
	}
	name := ""
	switch key := leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		name = key.Params().Name
	case *rsa.PublicKey:
		name = fmt.Sprint("RSA-", key.N.BitLen())
	}
	for _, k := range KeyTypes {
		if string(k.Type) == name {
			return k.Type
		}
	}
	return ""
}

// count says how many were renewed of those that are kept. Whoever asks the wrong CA has to see that.
func (c *Command) count(all []acme.Held, of int) {
	if of > 0 {
		c.mu.Lock()
		renewed := len(c.issued)
		c.mu.Unlock()
		c.say("%d of %d certificates were renewed.\n", renewed, of)
		return
	}
	c.say("There is no certificate of %s in the storage.\n", c.whom())
	var others []string
	for _, h := range all {
		if !slices.Contains(others, h.CA) {
			others = append(others, h.CA)
		}
	}
	if len(others) > 0 {
		c.say("There are some of %s: name that CA with --acme-dir.\n", cell(strings.Join(others, ", ")))
	}
}

// each does something for each of several, for some at a time, and for all of them whatever fails.
func each(of []int, do func(n int)) {
	const most = 8
	places := make(chan struct{}, most)
	var all sync.WaitGroup
	for _, n := range of {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			do(n)
		})
	}
	all.Wait()
}
