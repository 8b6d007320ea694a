package acme

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a process may take to say what is awaited, on a machine that has much to do.
const patience = 2 * time.Minute

// pafFolder holds the program for as long as the tests run.
var pafFolder string

func TestMain(m *testing.M) {
	var err error
	if pafFolder, err = os.MkdirTemp("", "paf"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(pafFolder)
	os.Exit(code)
}

var pafProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(pafFolder, "paf")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/paf-go/paf/cmd/paf").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building cmd/paf: %w\n%s", err, out)
	}
	return path, nil
})

// A process is one of the program's.
type process struct {
	t   *testing.T
	cmd *exec.Cmd

	mu      sync.Mutex
	more    *sync.Cond // when there is more output, or the end of it
	out     bytes.Buffer
	errs    bytes.Buffer
	ended   bool
	reapers chan struct{}
}

// startPaf starts the program; it ends with the test.
func startPaf(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := pafProgram()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(path, args...), reapers: make(chan struct{})}
	p.more = sync.NewCond(&p.mu)
	p.cmd.Env = append(os.Environ(), "PAF_STORAGE=")
	p.cmd.Stdout, p.cmd.Stderr = p.into(&p.out), p.into(&p.errs)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
		p.more.Broadcast()
		close(p.reapers)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.reapers
		if t.Failed() {
			t.Logf("paf %q:\n%s\n%s", args, p.out.String(), p.errs.String())
		}
	})
	return p
}

func (p *process) into(b *bytes.Buffer) io.Writer {
	return writerFunc(func(text []byte) (int, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		defer p.more.Broadcast()
		return b.Write(text)
	})
}

// await returns what a pattern's group matches in what the program prints, as soon as it does.
func (p *process) await(pattern string) string {
	p.t.Helper()
	found, ok := p.find(pattern)
	if !ok {
		p.t.Fatalf("the program has not said %q", pattern)
	}
	return found
}

func (p *process) find(pattern string) (string, bool) {
	is := regexp.MustCompile(pattern)
	late := false
	timer := time.AfterFunc(patience, func() {
		p.mu.Lock()
		late = true
		p.mu.Unlock()
		p.more.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for _, b := range []*bytes.Buffer{&p.out, &p.errs} {
			if m := is.FindSubmatch(b.Bytes()); m != nil {
				return string(m[len(m)-1]), true
			}
		}
		if p.ended || late {
			return "", false
		}
		p.more.Wait()
	}
}

// end waits for the end of the program, and returns its exit status and what it has printed.
func (p *process) end() (status int, out, errs string) {
	p.t.Helper()
	select {
	case <-p.reapers:
	case <-time.After(patience):
		p.t.Fatal("the program does not end")
	}
	return p.cmd.ProcessState.ExitCode(), p.out.String(), p.errs.String()
}

// stop asks it to end, and expects that it does so in peace.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if status, _, errs := p.end(); status != 0 {
		p.t.Errorf("the program has ended with %d: %s", status, errs)
	}
}

// forward leads connections on, to one address after the other, as soon as they are known: a balancer, or what forwards a port.
func forward(t *testing.T, ln net.Listener, to ...func() (string, bool)) {
	t.Helper()
	go func() {
		for n := 0; ; n++ {
			from, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				for try := range to { // the next one, if one is gone
					addr, ok := to[(n+try)%len(to)]()
					if !ok {
						continue
					}
					c, err := net.Dial("tcp", addr)
					if err != nil {
						continue
					}
					join(from, c)
					return
				}
			}()
		}
	}()
}

func join(a, b net.Conn) {
	defer b.Close()
	go func() {
		_, _ = io.Copy(b, a)
		_ = b.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(a, b)
}

// trusted returns a PEM file of those to trust as a client of the CA.
func (a *authority) trusted() string {
	file := filepath.Join(a.t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.front.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// cert runs a command of `paf cert`; the CA reaches it.
func (a *authority) cert(storage string, args ...string) (status int, out, errs string) {
	a.t.Helper()
	return a.startCert(storage, args...).end()
}

// startCert starts one. It asks this CA unless the arguments name one.
func (a *authority) startCert(storage string, args ...string) *process {
	a.t.Helper()
	all := append([]string{"cert", args[0], "--acme-email", "webmaster@paf.test", "--storage", storage}, args[1:]...)
	if !slices.Contains(args, "--acme-dir") {
		all = append(all, "--acme-dir", a.URL, "--acme-ca-root", a.trusted())
	}
	if args[0] == "obtain" || args[0] == "renew" {
		all = append(all, "--acme-http", "127.0.0.1:0", "--acme-tls", "127.0.0.1:0")
	}
	return startPaf(a.t, all...)
}

// servePaf starts `paf serve --acme`.
func (a *authority) servePaf(storage, names string, args ...string) *process {
	a.t.Helper()
	return startPaf(a.t, append([]string{"serve", "--listen", "127.0.0.1:0", "--acme", names, "--acme-http", "127.0.0.1:0", "--acme-dir", a.URL, "--acme-ca-root", a.trusted(),
		"--storage", storage}, args...)...)
}

// At these the program says where it listens.
func (p *process) secured() (string, bool) { return p.find(`Serving .* at https://([^/]+)/`) }
func (p *process) clear() (string, bool)   { return p.find(`Answering http-01 .* at http://([^/]+)/`) }
func (p *process) desk(challenge string) func() (string, bool) {
	return func() (string, bool) { return p.find(challenge + ` is answered at (\S+)`) }
}
