package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A load is what a load generator has counted, and what it took itself.
type load struct {
	requests float64
	seconds  float64
	p50, p99 float64 // milliseconds; 0 where the tool does not tell: h2load never, wrk at times not of pipelined requests ("99% 0.00us")
	cpu      time.Duration
	peak     float64 // the most memory it has had, in KiB; 0 if it ended before that could be looked at
}

// pipelined is a script for wrk: 16 requests in one write.
const pipelined = `
init = function(args)
  local r = {}
  for i = 1, 16 do r[i] = wrk.format("GET", "/") end
  all = table.concat(r)
end
request = function() return all end
`

var (
	wrkCounted  = regexp.MustCompile(`(\d+) requests in ([\d.]+(?:us|ms|s|m))`)
	wrkLatency  = regexp.MustCompile(`(?m)^\s+(50|99)%\s+([\d.]+(?:us|ms|s|m)) *$`)
	h2loadCount = regexp.MustCompile(`(\d+) succeeded, 0 failed, 0 errored`)
	h2loadGood  = regexp.MustCompile(`status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx`)
	h2loadTime  = regexp.MustCompile(`finished in ([\d.]+(?:us|ms|s|m))`)
)

// wrk loads a server from 64 connections. wrk counts whole seconds. Any request that failed makes the round invalid.
func wrk(cores string, url string, length time.Duration, script string) (load, error) {
	args := []string{"-t1", "-c64", "--latency", "-d", strconv.Itoa(seconds(length)) + "s"}
	if script != "" {
		f, err := os.CreateTemp(site, "*.lua")
		if err != nil {
			return load{}, err
		}
		_, err = f.WriteString(script)
		if err := errors.Join(err, f.Close()); err != nil {
			return load{}, err
		}
		args = append(args, "-s", f.Name())
	}
	return runGenerator(cores, "wrk", append(args, url), readWrk)
}

// readWrk reads what wrk prints.
func readWrk(out []byte) (load, error) {
	if strings.Contains(string(out), "Socket errors") || strings.Contains(string(out), "Non-2xx") {
		return load{}, fmt.Errorf("wrk saw errors: %s", out)
	}
	m := wrkCounted.FindSubmatch(out)
	if m == nil {
		return load{}, fmt.Errorf("wrk said nothing of requests: %s", out)
	}
	l := load{requests: number(m[1]), seconds: duration(m[2]).Seconds()}
	for _, m := range wrkLatency.FindAllSubmatch(out, -1) {
		if ms := float64(duration(m[2])) / float64(time.Millisecond); string(m[1]) == "50" {
			l.p50 = ms
		} else {
			l.p99 = ms
		}
	}
	return l, l.valid("wrk")
}

// h2load loads a server for some time, or with a number of requests, as the arguments say. It
// offers one cipher suite of TLS 1.3, so that all servers use the same.
func h2load(cores string, args ...string) (load, error) {
	args = append([]string{"-t1", "--tls13-ciphers=TLS_AES_128_GCM_SHA256"}, args...)
	return runGenerator(cores, "h2load", args, readH2load)
}

// readH2load reads what h2load prints.
func readH2load(out []byte) (load, error) {
	count, good, took := h2loadCount.FindSubmatch(out), h2loadGood.FindSubmatch(out), h2loadTime.FindSubmatch(out)
	if count == nil || good == nil || took == nil || number(good[1]) < number(count[1]) {
		_, told, _ := strings.Cut(string(out), "finished in")
		return load{}, fmt.Errorf("h2load saw errors: finished in %s", told)
	}
	l := load{requests: number(count[1]), seconds: duration(took[1]).Seconds()}
	return l, l.valid("h2load")
}

// runGenerator runs a load generator to its end; read reads what it has printed.
func runGenerator(cores, program string, args []string, read func(out []byte) (load, error)) (load, error) {
	cmd := pinned(cores, program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return load{}, fmt.Errorf("%s cannot be run: %w", program, err)
	}
	peak, err := waitFor(cmd)
	if err != nil {
		return load{}, fmt.Errorf("%s failed (is it installed? conformance/install.sh brings it): %w: %s", program, err, out.Bytes())
	}
	l, err := read(out.Bytes())
	l.cpu, l.peak = cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), peak
	return l, err
}

// waitFor waits for a command to end and returns the most memory that it has had, in KiB: as it was at the latest look, for who
// has ended has none. Not what wait4 tells of it, ru_maxrss: that counts what we had when we started it.
func waitFor(cmd *exec.Cmd) (peak float64, err error) {
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return peak, err
		case <-look.C:
			if kib, err := memory(cmd.Process.Pid, "VmHWM"); err == nil {
				peak = kib
			}
		}
	}
}

// valid returns an error if nothing was counted.
func (l load) valid(tool string) error {
	if l.requests == 0 || l.seconds == 0 {
		return fmt.Errorf("%s counted no request: is the server stuck?", tool)
	}
	return nil
}

// seconds returns the whole seconds that a tool is to run for.
func seconds(d time.Duration) int { return max(1, int(d.Round(time.Second)/time.Second)) }

// number and duration take what a regular expression has let through.
func number(text []byte) float64 {
	n, _ := strconv.ParseFloat(string(text), 64)
	return n
}

func duration(text []byte) time.Duration {
	d, _ := time.ParseDuration(string(text))
	return d
}

// bigFile is the path of the file of pathBig.
func bigFile() string { return filepath.Join(site, pathBig) }
