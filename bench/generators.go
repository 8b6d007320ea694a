package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// generatorWorks measure load generators: paf load, beside wrk and h2load, which are what loads the servers elsewhere. Here the server has the core of the load.
//
// A rate is the generator's if a request costs the server less than the generator, and else the server's: so the tables have what it costs the server, and
// that is to be the fastest there is. On HTTP/1.1 nginx is, though what the system takes for a socket is nearly all on both sides and they are as fast as each
// other. On HTTP/2 nginx would be measured, and not who loads it: it takes four times as much for a request as h2o, nghttpd nearly three times. paf's own server
// takes a sixth less than h2o, but is no judge between paf and others.
var generatorWorks = []work{
	{"load-h1", "load generator, HTTP/1.1, 64 connections, 13-byte answer of nginx", "load-h1", "wrk", generatorColumns,
		generator("nginx", job{Many: 64})},
	{"load-h2", "load generator, HTTP/2, 8 connections of 32 streams, 13-byte answer of h2o", "load-h2", "h2load", generatorColumns,
		generator("h2o", job{Many: 8, H2: true})},
	{"load-many", "load generator, HTTP/1.1, -conns connections (10,000 by default), 100 requests for each, 13-byte answer of nginx", "load-many", "h2load",
		generatorColumns, manyConns},
}

var generatorColumns = []string{"cpu", "rate", "p50", "p99", "served", "peak"}

// generator measures a load generator that loads some server. Its CPU time and its memory are those of the process from its start to its end:
// what it reports takes its time, too.
func generator(server string, j job) func(work, contestant, options) (sample, error) {
	return func(w work, c contestant, o options) (sample, error) {
		s, err := contestantNamed(server)
		if err != nil {
			return nil, err
		}
		p, err := startServer(s, loadCore, j)
		if err != nil {
			return nil, err
		}
		defer p.stop()
		var l load
		served, err := p.during(func() (err error) {
			l, err = c.load(measuredCore, j, p.addr, o.length)
			return err
		})
		if err != nil {
			return nil, err
		}
		result := sample{
			"cpu":    l.cpu.Seconds() * 1e6 / l.requests,
			"rate":   l.requests / l.seconds,
			"served": served.Seconds() * 1e6 / l.requests,
		}
		if l.p99 > 0 {
			result["p50"], result["p99"] = l.p50, l.p99
		}
		if l.peak > 0 {
			result["peak"] = l.peak / 1024
		}
		return result, nil
	}
}

// manyConns measures a load generator with many connections, and a number of requests.
func manyConns(w work, c contestant, o options) (sample, error) {
	if err := enoughFiles(o.conns); err != nil {
		return nil, err
	}
	return generator("nginx", job{Many: o.conns, Requests: 100 * o.conns})(w, c, o)
}

// generateH2load is h2load as a contestant.
func generateH2load(cores string, j job, addr string, length time.Duration) (load, error) {
	if j.Requests == 0 {
		return loadH2(cores, j, addr, length)
	}
	return h2load(cores, "--h1", fmt.Sprint("-c", j.Many), fmt.Sprint("-n", j.Requests), url(j, addr, pathHello))
}

// generatePaf is paf load, as its users have it: a program, which is built when it is first needed.
func generatePaf(cores string, j job, addr string, length time.Duration) (load, error) {
	program, err := builtPaf()
	if err != nil {
		return load{}, err
	}
	f, err := os.CreateTemp(site, "*.json")
	if err != nil {
		return load{}, err
	}
	if err := f.Close(); err != nil {
		return load{}, err
	}
	args := []string{"load", "-q", "--json", f.Name(), "-c", strconv.Itoa(j.Many)}
	if j.H2 {
		args = append(args, "--http2-prior-knowledge", "-m", "32")
	}
	if j.Requests > 0 {
		args = append(args, "-n", strconv.Itoa(j.Requests))
	} else {
		args = append(args, "-d", length.String())
	}
	return runGenerator(cores, program, append(args, url(j, addr, pathHello)), func([]byte) (load, error) {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			return load{}, err
		}
		return readPaf(text)
	})
}

// builtPaf builds the program and returns where it is: a module of its own, whose packages nobody else can import.
var builtPaf = sync.OnceValues(func() (string, error) {
	program := filepath.Join(site, "paf")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/paf-go/paf/cmd/paf").CombinedOutput(); err != nil {
		return "", fmt.Errorf("paf cannot be built (run bench in the folder of its sources): %w: %s", err, out)
	}
	return program, nil
})

// readPaf reads what paf load --json writes.
func readPaf(text []byte) (load, error) {
	var run struct {
		Length  time.Duration `json:"length_ns"`
		Latency struct {
			Count float64
			MS    struct{ P50, P99 float64 }
		}
		Failed   struct{ Count int }
		Statuses map[string]float64
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return load{}, fmt.Errorf("paf load --json wrote what cannot be read: %w", err)
	}
	if run.Failed.Count > 0 || run.Statuses["200"] != run.Latency.Count {
		return load{}, errors.New("paf load saw errors")
	}
	l := load{requests: run.Latency.Count, seconds: run.Length.Seconds(), p50: run.Latency.MS.P50, p99: run.Latency.MS.P99}
	return l, l.valid("paf load")
}
