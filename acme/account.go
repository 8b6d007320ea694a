package acme

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/caddyserver/certmagic"
	protocol "github.com/mholt/acmez/v3/acme"
)

// accountFolder is where in the Storage the account is: one for each CA and e-mail.
func (i *issuer) accountFolder() string {
	owner := "default"
	if i.config.Email != "" {
		owner = certmagic.StorageKeys.Safe(i.config.Email)
	}
	return path.Join("paf", "accounts", certmagic.StorageKeys.Safe(i.key), owner)
}

func (i *issuer) accountFile() string { return path.Join(i.accountFolder(), "account.json") }
func (i *issuer) keyFile() string     { return path.Join(i.accountFolder(), "account.key") }

// A stored account is what is known of it, and whose key it is: a seed may have changed.
type storedAccount struct {
	Account    protocol.Account `json:"account"`
	Thumbprint string           `json:"thumbprint"`
}

// account returns the account that is in the Storage, or makes one at the CA, which has to be there: once, however many ask at a time, on however many machines.
func (i *issuer) account(ctx context.Context) (protocol.Account, error) {
	ctx, cancel := i.bounded(ctx)
	defer cancel()
	if err := i.reach(ctx); err != nil {
		return protocol.Account{}, err
	}
	a, err := i.load(ctx)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	lock := "paf_account_" + certmagic.StorageKeys.Safe(i.accountFolder())
	if err := i.config.Storage.Lock(ctx, lock); err != nil {
		return a, fmt.Errorf("acme: the account's lock: %w", err)
	}
	defer func() { _ = i.config.Storage.Unlock(context.WithoutCancel(ctx), lock) }()
	if a, err = i.load(ctx); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	return i.register(ctx)
}

// load returns the account that is in the Storage; an error that is fs.ErrNotExist if there is none for the key.
func (i *issuer) load(ctx context.Context) (protocol.Account, error) {
	text, err := i.config.Storage.Load(ctx, i.accountFile())
	if err != nil {
		return protocol.Account{}, fmt.Errorf("acme: the account: %w", err)
	}
	var stored storedAccount
	if err := json.Unmarshal(text, &stored); err != nil {
		return protocol.Account{}, fmt.Errorf("acme: the account in the Storage cannot be read (%s): %w", i.accountFile(), err)
	}
	a := stored.Account
	if a.PrivateKey, err = i.accountKey(ctx); err != nil {
		return a, err
	}
	if print, err := a.Thumbprint(); err != nil || print != stored.Thumbprint {
		return a, errors.Join(err, fs.ErrNotExist)
	}
	return a, nil
}

// accountKey returns the key of the account: the seed's, or the one that is in the Storage.
func (i *issuer) accountKey(ctx context.Context) (crypto.Signer, error) {
	if len(i.config.AccountSeed) > 0 {
		return i.config.AccountKey.generate(i.config.AccountSeed, "account")
	}
	text, err := i.config.Storage.Load(ctx, i.keyFile())
	if err != nil {
		return nil, fmt.Errorf("acme: the account's key: %w", err)
	}
	key, err := certmagic.PEMDecodePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("acme: the account's key in the Storage cannot be read (%s)", i.keyFile()) // not the cause, which may quote it
	}
	return key, nil
}

// register makes an account at the CA, with the key that is in the Storage if one was left there by somebody who did not get as far.
func (i *issuer) register(ctx context.Context) (a protocol.Account, err error) {
	i.step(Step{Kind: Registering, CA: i.ca.URL})
	if err := i.checkTerms(ctx); err != nil {
		return a, err
	}
	a.TermsOfServiceAgreed = i.config.AgreeToTerms
	if i.config.Email != "" {
		a.Contact = []string{"mailto:" + i.config.Email}
	}
	if a.PrivateKey, err = i.accountKey(ctx); errors.Is(err, fs.ErrNotExist) {
		a.PrivateKey, err = i.newAccountKey(ctx)
	}
	if err != nil {
		return a, err
	}
	if i.ca.KeyID != "" {
		if err := a.SetExternalAccountBinding(ctx, i.client, protocol.EAB{KeyID: i.ca.KeyID, MACKey: i.ca.MACKey}); err != nil {
			return a, fmt.Errorf("acme: the external account %s: %w", i.ca.KeyID, err)
		}
	}
	if a, err = i.client.NewAccount(ctx, a); err != nil {
		return a, err
	}
	if a.Status != protocol.StatusValid {
		return a, fmt.Errorf("acme: the CA says that the account %s is %s", a.Location, a.Status)
	}
	print, err := a.Thumbprint()
	if err != nil {
		return a, err
	}
	text, err := json.Marshal(storedAccount{a, print})
	if err != nil {
		return a, err
	}
	return a, i.config.Storage.Store(ctx, i.accountFile(), text)
}

// newAccountKey makes a key and stores it, before a CA knows it: an account whose key is lost is of no use.
func (i *issuer) newAccountKey(ctx context.Context) (crypto.Signer, error) {
	key, err := i.config.AccountKey.generate(nil, "account")
	if err != nil {
		return nil, err
	}
	text, err := certmagic.PEMEncodePrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, i.config.Storage.Store(ctx, i.keyFile(), text)
}

// forget removes an account that the CA does not know any more; its key is used again.
func (i *issuer) forget(ctx context.Context) error {
	return i.config.Storage.Delete(ctx, i.accountFile())
}

// checkTerms fails if the CA has terms and nobody has agreed.
func (i *issuer) checkTerms(ctx context.Context) error {
	if i.config.AgreeToTerms {
		return nil
	}
	directory, err := i.client.GetDirectory(ctx)
	if err != nil {
		return err
	}
	if directory.Meta != nil && directory.Meta.TermsOfService != "" {
		return fmt.Errorf("%w: %s", ErrTerms, directory.Meta.TermsOfService)
	}
	return nil
}
