//go:build linux

package main

import (
	"bytes"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// need skips a test for which something is missing; with CI=true it fails.
func need(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	testkit.Lacks(t, "%s is missing, so no virtual machine was tried (examples/microvm/install.sh gets qemu and a kernel): %v", what, err)
}

// needKernel returns the kernel that install.sh has unpacked.
func needKernel(t testing.TB) kernel {
	t.Helper()
	k, err := findKernel()
	need(t, "the kernel", err)
	return k
}

// A console is what a machine writes, and may be waited for.
type console struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed with the next write
}

func newConsole() *console { return &console{changed: make(chan struct{})} }

// Write implements io.Writer.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
	return c.text.Write(p)
}

func (c *console) String() string {
	text, _ := c.read()
	return text
}

func (c *console) read() (text string, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String(), c.changed
}

// tooLong is when a machine that says nothing is given up. On a quiet computer it boots in three seconds.
const tooLong = 60 * time.Second

// booted is a machine of a test.
type booted struct {
	*machine
	*running
	console *console
	took    time.Duration // until it served
}

// bootTest boots a machine that is killed at the end of the test.
func bootTest(t *testing.T, m *machine) *booted {
	t.Helper()
	m.memory, m.http, m.https = 128, freePort(t), freePort(t)
	b := &booted{machine: m, console: newConsole()}
	var err error
	if b.running, err = m.start(b.console); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.kill()
		_ = b.wait()
		if t.Failed() {
			t.Logf("the console:\n%s", b.console)
		}
	})
	return b
}

// await returns the submatches of what the console is waited to say.
func (b *booted) await(t *testing.T, pattern string) []string {
	t.Helper()
	want, late := regexp.MustCompile(pattern), time.After(tooLong)
	for {
		text, changed := b.console.read()
		if found := want.FindStringSubmatch(text); found != nil {
			return found
		}
		select {
		case <-changed:
		case <-b.over:
			if found := want.FindStringSubmatch(b.console.String()); found != nil {
				return found
			}
			t.Fatalf("the machine is off (%v) and has not said %q", b.err, pattern)
		case <-late:
			t.Fatalf("the machine has not said %q in %v", pattern, tooLong)
		}
	}
}

// awaitOff returns when the machine has turned itself off.
func (b *booted) awaitOff(t *testing.T) {
	t.Helper()
	select {
	case <-b.over:
		if b.err != nil {
			t.Errorf("qemu: %v", b.err)
		}
	case <-time.After(tooLong):
		t.Errorf("the machine is still on after %v", tooLong)
	}
	b.await(t, "turning the machine off")
}

// freePort returns a port that nobody has at the moment.
func freePort(t *testing.T) int {
	t.Helper()
	ln := testkit.Listen(t)
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}
