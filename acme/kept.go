package acme

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	protocol "github.com/mholt/acmez/v3/acme"
)

// loadTimeout is for one value: certmagic looks while it holds the lock of its cache, and with it up handshakes of all names, whether another machine has renewed what is due.
const loadTimeout = 10 * time.Second

// kept is the Storage as certmagic sees it: what others have written there and certmagic cannot bear is kept from it.
type kept struct {
	Storage
	log     *slog.Logger
	timeout time.Duration // for one Load

	mu     sync.RWMutex
	barred map[string]bool // names that are revoked, as the Storage has them
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

// errBarred: what was begun before a name was revoked does not make it have a certificate again.
var errBarred = fmt.Errorf("acme: the name's certificate is revoked, and another is not taken: %w", fs.ErrNotExist)

// bar keeps certmagic from storing and loading certificates of a name. It returns when nothing is being stored.
func (k *kept) bar(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.barred[certmagic.StorageKeys.Safe(name)] = true
}

// allow ends that.
func (k *kept) allow(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.barred, certmagic.StorageKeys.Safe(name))
}

func (k *kept) bars(name string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.barred[certmagic.StorageKeys.Safe(name)]
}

// isBarred reports whether a key is of a certificate that is revoked: "certificates/ISSUER/NAME/NAME.crt".
func (k *kept) isBarred(key string) bool {
	parts := strings.Split(key, "/")
	return len(parts) == 4 && parts[0] == certificatesFolder && k.barred[parts[2]]
}

// Store puts a value into the Storage, unless it is of a name that is revoked.
func (k *kept) Store(ctx context.Context, key string, value []byte) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.isBarred(key) {
		return errBarred
	}
	return k.Storage.Store(ctx, key, value)
}

// Load returns a value; of what is known about a certificate, what can be used.
func (k *kept) Load(ctx context.Context, key string) ([]byte, error) {
	k.mu.RLock()
	barred := k.isBarred(key)
	k.mu.RUnlock()
	if barred {
		return nil, errBarred
	}
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
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
