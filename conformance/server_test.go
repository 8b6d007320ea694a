package conformance

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// program is cmd/paf, built once for all tests.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "paf-conformance-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "paf")
	build := exec.Command("go", "build", "-o", program, "github.com/paf-go/paf/cmd/paf")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building cmd/paf: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// A process is a running paf serve or paf proxy.
type process struct {
	*exec.Cmd
	addr   string   // host:port, or the path of a Unix socket
	scheme string   // http or https
	lines  printout // that it has printed since
}

// A printout is the lines that a process prints.
type printout struct {
	mu  sync.Mutex
	all []string
}

func (l *printout) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

// await returns the lines with a word in them, when there are n.
func (l *printout) await(t testing.TB, n int, word string) (found []string) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		found = nil
		l.mu.Lock()
		for _, line := range l.all {
			if strings.Contains(line, word) {
				found = append(found, line)
			}
		}
		all := strings.Join(l.all, "\n")
		l.mu.Unlock()
		if len(found) >= n {
			return found
		}
		if time.Now().After(until) {
			t.Fatalf("there are %d lines with %q, not %d:\n%s", len(found), word, n, all)
		}
	}
}

// serve starts `paf serve` with args, on a TCP port of its own unless they say otherwise. It is
// stopped when the test ends, and must then exit with 0.
func serve(t testing.TB, args ...string) *process {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--listen") {
		args = append([]string{"--listen", "127.0.0.1:0"}, args...)
	}
	return launch(t, append([]string{"serve", "--quiet"}, args...)...)
}

// launch starts the program with args, which say that it is to listen, and finds out where it does.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program, args...), scheme: "http"}
	p.Stderr = os.Stderr
	pipe := p.StdoutPipe
	if args[0] == "proxy" { // whose standard output is the log of requests alone
		log, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		p.Stderr, pipe = nil, p.StderrPipe
		defer func() {
			go func() {
				for lines := bufio.NewScanner(log); lines.Scan(); {
					p.lines.add(lines.Text())
				}
			}()
		}()
	}
	out, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if before, rest, found := strings.Cut(lines.Text(), "://"); found {
			p.scheme = before[strings.LastIndexAny(before, " =")+1:]
			p.addr = strings.TrimRight(strings.Fields(rest)[0], "/.")
			break
		}
		if _, rest, found := strings.Cut(lines.Text(), "unix:"); found {
			p.addr = strings.Fields(rest)[0]
			break
		}
	}
	if p.addr == "" {
		t.Fatalf("paf %s did not say where it serves", args[0])
	}
	go func() {
		for lines.Scan() { // so that it never blocks on a full pipe
			p.lines.add(lines.Text())
		}
	}()
	interrupted(t, p.Cmd)
	return p
}

// url returns the URL of a path on a server.
func (p *process) url(path string) string { return p.scheme + "://" + p.addr + path }

// vectors returns the path of a file of shared test cases, which lie beside the checkout.
func vectors(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "vectors", name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	testkit.Lacks(t, "%s is absent: nothing was probed", path)
	return ""
}
