package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/semantics"
)

// maxHashes bounds the cache.
const maxHashes = 1024

// maxHashed bounds what is hashed for one request of a hundred bytes: it takes some seconds. More of it would cost the
// client nothing, and may go on after it has left: who has gone is not noticed behind requests that wait to be read.
const maxHashed = 1 << 30

// hash answers with the SHA-256, in hexadecimal, of what random would send. The
// entity tag is the SHA-256 of the answer.
func (a *Application) hash(w *paf.ResponseWriter, r *paf.Request) {
	if !reply.Method(w, r, semantics.MethodGet, semantics.MethodHead, semantics.MethodOptions) {
		return
	}
	length, ok := parseLength(&r.Header)
	if !ok || length > maxHashed {
		reply.Text(w, semantics.StatusBadRequest, "Invalid length.\n")
		return
	}
	s, ok := parseSeed(r.Header.Get("x-seed"))
	if !ok {
		reply.Text(w, semantics.StatusBadRequest, "Invalid seed.\n")
		return
	}
	digest, err := a.hashes.get(r.Context(), s, length)
	if err != nil {
		return // nobody waits for it any more
	}
	tag := sha256.Sum256([]byte(digest))
	w.Header().Set("Vary", "x-length, x-seed")
	v := semantics.Validator{ETag: `"` + hex.EncodeToString(tag[:]) + `"`}
	if reply.Current(w, r, v, time.Now()) {
		reply.Text(w, semantics.StatusOK, digest)
	}
}

// A cache remembers digests. When it is full it forgets an arbitrary one.
type cache struct {
	mu   sync.Mutex
	max  int
	held map[question]string
}

// A question is what a digest answers.
type question struct {
	seed   seed
	length uint64
}

func newCache(max int) *cache { return &cache{max: max, held: make(map[question]string)} }

// get returns a digest, computing it if need be: at some hundred megabytes a
// second, for as long as ctx lasts.
func (c *cache) get(ctx context.Context, s seed, length uint64) (string, error) {
	q := question{s, length}
	c.mu.Lock()
	digest, ok := c.held[q]
	c.mu.Unlock()
	if ok {
		return digest, nil
	}
	digest, err := digestOf(ctx, s, length)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held) >= c.max {
		for old := range c.held {
			delete(c.held, old)
			break
		}
	}
	c.held[q] = digest
	return digest, nil
}

// digestOf hashes the text that random sends.
func digestOf(ctx context.Context, s seed, length uint64) (string, error) {
	sum := sha256.New()
	text := newStream(s, length)
	for p := text.next(); len(p) > 0; p = text.next() {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		sum.Write(p)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
