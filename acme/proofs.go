package acme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	protocol "github.com/mholt/acmez/v3/acme"
)

const (
	proofsFolder = "paf/challenges"
	lookEvery    = time.Second      // the least time between two looks into the Storage for the proofs of others
	lookTimeout  = 10 * time.Second // for one look, and for one proof
	tellEvery    = time.Minute      // how often the log is told that the Storage fails
	proofMost    = 24 * time.Hour   // how old a proof may be; what is older was left behind by a process that was killed
)

// proofs is what is presented to CAs at the moment: in memory, and in the Storage, where the others of a fleet find it. Anybody may ask for proofs, with tokens and
// names that nobody has heard of; so the Storage is looked into once in lookEvery at the most, for all who ask, and one time after the other.
type proofs struct {
	storage Storage
	life    *life
	log     *slog.Logger
	every   time.Duration

	mu   sync.Mutex
	here map[string]protocol.Challenge
	next *look // that has not begun, which answers whoever asks now; nil if nobody has asked since the last began
	last *look // that has begun; nil at first
	told time.Time

	swept time.Time // when old proofs were last looked for
}

// storedProof is what is in the Storage.
type storedProof struct {
	protocol.Challenge
	Presented time.Time `json:"presented"` // by the clock of who has stored it
}

// A look is what was in the Storage at a time: the keys first, and of these what somebody asks for.
type look struct {
	began time.Time
	done  chan struct{} // closed when keys and err are set
	keys  map[string]*seen
	err   error
}

// seen is a proof that is loaded when it is first asked for.
type seen struct {
	once  sync.Once
	proof protocol.Challenge
	err   error
}

func newProofs(s Storage, l *life, log *slog.Logger) *proofs {
	return &proofs{storage: s, life: l, log: log, every: lookEvery, here: map[string]protocol.Challenge{}}
}

// key says where in the Storage the proof for a token (HTTP01) or for a name (TLSALPN01) is. A token is letters, digits, "-" and "_", and no two are
// equal but for the case of their letters.
func (*proofs) key(ch Challenge, what string) string {
	if ch != HTTP01 {
		what = certmagic.StorageKeys.Safe(what)
	}
	return path.Join(proofsFolder, string(ch), what+".json")
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
	p.sweep(ctx)
	text, err := json.Marshal(storedProof{c, time.Now()})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.here[p.keyOf(c)] = c
	p.mu.Unlock()
	return p.storage.Store(ctx, p.keyOf(c), text)
}

// sweep removes what was presented more than a day ago, once in a day. Its age is what it says itself, not what the Storage says of it, for not every one does. What
// fails is left for the next day.
func (p *proofs) sweep(ctx context.Context) {
	now := time.Now()
	p.mu.Lock()
	due := now.Sub(p.swept) >= proofMost
	if due {
		p.swept = now
	}
	p.mu.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	keys, _ := p.storage.List(ctx, proofsFolder, true)
	for _, key := range keys {
		key = filepath.ToSlash(key)
		if !strings.HasSuffix(key, ".json") { // a folder
			continue
		}
		text, err := p.storage.Load(ctx, key)
		if err != nil {
			continue
		}
		var old storedProof // what cannot be read is older than anything
		if _ = json.Unmarshal(text, &old); now.Sub(old.Presented) > proofMost {
			_ = p.storage.Delete(ctx, key)
		}
	}
}

// remove takes it away, whatever has become of ctx: what is left behind would be there for a day.
func (p *proofs) remove(ctx context.Context, c protocol.Challenge) error {
	if Challenge(c.Type) == HTTP01 && !isToken(c.Token) { // it would name another key of the Storage
		return errToken
	}
	p.mu.Lock()
	delete(p.here, p.keyOf(c))
	p.mu.Unlock()
	return p.storage.Delete(context.WithoutCancel(ctx), p.keyOf(c))
}

// find returns what is presented for a token or a name, here or on another machine of the fleet; false if nothing is. The Storage is asked for what it has from
// now on: a CA asks as soon as another machine has said that it may.
func (p *proofs) find(ctx context.Context, ch Challenge, what string) (c protocol.Challenge, ok bool, err error) {
	key := p.key(ch, what)
	p.mu.Lock()
	c, ok = p.here[key]
	p.mu.Unlock()
	if ok {
		return c, true, nil
	}
	l, err := p.ask()
	if err != nil {
		return c, false, err
	}
	select {
	case <-l.done:
	case <-ctx.Done():
		return c, false, context.Cause(ctx)
	}
	s := l.keys[key]
	if l.err != nil || s == nil {
		return c, false, l.err
	}
	s.once.Do(func() { s.proof, s.err = p.load(key) })
	switch {
	case errors.Is(s.err, fs.ErrNotExist): // it has gone in the meantime
		return c, false, nil
	case s.err != nil:
		return c, false, p.fail(s.err)
	}
	return s.proof, true, nil
}

// ask returns the look that begins next.
func (p *proofs) ask() (*look, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next != nil {
		return p.next, nil
	}
	ctx, done, err := p.life.begin(context.Background())
	if err != nil {
		return nil, err
	}
	l := &look{done: make(chan struct{})}
	p.next = l
	go func() {
		defer done()
		p.look(ctx, l)
	}()
	return l, nil
}

// look waits for the one before to end, and for its time; then it looks.
func (p *proofs) look(ctx context.Context, l *look) {
	defer close(l.done)
	p.mu.Lock()
	last := p.last
	p.mu.Unlock()
	if last != nil {
		<-last.done
		select {
		case <-time.After(time.Until(last.began.Add(p.every))):
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	l.began, p.last, p.next = time.Now(), l, nil
	p.mu.Unlock()
	if l.err = context.Cause(ctx); l.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	keys, err := p.storage.List(ctx, proofsFolder, true)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.err = p.fail(err)
		return
	}
	l.keys = map[string]*seen{}
	for _, key := range keys {
		l.keys[filepath.ToSlash(key)] = &seen{}
	}
}

// load reads a proof, for whoever waits for it: not for as long as one of them does.
func (p *proofs) load(key string) (c protocol.Challenge, err error) {
	ctx, done, err := p.life.begin(context.Background())
	if err != nil {
		return c, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	text, err := p.storage.Load(ctx, key)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, err
}

// fail returns what it means that the Storage has failed, and logs it unless that was done a moment ago.
func (p *proofs) fail(err error) error {
	err = fmt.Errorf("acme: what is presented to CAs cannot be read from the Storage: %w", err)
	p.mu.Lock()
	tell := time.Since(p.told) >= tellEvery && p.life.ctx.Err() == nil
	if tell {
		p.told = time.Now()
	}
	p.mu.Unlock()
	if tell {
		p.log.Error("acme: challenges of other machines cannot be answered", "err", err)
	}
	return err
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
