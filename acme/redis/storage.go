package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/bsm/redislock"
	"github.com/caddyserver/certmagic"
	goredis "github.com/redis/go-redis/v9"
)

// A Config says how a Storage works. The zero value is usable.
type Config struct {
	// Prefix keeps one fleet's names apart from others' in the same database: they begin with "{Prefix}:". Default "paf". It has no braces.
	Prefix string

	// LockTTL is after how long the lock of a process that was killed is free. The shorter, the sooner others go on, and the shorter a process may be
	// stopped without losing its locks. All of a fleet should have the same. Default 10 s; at least 100 ms.
	LockTTL time.Duration

	// Keys, of 32 random bytes each, seal values: the first seals, all open. With keys, values that are not sealed are refused. Default: none.
	Keys [][]byte

	// Timeout bounds each operation but the waiting for a lock; the context may end it sooner. Default 10 s.
	Timeout time.Duration

	// Log gets what nobody is told otherwise: locks that were lost. Default: slog.Default().
	Log *slog.Logger
}

// A Storage is a certmagic.Storage, TryLocker and LockLeaseRenewer in Redis. Its methods may be called at the same time. They end with their contexts; what Redis was
// asked by then may happen all the same.
//
// Names are cleaned: "a//b/" is "a/b". Values are replaced as a whole; List and Delete of a folder see or miss what is stored in it meanwhile.
type Storage struct {
	client  goredis.UniversalClient
	own     bool // the client is closed with the Storage
	server  string
	safe    *safe
	timeout time.Duration
	log     *slog.Logger

	values, names, locks string // the keys of the hash and of the sorted set, and what those of locks begin with

	locker  *redislock.Client
	ttl     time.Duration
	mu      sync.Mutex
	closed  bool
	members map[string]*turn // the locks that are held or wanted here
}

var (
	_ certmagic.Storage          = (*Storage)(nil)
	_ certmagic.TryLocker        = (*Storage)(nil)
	_ certmagic.LockLeaseRenewer = (*Storage)(nil)
)

// New returns a Storage on a client of the caller's, who closes it after the Storage: for Sentinel, for a Cluster, for a dialer of one's own. Its ContextTimeoutEnabled should
// be set. New does not ask Redis anything.
func New(client goredis.UniversalClient, c Config) (*Storage, error) {
	name := cmp.Or(c.Prefix, "paf")
	sealing, err := newSafe(name, c.Keys)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return nil, &Error{Op: "New", Err: err}
	}
	prefix := "{" + name + "}:"
	return &Storage{
		client: client, safe: sealing, timeout: cmp.Or(c.Timeout, 10*time.Second), log: cmp.Or(c.Log, slog.Default()),
		values: prefix + "values", names: prefix + "names", locks: prefix + "lock:",
		locker: redislock.New(client), ttl: cmp.Or(c.LockTTL, 10*time.Second), members: map[string]*turn{},
	}, nil
}

func (c Config) check() error {
	switch {
	case strings.ContainsAny(c.Prefix, "{}"):
		return fmt.Errorf("%w: Config.Prefix %q has braces", ErrConfig, c.Prefix)
	case c.LockTTL != 0 && c.LockTTL < 100*time.Millisecond:
		return fmt.Errorf("%w: Config.LockTTL is %v, less than 100 ms", ErrConfig, c.LockTTL)
	case c.Timeout < 0:
		return fmt.Errorf("%w: Config.Timeout is %v", ErrConfig, c.Timeout)
	}
	return nil
}

// Close gives up the locks that are still held, and closes the client if Open made it. Nothing may be called after it.
func (s *Storage) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	var held []string
	for name, t := range s.members {
		if t.held != nil {
			held = append(held, name)
		}
	}
	s.mu.Unlock()
	for _, name := range held {
		_ = s.Unlock(context.Background(), name) // it expires anyway
	}
	if !s.own {
		return nil
	}
	return s.client.Close()
}

// String says where it is, for logs.
func (s *Storage) String() string {
	return "redis " + s.server + " " + strings.TrimSuffix(s.values, ":values")
}

// clean makes of a name what it is kept under; "" is the root.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// fail makes an error of what has gone wrong.
func (s *Storage) fail(op, name string, err error) error {
	return &Error{Op: op, Name: name, Server: s.server, Err: err}
}

// ask runs a conversation with Redis, which ends with the context or the time-out. go-redis minds deadlines, but does not notice that a context is
// canceled while it waits for an answer; so it is left alone then, and late, if any, gets what it answers after all.
func ask[T any](ctx context.Context, s *Storage, f func(context.Context) (T, error), late func(T)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("there was no answer in %v: %w", s.timeout, context.DeadlineExceeded))
	answers := make(chan answer, 1)
	go func() {
		value, err := f(ctx)
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil && ctx.Err() != nil && !errors.Is(a.err, goredis.Nil) {
			a.err = fmt.Errorf("%w (%w)", context.Cause(ctx), a.err)
		}
		cancel()
		return a.value, a.err
	case <-ctx.Done():
		err := context.Cause(ctx)
		cancel()
		if late != nil {
			go func() {
				if a := <-answers; a.err == nil {
					late(a.value)
				}
			}()
		}
		var none T
		return none, err
	}
}
