package redis_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

// A redisServer is a Redis of a test's own, on a Unix socket.
type redisServer struct {
	socket string
	cmd    *exec.Cmd
}

// url returns its URL, with a parameter or none.
func (r *redisServer) url(parameter string) string {
	return "unix://" + r.socket + "?" + parameter
}

// startRedis starts a Redis for the time of a test.
func startRedis(t *testing.T) *redisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no redis-server: acme/redis/install.sh")
		}
		t.Skip("SKIPPED, NOTHING IS TESTED: there is no redis-server (acme/redis/install.sh)")
	}
	dir, err := os.MkdirTemp("", "paf") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &redisServer{socket: filepath.Join(dir, "s")}
	r.start(t, program)
	t.Cleanup(func() { r.stop() })
	return r
}

// start runs it until it says that it takes connections.
func (r *redisServer) start(t *testing.T, program string) {
	t.Helper()
	r.cmd = exec.Command(program, "--port", "0", "--unixsocket", r.socket, "--unixsocketperm", "700", "--save", "", "--dir", filepath.Dir(r.socket), "--enable-debug-command", "yes")
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := new(bytes.Buffer)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(said, lines.Text())
		if strings.Contains(lines.Text(), "ready to accept connections") {
			go func() {
				for lines.Scan() { // so that it never waits for a reader
				}
			}()
			return
		}
	}
	_ = r.cmd.Wait()
	t.Fatalf("redis-server: %s", said)
}

func (r *redisServer) stop() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
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

// A record is a log that can be read while it is written.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func (r *record) logger() *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }

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
