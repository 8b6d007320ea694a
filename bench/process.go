package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Where a contestant is pinned, and its load: lists of cores as taskset takes them.
const (
	measuredCore = "0"
	loadCore     = "1"
	bothCores    = "0,1"
)

// pinned makes a command that runs on some cores where that can be had.
func pinned(cores, name string, args ...string) *exec.Cmd {
	if canPin() {
		return exec.Command("taskset", append([]string{"-c", cores, name}, args...)...)
	}
	return exec.Command(name, args...)
}

// canPin tells whether server and load can be kept apart.
func canPin() bool {
	_, err := exec.LookPath("taskset")
	return err == nil && runtime.NumCPU() > 1
}

// child makes a command that runs this program in a role.
func child(cores, role string, j job) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	return pinned(cores, self, role, string(text)), nil
}

// runRole runs a role to its end and reads what it has printed.
func runRole(cores, role string, j job, result any) error {
	cmd, err := child(cores, role, j)
	if err != nil {
		return err
	}
	said := &lastWords{}
	cmd.Stderr = said
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", j.Name, err, said)
	}
	return json.Unmarshal(out, result)
}

// A process is a contestant that runs, with the children it has.
type process struct {
	cmd   *exec.Cmd
	addr  string
	ended chan struct{} // closed when it has ended
	said  *lastWords
}

// startServer starts a contestant's server and waits until it listens.
func startServer(c contestant, cores string, j job) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	j.Name, j.Addr, j.Dir = c.name, addr, site
	var cmd *exec.Cmd
	if c.command != nil {
		args, err := c.command(j)
		if err != nil {
			return nil, err
		}
		program, err := find(c.name)
		if err != nil {
			return nil, err
		}
		cmd = pinned(cores, program, args...)
	} else if cmd, err = child(cores, "serve", j); err != nil {
		return nil, err
	}
	p, err := launch(cmd, addr)
	if err != nil {
		return nil, err
	}
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		if probe, err := net.Dial("tcp", addr); err == nil {
			_ = probe.Close()
			return p, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s ended before it listened: %s", c.name, p.said)
		default:
		}
	}
	p.stop()
	return nil, fmt.Errorf("%s does not listen on %s after 10 s: %s", c.name, addr, p.said)
}

// launch starts a command and keeps the last that it says on stderr.
func launch(cmd *exec.Cmd, addr string) (*process, error) {
	p := &process{cmd: cmd, addr: addr, ended: make(chan struct{}), said: &lastWords{}}
	cmd.Dir, cmd.Stderr = site, p.said
	cmd.WaitDelay = time.Second // a child that outlives it may hold stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// find returns where a program is: servers are often not on the PATH of users.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	if path, err = exec.LookPath("/usr/sbin/" + name); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("%s is not installed: conformance/install.sh brings it", name)
}

// freeAddr returns an address that nobody listens on.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// stop kills the process and its children, and waits for it.
func (p *process) stop() {
	select {
	case <-p.ended: // its number may be another's by now
		return
	default:
	}
	kill(p.pids())
	<-p.ended
}

// kill kills processes, parents first: nginx would make a new child for one that has died.
func kill(pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// pids returns the process and all that descend from it.
func (p *process) pids() []int { return family(p.cmd.Process.Pid) }

// family returns a process and all that descend from it, parents before their children.
func family(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if fields, err := stat(child); err == nil {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], child)
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// cpu returns the user and system time that the process and its children have taken.
func (p *process) cpu() (total time.Duration, err error) {
	for _, pid := range p.pids() {
		fields, err := stat(pid)
		if err != nil {
			return 0, fmt.Errorf("the process has ended: %s: %w", p.said, err)
		}
		user, err1 := strconv.Atoi(fields[11])
		system, err2 := strconv.Atoi(fields[12])
		if err := errors.Join(err1, err2); err != nil {
			return 0, err
		}
		const tick = time.Second / 100 // USER_HZ on every Linux
		total += time.Duration(user+system) * tick
	}
	return total, nil
}

// stat returns the fields of /proc/PID/stat from the third one, the state, on.
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	// The name in parentheses may hold anything; the fields count from behind it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat is not as expected: %q", pid, text)
	}
	return fields, nil
}

// memory returns a figure of the process and its children, in KiB: see the function memory.
func (p *process) memory(what string) (total float64, err error) {
	for _, pid := range p.pids() {
		kib, err := memory(pid, what)
		if err != nil {
			return 0, fmt.Errorf("the process has ended: %s: %w", p.said, err)
		}
		total += kib
	}
	return total, nil
}

// memory returns a figure of /proc/PID/status in KiB: VmRSS, what is resident now, or VmHWM, the most there has been.
func memory(pid int, what string) (kib float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "\n"+what+":")
	value, _, _ := strings.Cut(rest, " kB")
	if kib, err = strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil {
		return 0, fmt.Errorf("/proc/%d/status tells no %s: %w", pid, what, err)
	}
	return kib, nil
}

// lastWords keeps the end of what a process says.
type lastWords struct {
	mu   sync.Mutex
	text []byte
}

// Write takes what is said.
func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.text = l.text[max(0, len(l.text)-400):]
	return len(p), nil
}

// String returns the end of it.
func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) == 0 {
		return "it said nothing"
	}
	return string(bytes.TrimSpace(l.text))
}
