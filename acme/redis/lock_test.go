package redis_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf/acme/redis"
	"github.com/paf-go/paf/internal/fleettest"
	"github.com/paf-go/paf/internal/testkit"
)

// A contender is a process that takes the lock.
type contender struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	said *bufio.Scanner
}

// newContender starts one for the time of a test.
func newContender(t *testing.T, url, witness string) *contender {
	t.Helper()
	c := &contender{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), "PAF_LOCK_URL="+url, "PAF_LOCK_WITNESS="+witness)
	c.cmd.Stderr = os.Stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.in, c.said = in, bufio.NewScanner(out)
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.cmd.Wait()
	})
	return c
}

func (c *contender) tell(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(c.in, text); err != nil {
		t.Fatal(err)
	}
}

// hears is the next line that it says.
func (c *contender) hears(t *testing.T, want string) {
	t.Helper()
	if !c.said.Scan() || c.said.Text() != want {
		t.Fatalf("a process said %q, not %q", c.said.Text(), want)
	}
}

// TestOneHasTheLock has goroutines of one storage, goroutines of another and processes take one lock in turn.
func TestOneHasTheLock(t *testing.T) {
	url := fleettest.StartRedis(t).URL("lock_ttl=2s")
	witness := filepath.Join(t.TempDir(), "witness")
	const processes, times = 3, 5
	var all sync.WaitGroup
	for range processes {
		c := newContender(t, url, witness)
		c.tell(t, strings.Repeat("take\n", times))
		defer func() {
			for range times {
				c.hears(t, "done")
			}
		}()
	}
	storages := []*redis.Storage{open(t, url, redis.Config{}), open(t, url, redis.Config{})}
	for i := range 8 {
		s := storages[i%2]
		all.Go(func() {
			for range times {
				if err := s.Lock(t.Context(), "order"); err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(critical(witness, func() {}), s.Unlock(t.Context(), "order")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// TestTheLockOfTheKilled kills a process with SIGKILL while it has the lock: it has kept it for longer than LockTTL, and the others have it soon after.
func TestTheLockOfTheKilled(t *testing.T) {
	url := fleettest.StartRedis(t).URL("lock_ttl=2s")
	witness := filepath.Join(t.TempDir(), "witness")
	s := open(t, url, redis.Config{})
	c := newContender(t, url, witness)
	c.tell(t, "hold\n")
	c.hears(t, "holds")
	short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Lock(short, "order"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the lock is not kept: %v", err)
	}
	waits := make(chan error, 1)
	go func() { waits <- s.Lock(t.Context(), "order") }()
	if err := c.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	_ = c.cmd.Wait()
	if err := os.Remove(witness); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(killed); waited > 10*time.Second { // 2 s, and what a busy machine adds
		t.Errorf("the lock was free after %v", waited)
	}
	if err := errors.Join(critical(witness, func() {}), s.RenewLockLease(t.Context(), "order", time.Hour), s.Unlock(t.Context(), "order")); err != nil {
		t.Error(err)
	}
}

func TestTryLock(t *testing.T) {
	url := fleettest.StartRedis(t).URL("")
	a, b := open(t, url, redis.Config{}), open(t, url, redis.Config{})
	for _, step := range []struct {
		s    *redis.Storage
		name string
		want bool
	}{{a, "x", true}, {a, "x", false}, {b, "x", false}, {b, "y", true}, {a, "y", false}} {
		if got, err := step.s.TryLock(t.Context(), step.name); got != step.want || err != nil {
			t.Errorf("TryLock %s: %v, %v", step.name, got, err)
		}
	}
	if err := b.Unlock(t.Context(), "x"); !errors.Is(err, redis.ErrNotLocked) {
		t.Errorf("Unlock of another's lock: %v", err)
	}
	if err := b.RenewLockLease(t.Context(), "x", time.Minute); !errors.Is(err, redis.ErrNotLocked) {
		t.Errorf("RenewLockLease of another's lock: %v", err)
	}
	if err := a.Close(); err != nil { // gives back what it has
		t.Error(err)
	}
	if got, err := b.TryLock(t.Context(), "x"); !got || err != nil {
		t.Errorf("TryLock after Close: %v, %v", got, err)
	}
	if err := a.Lock(t.Context(), "z"); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("Lock after Close: %v", err)
	}
}

// TestLostLock takes a lock away at Redis. One that nobody has is taken again; one that somebody has is lost, and both the log and the holder are told.
func TestLostLock(t *testing.T) {
	server := fleettest.StartRedis(t)
	client := raw(t, server)
	log := new(testkit.Record)
	s := open(t, server.URL("lock_ttl=300ms"), redis.Config{Log: log.Logger()})
	if err := s.Lock(t.Context(), "order"); err != nil {
		t.Fatal(err)
	}
	if err := client.Del(t.Context(), "{paf}:lock:order").Err(); err != nil {
		t.Fatal(err)
	}
	soon(t, "the lock is held again", func() bool { return client.Exists(t.Context(), "{paf}:lock:order").Val() == 1 })
	if err := client.Set(t.Context(), "{paf}:lock:order", "another's", 0).Err(); err != nil {
		t.Fatal(err)
	}
	soon(t, "the log tells", func() bool { return strings.Contains(log.String(), "level=ERROR") })
	if err := s.RenewLockLease(t.Context(), "order", time.Minute); !errors.Is(err, redis.ErrLockLost) {
		t.Errorf("RenewLockLease: %v", err)
	}
	if err := s.Unlock(t.Context(), "order"); !errors.Is(err, redis.ErrLockLost) {
		t.Errorf("Unlock: %v", err)
	}
	if got := client.Get(t.Context(), "{paf}:lock:order").Val(); got != "another's" {
		t.Errorf("another's lock is now %q", got)
	}
}

// TestRedisStops stops Redis's process: what is asked ends with its context, and with the time-out.
func TestRedisStops(t *testing.T) {
	server := fleettest.StartRedis(t)
	s := open(t, server.URL(""), redis.Config{Timeout: 300 * time.Millisecond})
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	canceled := make(chan error, 1)
	go func() { canceled <- s.Lock(ctx, "order") }()
	cancel()
	if err := <-canceled; !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	var wrong *redis.Error
	if _, err := s.Load(t.Context(), "a"); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &wrong) {
		t.Errorf("stopped: %v", err)
	}
	server.Stop()
	if err := s.Store(t.Context(), "a", nil); err == nil || !errors.As(err, &wrong) {
		t.Errorf("killed: %v", err)
	}
}
