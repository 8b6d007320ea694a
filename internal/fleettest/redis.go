// Package fleettest has what tests of a fleet need: what its machines share, and sessions that go on at another one.
package fleettest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
)

// A Redis is a server of a test's own, on a Unix socket.
type Redis struct {
	Socket string
	cmd    *exec.Cmd
	ended  chan struct{}
}

// StartRedis starts one for the time of a test. See testkit.Lacks.
func StartRedis(t *testing.T) *Redis {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		testkit.Lacks(t, "redis-server is not installed: acme/redis/install.sh brings it")
	}
	dir, err := os.MkdirTemp("", "paf") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &Redis{Socket: filepath.Join(dir, "s"), ended: make(chan struct{})}
	r.cmd = exec.Command(program, "--port", "0", "--unixsocket", r.Socket, "--unixsocketperm", "700", "--save", "", "--dir", dir, "--enable-debug-command", "yes")
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	ready, said := make(chan struct{}), new(strings.Builder)
	go func() {
		defer close(r.ended)
		takes := false
		for lines := bufio.NewScanner(out); lines.Scan(); { // so that it never waits for a reader
			if takes {
				continue
			}
			said.WriteString(lines.Text() + "\n")
			if takes = strings.Contains(lines.Text(), "ready to accept connections"); takes {
				close(ready)
			}
		}
		_ = r.cmd.Wait()
	}()
	select {
	case <-ready:
	case <-r.ended:
		t.Fatalf("redis-server has ended: %s", said)
	}
	return r
}

// URL returns its URL, with a parameter or none.
func (r *Redis) URL(parameter string) string { return "unix://" + r.Socket + "?" + parameter }

// Stop kills it, and waits for that.
func (r *Redis) Stop() {
	_ = r.cmd.Process.Kill()
	<-r.ended
}

// Signal stops it or lets it go on, as its machine might.
func (r *Redis) Signal(s os.Signal) error { return r.cmd.Process.Signal(s) }
