package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A work is a way to load a server.
type work struct {
	title string
	tool  string   // that makes the load: wrk or h2load
	args  []string // of the tool
	lua   string   // a script for wrk, if it needs one
	floor string   // the contestant that the others are compared with
}

var works = map[string]work{
	"h1": {title: "HTTP/1.1, 64 connections, 13-byte answer", tool: "wrk", floor: "floor", args: []string{"-t1", "-c64"}},
	"h2": {title: "HTTP/2, 8 connections of 32 streams, 13-byte answer", tool: "h2load", floor: "nghttpd", args: []string{"-t1", "-c8", "-m32"}},
	"h1pipe": {title: "HTTP/1.1 pipelined by 16, 64 connections, 13-byte answer", tool: "wrk", floor: "floor", args: []string{"-t1", "-c64"}, lua: `
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
	server, addr, err := start(name)
	if err != nil {
		return result{err: err}
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	url := "http://" + addr + "/"
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

// start starts a contestant's server and returns where it listens.
func start(name string) (*exec.Cmd, string, error) {
	i := slices.IndexFunc(contestants, func(c contestant) bool { return c.name == name })
	if c := contestants[i]; c.command != nil {
		return startForeign(c)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	server := pinned(0, self, "-serve", name)
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return nil, "", err
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = server.Process.Kill()
		return nil, "", fmt.Errorf("the server did not start: %w", err)
	}
	return server, strings.TrimSpace(addr), nil
}

// startForeign starts a program that others have written and waits until it listens.
func startForeign(c contestant) (*exec.Cmd, string, error) {
	if _, err := exec.LookPath(c.name); err != nil {
		return nil, "", fmt.Errorf("%s is not installed", c.name)
	}
	dir, err := site()
	if err != nil {
		return nil, "", err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	_, port, _ := net.SplitHostPort(addr)
	args, err := c.command(dir, port)
	if err != nil {
		return nil, "", err
	}
	server := pinned(0, c.name, args...)
	server.Dir = dir
	if err := server.Start(); err != nil {
		return nil, "", err
	}
	for range 100 {
		if probe, err := net.Dial("tcp", addr); err == nil {
			_ = probe.Close()
			return server, addr, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = server.Process.Kill()
	return nil, "", fmt.Errorf("%s does not listen", c.name)
}

// pinned makes a command that runs on one core where that can be had.
func pinned(core int, name string, args ...string) *exec.Cmd {
	if _, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > core {
		return exec.Command("taskset", append([]string{"-c", strconv.Itoa(core), name}, args...)...)
	}
	return exec.Command(name, args...)
}

var (
	counted     = regexp.MustCompile(`(\d+) requests in`)
	countedByH2 = regexp.MustCompile(`(\d+) succeeded, 0 failed, 0 errored`)
)

// load runs wrk or h2load and returns the number of requests that were answered. Any
// that failed makes the round invalid.
func load(w work, url string, length time.Duration) (int, error) {
	args := append([]string{}, w.args...)
	if w.tool == "h2load" {
		return loadH2(append(args, "-D", strconv.Itoa(max(1, int(length.Seconds()))), url))
	}
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

// loadH2 runs h2load.
func loadH2(args []string) (int, error) {
	out, err := pinned(1, "h2load", args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("h2load (Debian's package nghttp2-client): %w: %s", err, out)
	}
	m := countedByH2.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("h2load saw errors: %s", out)
	}
	return strconv.Atoi(string(m[1]))
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
