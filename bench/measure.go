package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A work is a way to load a server.
type work struct {
	title string
	args  []string // of wrk
	lua   string   // a script for wrk, if it needs one
}

var works = map[string]work{
	"h1": {title: "HTTP/1.1, 64 connections, 13-byte answer", args: []string{"-t1", "-c64"}},
	"h1pipe": {title: "HTTP/1.1 pipelined by 16, 64 connections, 13-byte answer", args: []string{"-t1", "-c64"}, lua: `
init = function(args)
  local r = {}
  for i = 1, 16 do r[i] = wrk.format("GET", "/") end
  all = table.concat(r)
end
request = function() return all end
`},
}

// A result is what one contestant did in one round.
type result struct {
	micros float64 // CPU time of the server a request
	rate   float64 // requests a second
	err    error
}

// measure loads each contestant once a round, in turns.
func measure(w work, names []string, length time.Duration, rounds int) map[string][]result {
	results := map[string][]result{}
	for range rounds {
		for _, name := range names {
			results[name] = append(results[name], once(w, name, length))
		}
	}
	return results
}

// once starts a contestant's server, warms it up, and loads it.
func once(w work, name string, length time.Duration) result {
	self, err := os.Executable()
	if err != nil {
		return result{err: err}
	}
	server := pinned(0, self, "-serve", name)
	out, err := server.StdoutPipe()
	if err != nil {
		return result{err: err}
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return result{err: err}
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return result{err: fmt.Errorf("the server did not start: %w", err)}
	}
	url := "http://" + strings.TrimSpace(addr) + "/"
	if _, err := load(w, url, 500*time.Millisecond); err != nil {
		return result{err: err}
	}
	before, err := cpuTime(server.Process.Pid)
	if err != nil {
		return result{err: err}
	}
	requests, err := load(w, url, length)
	if err != nil {
		return result{err: err}
	}
	after, err := cpuTime(server.Process.Pid)
	if err != nil {
		return result{err: err}
	}
	return result{
		micros: float64((after - before).Microseconds()) / float64(requests),
		rate:   float64(requests) / length.Seconds(),
	}
}

// pinned makes a command that runs on one core where that can be had.
func pinned(core int, name string, args ...string) *exec.Cmd {
	if _, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > core {
		return exec.Command("taskset", append([]string{"-c", strconv.Itoa(core), name}, args...)...)
	}
	return exec.Command(name, args...)
}

var counted = regexp.MustCompile(`(\d+) requests in`)

// load runs wrk and returns the number of requests that were answered. Any
// that failed makes the round invalid.
func load(w work, url string, length time.Duration) (int, error) {
	args := append([]string{}, w.args...)
	args = append(args, "-d", strconv.Itoa(max(1, int(length.Seconds())))+"s")
	if w.lua != "" {
		script := filepath.Join(os.TempDir(), "paf-bench-"+strconv.Itoa(os.Getpid())+".lua")
		if err := os.WriteFile(script, []byte(w.lua), 0o600); err != nil {
			return 0, err
		}
		defer os.Remove(script)
		args = append(args, "-s", script)
	}
	out, err := pinned(1, "wrk", append(args, url)...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk (Debian's package wrk): %w: %s", err, out)
	}
	if strings.Contains(string(out), "Socket errors") || strings.Contains(string(out), "Non-2xx") {
		return 0, fmt.Errorf("wrk saw errors: %s", out)
	}
	m := counted.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("wrk said nothing of requests: %s", out)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err == nil && n == 0 {
		err = errors.New("wrk counted no request")
	}
	return n, err
}

// cpuTime returns the user and system time of a process.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything; the fields count from behind it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	const tick = time.Second / 100 // USER_HZ on every Linux
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}
