package proxying

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tg123/go-htpasswd"
	"golang.org/x/crypto/bcrypt"
)

// Users are names and hashes of passwords, read from a file of htpasswd.
//
// Hashes such as bcrypt's are slow, for that is their virtue. A pair that was right is remembered for a minute, as an HMAC under a key that nobody
// else has, and few hashes are computed at a time: who tries passwords keeps others waiting that have just come, and nobody who is known.
type Users struct {
	text   []byte // of the file
	hashes map[string]htpasswd.EncodedPasswd
	decoy  htpasswd.EncodedPasswd // compared with the passwords of nobody
	gate   chan struct{}
	key    []byte

	mu    sync.Mutex
	known map[mark]time.Time // until when
}

// A mark stands for a name and a password.
type mark [sha256.Size]byte

const (
	knownFor  = time.Minute
	knownMost = 4096
	hashWait  = 10 * time.Second // for a turn to compute a hash
)

// systems are the hashes that are understood: not passwords as they are, for which everything could be taken that is no hash.
var systems = []htpasswd.PasswdParser{htpasswd.AcceptBcrypt, htpasswd.AcceptCryptSha, htpasswd.AcceptMd5, htpasswd.AcceptSsha, htpasswd.AcceptSha}

// ReadUsers reads a file; old, which may be nil, is what was read of it before.
func ReadUsers(path string, old *Users) (*Users, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, wrong("cannot read the users: %w", err)
	}
	if old != nil && bytes.Equal(text, old.text) {
		return old, nil
	}
	u := &Users{text: text, hashes: map[string]htpasswd.EncodedPasswd{}, known: map[mark]time.Time{},
		gate: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), key: make([]byte, sha256.Size)}
	_, _ = rand.Read(u.key)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := u.add(line); err != nil {
			return nil, wrong("%s: line %d: %w", path, n, err) // which does not cite the hash
		}
	}
	if len(u.hashes) == 0 {
		return nil, wrong("%s: there is no user in it", path)
	}
	return u, nil
}

func (u *Users) add(line string) error {
	name, hash, both := strings.Cut(line, ":")
	if !both || name == "" {
		return errors.New("it has not the form name:hash")
	}
	if _, has := u.hashes[name]; has {
		return fmt.Errorf("%q is there twice", name)
	}
	if strings.HasPrefix(hash, "$2") {
		if _, err := bcrypt.Cost([]byte(hash)); err != nil {
			return errors.New("its hash is not one of bcrypt")
		}
	}
	for _, system := range systems {
		switch h, err := system(hash); {
		case err != nil:
			return errors.New("its hash is malformed")
		case h != nil:
			if u.hashes[name] = h; u.decoy == nil {
				u.decoy = h
			}
			return nil
		}
	}
	return errors.New("its hash is of no kind that is known (bcrypt is best: htpasswd -B)")
}

// Authenticate reports whether a name and a password are somebody's.
func (u *Users) Authenticate(ctx context.Context, name, password string) bool {
	m := u.mark(name, password)
	if u.remembered(m) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case u.gate <- struct{}{}:
		defer func() { <-u.gate }()
	case <-ctx.Done():
		return false
	}
	if u.remembered(m) { // while it waited: browsers come with several connections at once
		return true
	}
	hash, is := u.hashes[name]
	if !is {
		u.decoy.MatchesPassword(password) // for the time that it takes
		return false
	}
	if !hash.MatchesPassword(password) {
		return false
	}
	u.remember(m)
	return true
}

func (u *Users) mark(name, password string) (m mark) {
	h := hmac.New(sha256.New, u.key)
	fmt.Fprintf(h, "%d:%s:%s", len(name), name, password)
	h.Sum(m[:0])
	return m
}

func (u *Users) remembered(m mark) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	until, is := u.known[m]
	if is && time.Now().After(until) {
		delete(u.known, m)
		return false
	}
	return is
}

func (u *Users) remember(m mark) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for old := range u.known { // any one: it costs its user a hash
		if len(u.known) < knownMost {
			break
		}
		delete(u.known, old)
	}
	u.known[m] = time.Now().Add(knownFor)
}
