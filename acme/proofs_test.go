package acme

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"
)

// counted counts what is asked of a Storage, and may fail.
type counted struct {
	Storage
	asked  atomic.Int64
	broken atomic.Bool
	cause  error // errBroken if it is nil
}

var errBroken = errors.New("the Storage is broken")

func (s *counted) count() error {
	s.asked.Add(1)
	if s.broken.Load() {
		return cmp.Or(s.cause, errBroken)
	}
	return nil
}

func (s *counted) Load(ctx context.Context, key string) ([]byte, error) {
	if err := s.count(); err != nil {
		return nil, err
	}
	return s.Storage.Load(ctx, key)
}

func (s *counted) List(ctx context.Context, folder string, recursive bool) ([]string, error) {
	if err := s.count(); err != nil {
		return nil, err
	}
	return s.Storage.List(ctx, folder, recursive)
}

func proofOf(ch Challenge, token, name string) protocol.Challenge {
	return protocol.Challenge{Type: string(ch), Token: token, KeyAuthorization: token + ".print", Identifier: protocol.Identifier{Type: "dns", Value: name}}
}

// Whoever asks for tokens and names at random costs the Storage one look in a second, and does not keep a CA from its answer.
func TestStrangersDoNotWearOutTheStorage(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, l := &counted{Storage: Files(dir)}, newLife()
		here, there := newProofs(s, l, slog.New(slog.DiscardHandler)), newProofs(s.Storage, l, slog.New(slog.DiscardHandler))
		defer l.end()
		ctx, stop := context.WithCancel(t.Context())
		start := time.Now()
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				for ctx.Err() == nil {
					ch, what := HTTP01, fmt.Sprint("token", n)
					if n%2 == 0 {
						ch, what = TLSALPN01, fmt.Sprint("example", n, ".org")
					}
					if _, known, err := here.find(ctx, ch, what); known || err != nil && ctx.Err() == nil {
						t.Errorf("%t, %v", known, err)
					}
				}
			})
		}
		for n := range 10 {
			time.Sleep(1300 * time.Millisecond)
			c := proofOf(TLSALPN01, fmt.Sprint("order", n), "www.example.org") // of another order each time
			if err := there.put(ctx, c); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			got, known, err := here.find(ctx, TLSALPN01, "www.example.org")
			if took := time.Since(began); err != nil || !known || got.KeyAuthorization != c.KeyAuthorization || took > time.Second {
				t.Errorf("%v after %v: %t, %v", got.KeyAuthorization, took, known, err)
			}
		}
		stop()
		all.Wait()
		if n, most := s.asked.Load(), int64(time.Since(start)/time.Second)+1+10; n > most { // a look each second, and the proofs themselves
			t.Errorf("the Storage was asked %d times, not %d", n, most)
		}
	})
}

func TestAStorageThatFailsIsLoggedOnceAMinute(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, l, log := &counted{Storage: Files(dir)}, newLife(), new(strings.Builder)
		p := newProofs(s, l, slog.New(slog.NewTextHandler(log, nil)))
		defer l.end()
		s.broken.Store(true)
		for range 90 {
			if _, _, err := p.find(t.Context(), HTTP01, "token"); !errors.Is(err, errBroken) {
				t.Error(err)
			}
		}
		if n := strings.Count(log.String(), "level="); n != 2 {
			t.Errorf("%d lines:\n%s", n, log)
		}
		s.broken.Store(false)
		if _, known, err := p.find(t.Context(), HTTP01, "token"); known || err != nil {
			t.Errorf("%t, %v", known, err)
		}
		l.end()
		if _, _, err := p.find(t.Context(), HTTP01, "token"); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

// What a process that was killed has left is removed by who presents something more than a day later.
func TestProofsThatWereLeftBehindAreRemoved(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, l := Files(dir), newLife()
		defer l.end()
		at := func(d time.Duration, name string) {
			t.Helper()
			time.Sleep(d)
			killed := newProofs(s, l, slog.New(slog.DiscardHandler)) // and never removes it
			if err := killed.put(t.Context(), proofOf(TLSALPN01, "token", name)); err != nil {
				t.Fatal(err)
			}
		}
		at(0, "first.test")
		if err := s.Store(t.Context(), proofsFolder+"/http-01/odd.json", []byte("odd")); err != nil {
			t.Fatal(err)
		}
		at(time.Hour, "second.test")
		at(proofMost-time.Minute, "third.test")
		keys, err := s.List(t.Context(), proofsFolder, true)
		if got := fmt.Sprint(keys); err != nil || got != "[paf/challenges/http-01 paf/challenges/tls-alpn-01 paf/challenges/tls-alpn-01/second.test.json paf/challenges/tls-alpn-01/third.test.json]" {
			t.Errorf("%s, %v", got, err)
		}
	})
}
