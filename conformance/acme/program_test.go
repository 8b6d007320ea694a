package acme

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// programs says where pebble and its DNS are: go builds them once, and keeps them.
var programs = sync.OnceValues(func() (map[string]string, error) {
	paths := map[string]string{}
	for _, name := range []string{"pebble", "pebble-challtestsrv"} {
		out, err := exec.Command("go", "tool", "-n", name).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", name, err, out)
		}
		paths[name] = strings.TrimSpace(string(out))
	}
	return paths, nil
})

// A program runs until the test ends. It listens where the kernel lets it, at port 0, and is found there.
type program struct {
	t   *testing.T
	cmd *exec.Cmd

	mu     sync.Mutex
	output bytes.Buffer
	ended  chan struct{}
}

func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	paths, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: exec.Command(paths[name], args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "PEBBLE_WFE_NONCEREJECT=15", "PEBBLE_AUTHZREUSE=0", "PEBBLE_VA_NOSLEEP=1")
	out := writerFunc(func(b []byte) (int, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.output.Write(b)
	})
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("%s:\n%s", name, p.output.String())
		}
	})
	return p
}

// at returns where the program listens, once it does.
func (p *program) at(network, address string) string {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if found := p.sockets(network, netip.MustParseAddr(address)); found != "" {
			return found
		}
		select {
		case <-p.ended:
			p.t.Fatalf("%s has ended", p.cmd.Path)
		default:
		}
	}
	p.t.Fatalf("%s does not listen at %s", p.cmd.Path, address)
	return ""
}

// sockets looks for a socket of the program's that listens at an address, in what Linux tells of processes.
func (p *program) sockets(network string, address netip.Addr) string {
	of := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	files, err := os.ReadDir(of + "fd")
	if err != nil {
		return ""
	}
	own := map[string]bool{}
	for _, f := range files {
		if link, err := os.Readlink(of + "fd/" + f.Name()); err == nil {
			own[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
		}
	}
	family := ""
	if address.Is6() {
		family = "6"
	}
	table, err := os.ReadFile(of + "net/" + network + family)
	if err != nil {
		p.t.Skipf("where programs listen cannot be found out here: %v", err)
	}
	listens := map[string]string{"tcp": "0A", "udp": "07"}[network]
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != listens || !own[f[9]] {
			continue
		}
		host, port, _ := strings.Cut(f[1], ":")
		b, err := hex.DecodeString(host)
		n, err2 := strconv.ParseUint(port, 16, 16)
		if err != nil || err2 != nil {
			continue
		}
		for word := range slices.Chunk(b, 4) { // each is written as the machine has it
			slices.Reverse(word)
		}
		if a, ok := netip.AddrFromSlice(b); ok && a == address {
			return netip.AddrPortFrom(a, uint16(n)).String()
		}
	}
	return ""
}
