package acme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"path"
	"strings"
	"sync"

	"github.com/caddyserver/certmagic"
	protocol "github.com/mholt/acmez/v3/acme"
)

// A Challenge is a way in which a CA has it proved to itself that a name is yours.
type Challenge string

// The challenges, by their names in the IANA's registry.
const (
	HTTP01    Challenge = protocol.ChallengeTypeHTTP01    // RFC 8555, Section 8.3
	TLSALPN01 Challenge = protocol.ChallengeTypeTLSALPN01 // RFC 8737
	DNS01     Challenge = protocol.ChallengeTypeDNS01     // RFC 8555, Section 8.4
)

// at returns where the CA looks for the proof of a name.
func (ch Challenge) at(name, token string) string {
	switch ch {
	case HTTP01:
		return "http://" + bracketed(name) + challengePath + token
	case TLSALPN01:
		return net.JoinHostPort(name, "443")
	}
	return "the TXT record of _acme-challenge." + strings.TrimPrefix(name, "*.")
}

func bracketed(name string) string {
	if a, err := netip.ParseAddr(name); err == nil && a.Is6() {
		return "[" + name + "]"
	}
	return name
}

// errToken: what a CA calls a token cannot be one.
var errToken = errors.New("the CA's token is none (RFC 8555, Section 8.3)")

// proofs is what is presented to CAs at the moment: in memory, and in the Storage, where the others of a fleet find it.
type proofs struct {
	storage Storage

	mu   sync.Mutex
	here map[string]protocol.Challenge
}

func newProofs(s Storage) *proofs { return &proofs{storage: s, here: map[string]protocol.Challenge{}} }

// key says where in the Storage the proof for a token (HTTP01) or for a name (TLSALPN01) is. A token is letters, digits, "-" and "_", and no two are
// equal but for the case of their letters.
func (*proofs) key(ch Challenge, what string) string {
	if ch != HTTP01 {
		what = certmagic.StorageKeys.Safe(what)
	}
	return path.Join("paf", "challenges", string(ch), what+".json")
}

func (*proofs) keyOf(c protocol.Challenge) string {
	if Challenge(c.Type) == HTTP01 {
		return (*proofs)(nil).key(HTTP01, c.Token)
	}
	return (*proofs)(nil).key(Challenge(c.Type), c.Identifier.Value)
}

// put presents a proof.
func (p *proofs) put(ctx context.Context, c protocol.Challenge) error {
	if Challenge(c.Type) == HTTP01 && !isToken(c.Token) {
		return errToken
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.here[p.keyOf(c)] = c
	p.mu.Unlock()
	return p.storage.Store(ctx, p.keyOf(c), text)
}

// remove takes it away, whatever has become of ctx: what is left behind would be there for ever.
func (p *proofs) remove(ctx context.Context, c protocol.Challenge) error {
	if Challenge(c.Type) == HTTP01 && !isToken(c.Token) { // it would name another key of the Storage
		return errToken
	}
	p.mu.Lock()
	delete(p.here, p.keyOf(c))
	p.mu.Unlock()
	return p.storage.Delete(context.WithoutCancel(ctx), p.keyOf(c))
}

// find returns what is presented for a token or a name, here or on another machine of the fleet; false if nothing is.
func (p *proofs) find(ctx context.Context, ch Challenge, what string) (c protocol.Challenge, ok bool, err error) {
	key := p.key(ch, what)
	p.mu.Lock()
	c, ok = p.here[key]
	p.mu.Unlock()
	if ok {
		return c, true, nil
	}
	text, err := p.storage.Load(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, false, fmt.Errorf("acme: what is presented for %s cannot be read: %w", what, err)
	}
	return c, true, nil
}

// clear takes away what is still presented.
func (p *proofs) clear(ctx context.Context) {
	p.mu.Lock()
	left := maps.Clone(p.here)
	p.mu.Unlock()
	for _, c := range left {
		_ = p.remove(ctx, c)
	}
}
