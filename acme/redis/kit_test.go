package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/paf-go/paf/acme/redis"
	"go.uber.org/goleak"
)

// TestMain is also the program of the processes that tests start.
func TestMain(m *testing.M) {
	if url := os.Getenv("PAF_LOCK_URL"); url != "" {
		contend(url, os.Getenv("PAF_LOCK_WITNESS"))
		return
	}
	goleak.VerifyTestMain(m)
}

// open opens a storage for the time of a test.
func open(t *testing.T, url string, c redis.Config) *redis.Storage {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s, err := redis.Open(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// soon waits until something is so, and fails if it is not within a minute.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// critical is what is done under a lock: nobody else may be in it. The witness is a file, and so not of Redis.
func critical(witness string, f func()) error {
	file, err := os.OpenFile(witness, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("two have the lock: %w", err)
	}
	_ = file.Close()
	f()
	return os.Remove(witness)
}

// contend is a process that takes a lock as often as it is told to, with a line each time.
func contend(url, witness string) {
	ctx := context.Background()
	s, err := redis.Open(ctx, url, redis.Config{})
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	defer s.Close()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := s.Lock(ctx, "order"); err != nil {
			fmt.Println("failed:", err)
			return
		}
		err := critical(witness, func() {
			if in.Text() == "hold" {
				fmt.Println("holds")
				select {}
			}
		})
		if err == nil {
			err = s.Unlock(ctx, "order")
		}
		if err != nil {
			fmt.Println("failed:", err)
			return
		}
		fmt.Println("done")
	}
}
