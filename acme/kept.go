package acme

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	protocol "github.com/mholt/acmez/v3/acme"
)

// loadTimeout is for one value: certmagic loads some while it holds the lock of its cache, and with it up handshakes.
const loadTimeout = 10 * time.Second

// kept is the Storage as certmagic sees it: what others have written there and certmagic cannot bear is kept from it.
type kept struct {
	Storage
	log *slog.Logger
}

var (
	_ certmagic.TryLocker        = (*kept)(nil)
	_ certmagic.LockLeaseRenewer = (*kept)(nil)
)

// String is for what certmagic logs.
func (k *kept) String() string { return fmt.Sprintf("%T", k.Storage) }

// TryLock is the Storage's, or Lock where it has none, as certmagic would have it.
func (k *kept) TryLock(ctx context.Context, name string) (bool, error) {
	if s, ok := k.Storage.(certmagic.TryLocker); ok {
		return s.TryLock(ctx, name)
	}
	err := k.Storage.Lock(ctx, name)
	return err == nil, err
}

// RenewLockLease is the Storage's, if it has that.
func (k *kept) RenewLockLease(ctx context.Context, name string, lease time.Duration) error {
	if s, ok := k.Storage.(certmagic.LockLeaseRenewer); ok {
		return s.RenewLockLease(ctx, name, lease)
	}
	return nil
}

// Load returns a value; of what is known about a certificate, what can be used.
func (k *kept) Load(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	value, err := k.Storage.Load(ctx, key)
	base, about := strings.CutSuffix(key, ".json")
	if err != nil || !about || !strings.HasPrefix(key, certificatesFolder+"/") {
		return value, err
	}
	chain, err := k.Storage.Load(ctx, base+".crt")
	if err != nil {
		return nil, err
	}
	return k.usable(key, value, chain)
}

// usable returns what is known about a certificate without what would lead certmagic astray.
func (k *kept) usable(key string, value, chain []byte) ([]byte, error) {
	leaf, err := leafOf(chain)
	if err != nil {
		return nil, fmt.Errorf("acme: the certificate beside %s in the Storage: %w", key, err)
	}
	var known certmagic.CertificateResource
	var data protocol.Certificate
	if err = json.Unmarshal(value, &known); err == nil && len(known.IssuerData) > 0 {
		err = json.Unmarshal(known.IssuerData, &data)
	}
	if err == nil && data.RenewalInfo != nil && data.RenewalInfo.HasWindow() {
		*data.RenewalInfo, err = checkARI(*data.RenewalInfo, leaf, time.Now())
	}
	if err != nil {
		k.log.Warn("acme: what the Storage has about a certificate's renewal is not used", "key", key, "err", err)
		data.RenewalInfo = nil
	}
	known.SANs = append(leaf.DNSNames, addresses(leaf)...)
	if known.IssuerData, err = json.Marshal(data); err != nil {
		return nil, err
	}
	return json.Marshal(known)
}
