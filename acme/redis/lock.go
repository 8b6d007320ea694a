package redis

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/bsm/redislock"
)

// A turn is for one name: whoever has it, of those in this process who share the Storage, asks Redis for the lock. So they wait for each other without Redis, and one that has lost its
// lock without knowing keeps the others here from it.
type turn struct {
	taken chan struct{} // has a place for the one whose turn it is
	users int           // who have it or wait for it; guarded by Storage.mu
	held  *held         // the lock, once it is held; guarded by Storage.mu
}

// held is a lock that is renewed until it is given back.
type held struct {
	name    string
	lock    *redislock.Lock
	ctx     context.Context // ends when it is given back
	stop    context.CancelFunc
	stopped chan struct{} // closed when it is renewed no more
}

// Lock waits until it has the lock of that name, for as long as the context allows. It fails at once when Redis does not answer.
func (s *Storage) Lock(ctx context.Context, name string) error {
	t, err := s.join(name)
	if err != nil {
		return s.fail("Lock", name, err)
	}
	select {
	case t.taken <- struct{}{}:
	case <-ctx.Done():
		s.leave(name, t)
		return s.fail("Lock", name, ctx.Err())
	}
	for {
		err = s.obtain(ctx, name, t)
		if !errors.Is(err, redislock.ErrNotObtained) {
			break
		}
		// Nobody says when a lock is free, least of all who has been killed. The pauses differ, so that those who wait do not all ask at once.
		if err = pause(ctx, s.ttl/80+rand.N(s.ttl/40)); err != nil {
			break
		}
	}
	if err != nil {
		<-t.taken
		s.leave(name, t)
		return s.fail("Lock", name, err)
	}
	return nil
}

// TryLock takes the lock of that name if nobody has it, and says whether it did.
func (s *Storage) TryLock(ctx context.Context, name string) (bool, error) {
	t, err := s.join(name)
	if err != nil {
		return false, s.fail("TryLock", name, err)
	}
	select {
	case t.taken <- struct{}{}:
	default:
		s.leave(name, t)
		return false, nil
	}
	if err = s.obtain(ctx, name, t); err == nil {
		return true, nil
	}
	<-t.taken
	s.leave(name, t)
	if errors.Is(err, redislock.ErrNotObtained) {
		return false, nil
	}
	return false, s.fail("TryLock", name, err)
}

// Unlock gives the lock back. If it fails because Redis does not answer, the lock is free after LockTTL all the same. It is
// ErrLockLost if it was not held any more, and ErrNotLocked without a Lock before.
func (s *Storage) Unlock(ctx context.Context, name string) error {
	s.mu.Lock()
	t := s.members[name]
	if t == nil || t.held == nil {
		s.mu.Unlock()
		return s.fail("Unlock", name, ErrNotLocked)
	}
	h := t.held
	t.held = nil
	s.mu.Unlock()

	h.stop()
	<-h.stopped
	err := s.release(ctx, h.lock)
	<-t.taken
	s.leave(name, t)
	if errors.Is(err, redislock.ErrLockNotHeld) {
		err = ErrLockLost
	}
	if err != nil {
		return s.fail("Unlock", name, err)
	}
	return nil
}

// RenewLockLease makes sure that the lock is still held here, or fails with ErrLockLost. A lock is renewed by itself for as long as it is held, so it outlasts any
// lease; that of a machine that was killed is not to outlast LockTTL, and therefore the duration has no effect.
func (s *Storage) RenewLockLease(ctx context.Context, name string, _ time.Duration) error {
	s.mu.Lock()
	t := s.members[name]
	var h *held
	if t != nil {
		h = t.held
	}
	s.mu.Unlock()
	err := ErrNotLocked
	if h != nil {
		err = s.renew(ctx, h)
	}
	if err != nil {
		return s.fail("RenewLockLease", name, err)
	}
	return nil
}

// join returns the turn of a name, and leave gives it up.
func (s *Storage) join(name string) (*turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	t := s.members[name]
	if t == nil {
		t = &turn{taken: make(chan struct{}, 1)}
		s.members[name] = t
	}
	t.users++
	return t, nil
}

func (s *Storage) leave(name string, t *turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(s.members, name)
	}
}

// obtain takes the lock at Redis, or fails with redislock.ErrNotObtained.
func (s *Storage) obtain(ctx context.Context, name string, t *turn) error {
	asked := time.Now()
	lock, err := s.take(ctx, name, "", func(late *redislock.Lock) { _ = s.release(context.WithoutCancel(ctx), late) })
	if err != nil {
		return err
	}
	h := &held{name: name, lock: lock, stopped: make(chan struct{})}
	h.ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		h.stop()
		_ = s.release(context.WithoutCancel(ctx), lock)
		return ErrClosed
	}
	t.held = h
	s.mu.Unlock()
	go s.keep(h, asked)
	return nil
}

// take takes a lock under a token, or a new one. What was taken when nobody waits for it any more goes to late.
func (s *Storage) take(ctx context.Context, name, token string, late func(*redislock.Lock)) (*redislock.Lock, error) {
	return ask(ctx, s, func(ctx context.Context) (*redislock.Lock, error) {
		return s.locker.Obtain(ctx, s.locks+name, s.ttl, &redislock.Options{Token: token})
	}, late)
}

func (s *Storage) release(ctx context.Context, lock *redislock.Lock) error {
	_, err := ask(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, lock.Release(ctx) }, nil)
	return err
}

// renew lets a lock last for another LockTTL. One that is gone, as after a pause of this machine or a Redis that has started
// anew, is taken again if nobody has it.
func (s *Storage) renew(ctx context.Context, h *held) error {
	_, err := ask(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, h.lock.Refresh(ctx, s.ttl, nil) }, nil)
	if !errors.Is(err, redislock.ErrNotObtained) {
		return err
	}
	_, err = s.take(ctx, h.name, h.lock.Token(), func(late *redislock.Lock) {
		if h.ctx.Err() != nil {
			_ = s.release(context.WithoutCancel(h.ctx), late)
		}
	})
	switch {
	case err == nil:
		s.log.WarnContext(ctx, "redis: a lock was gone and has been taken again: another machine may have had it meanwhile", "lock", h.name, "server", s.server)
	case errors.Is(err, redislock.ErrNotObtained):
		return ErrLockLost
	}
	return err
}

// keep renews a lock until it is given back, and says so once it may be another's.
func (s *Storage) keep(h *held, renewed time.Time) {
	defer close(h.stopped)
	said := false
	for pause(h.ctx, s.ttl/3) == nil {
		asked := time.Now()
		ctx, cancel := context.WithTimeout(h.ctx, s.ttl/3)
		err := s.renew(ctx, h)
		cancel()
		switch {
		case h.ctx.Err() != nil:
		case err == nil:
			renewed, said = asked, false
		case !said && (errors.Is(err, ErrLockLost) || time.Since(renewed) > s.ttl):
			said = true
			s.log.ErrorContext(h.ctx, "redis: a lock was lost while its work goes on: another machine may do the same", "error", s.fail("Lock", h.name, err))
		}
	}
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
