package conformance

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// A station is `paf serve --tap`, alone with the kernel's clients in a network of its own.
type station struct {
	t      *testing.T
	spaces string   // the network's name
	urls   []string // which it has printed
	served *exec.Cmd
}

const stationV4, stationV6 = "10.78.0.2", "fd78::2"

// startStation serves a directory on a TAP device.
func startStation(t *testing.T, dir string, options ...string) *station {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: TAP devices are Linux's: `paf serve --tap` was not tried")
	}
	program := filepath.Join(t.TempDir(), "paf")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/paf-go/paf/cmd/paf").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := &station{t: t, spaces: fmt.Sprintf("paf-%d-station", os.Getpid())}
	if out, err := exec.Command("ip", "netns", "add", s.spaces).CombinedOutput(); err != nil {
		testkit.Lacks(t, "no network can be made here, so `paf serve --tap` was not tried: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", s.spaces).Run() })
	if out, err := s.command("ip", "tuntap", "add", "dev", "tap0", "mode", "tap").CombinedOutput(); err != nil {
		testkit.Lacks(t, "the kernel has no TAP devices, so `paf serve --tap` was not tried: %v: %s", err, out)
	}
	s.run("ip", "address", "add", "10.78.0.1/24", "dev", "tap0")
	s.run("ip", "address", "add", "fd78::1/64", "dev", "tap0", "nodad")
	s.run("ip", "link", "set", "tap0", "up")
	args := append([]string{program, "serve", "--quiet", "--tap", "tap0", "--addr", stationV4 + "/24", "--addr", stationV6 + "/64"}, options...)
	s.serve(append(args, dir)...)
	return s
}

// serve starts the program and reads where it can be reached.
func (s *station) serve(args ...string) {
	s.t.Helper()
	s.served = s.command(args...)
	s.served.Stderr = os.Stderr
	out, err := s.served.StdoutPipe()
	if err == nil {
		err = s.served.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.served.Process.Kill(); _ = s.served.Wait() })
	lines := bufio.NewScanner(out)
	for len(s.urls) < 2 && lines.Scan() {
		if _, url, is := strings.Cut(lines.Text(), " at "); is {
			s.urls = append(s.urls, url)
		}
	}
	if len(s.urls) < 2 {
		s.t.Fatalf("it serves at %q", s.urls)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

// command is a program in the station's network.
func (s *station) command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", s.spaces}, args...)...)
}

func (s *station) run(args ...string) string {
	s.t.Helper()
	out, err := s.command(args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// bigFile writes 10 MiB that no part of which is like another.
func bigFile(t *testing.T) (dir string, digest [32]byte) {
	t.Helper()
	dir = t.TempDir()
	content := make([]byte, 10<<20)
	for i := 0; i < len(content); i += 32 {
		sum := sha256.Sum256(fmt.Append(nil, i))
		copy(content[i:], sum[:])
	}
	if err := os.WriteFile(filepath.Join(dir, "big"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, sha256.Sum256(content)
}

// TestTheKernelsClientsReachAStationOnATAP pings `paf serve --tap`, and fetches from it by HTTP/1.1 and HTTP/2, over both families.
func TestTheKernelsClientsReachAStationOnATAP(t *testing.T) {
	for _, tool := range []string{"ip", "ping", "curl", "nghttp"} {
		testkit.Need(t, tool)
	}
	dir, digest := bigFile(t)
	s := startStation(t, dir)
	if want := []string{"http://" + stationV4 + ":80/", "http://[" + stationV6 + "]:80/"}; s.urls[0] != want[0] || s.urls[1] != want[1] {
		t.Errorf("it says that it is at %q, want %q", s.urls, want)
	}
	for _, host := range []string{stationV4, stationV6} {
		out := s.run("ping", "-c", "5", "-i", "0.01", "-W", "5", host)
		if !strings.Contains(out, " 0% packet loss") {
			t.Errorf("ping %s: %s", host, out)
		}
	}
	for _, url := range s.urls {
		for _, get := range [][]string{{"curl", "-sSg", "--http1.1"}, {"curl", "-sSg", "--http2-prior-knowledge"}, {"nghttp"}} {
			if got := s.digest(append(get, url+"big")...); got != digest {
				t.Errorf("%s %s: not what was served", strings.Join(get, " "), url)
			}
		}
	}
	t.Run("AHundredDownloadsAtOnce", func(t *testing.T) {
		begun := time.Now()
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				if s.digest("curl", "-sSg", "--max-time", "300", s.urls[i%2]+"big") != digest {
					t.Errorf("download %d is not what was served", i)
				}
			})
		}
		group.Wait()
		took := time.Since(begun)
		t.Logf("1000 MiB in %v: %.0f MiB/s", took, 1000/took.Seconds())
	})
	t.Run("ASignalEndsIt", func(t *testing.T) {
		if err := s.served.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := s.served.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
}

// digest runs a program and returns the digest of what it prints.
func (s *station) digest(args ...string) (digest [32]byte) {
	cmd := s.command(args...)
	sum, said := sha256.New(), &strings.Builder{}
	cmd.Stdout, cmd.Stderr = sum, said
	if err := cmd.Run(); err != nil {
		s.t.Errorf("%s: %v: %s", strings.Join(args, " "), err, said)
	}
	return [32]byte(sum.Sum(nil))
}

// TestAStationSecuresItself fetches over TLS, with a certificate that names the station's addresses.
func TestAStationSecuresItself(t *testing.T) {
	testkit.Need(t, "ip")
	testkit.Need(t, "curl")
	dir, digest := bigFile(t)
	s := startStation(t, dir, "--tls", "--listen", ":443")
	for _, url := range s.urls {
		out := s.run("curl", "-sSgkv", "-o", "/dev/null", url+"big")
		if !regexp.MustCompile(`ALPN: server accepted h2`).MatchString(out) {
			t.Errorf("%s: %s", url, out)
		}
		if s.digest("curl", "-sSgk", url+"big") != digest {
			t.Errorf("%s: not what was served", url)
		}
	}
}
