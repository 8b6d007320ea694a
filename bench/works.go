package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A sample is what one contestant did in one round: figures by the key of their column.
type sample map[string]float64

// A work is a thing to measure.
type work struct {
	name    string
	title   string
	needs   string   // what a contestant must be able to do: see contestant.can
	floor   string   // the contestant that the others are compared with
	columns []string // of its table: see columns; ratios are of the first one

	// once measures a contestant once.
	once func(w work, c contestant, o options) (sample, error)
}

// job is what a server needs to know of the work.
func (w work) job() job {
	needs := strings.Fields(w.needs)
	return job{H2: slices.Contains(needs, "h2") || slices.Contains(needs, "gateway-h2"), TLS: slices.Contains(needs, "tls")}
}

// works are all that can be measured, family by family.
var works = slices.Concat(smallWorks, idleWorks, bodyWorks, tailWorks, coreWorks, clientWorks, proxyWorks, generatorWorks)

// smallColumns are those of small answers.
var smallColumns = []string{"cpu", "rate", "p50", "p99", "peak"}

// A small request is answered with 13 bytes.
var smallWorks = []work{
	{"h1", "HTTP/1.1, 64 connections, 13-byte answer", "h1", "floor", smallColumns, small(loadH1)},
	{"h1pipe", "HTTP/1.1 pipelined by 16, 64 connections, 13-byte answer", "h1", "floor", smallColumns, small(loadPipelined)},
	{"h2", "HTTP/2, 8 connections of 32 streams, 13-byte answer", "h2", "nghttpd", smallColumns, small(loadH2)},
	{"tls-h1", "HTTP/1.1 over TLS 1.3, 64 connections, 13-byte answer", "h1 tls", "floor", smallColumns, small(loadH1)},
	{"tls-h2", "HTTP/2 over TLS 1.3, 8 connections of 32 streams, 13-byte answer", "h2 tls", "nghttpd", smallColumns, small(loadH2)},
}

// A loader loads a server at an address with small requests.
type loader func(cores string, j job, addr string, length time.Duration) (load, error)

// loadH1 is wrk in clear. Over TLS it is h2load, as wrk leaves the cipher suite to the servers, who do not agree.
func loadH1(cores string, j job, addr string, length time.Duration) (load, error) {
	if j.TLS {
		return h2load(cores, "--h1", "-c64", "-D", fmt.Sprint(seconds(length)), url(j, addr, pathHello))
	}
	return wrk(cores, url(j, addr, pathHello), length, "")
}

// loadPipelined is wrk with a script.
func loadPipelined(cores string, j job, addr string, length time.Duration) (load, error) {
	return wrk(cores, url(j, addr, pathHello), length, pipelined)
}

// loadH2 is h2load.
func loadH2(cores string, j job, addr string, length time.Duration) (load, error) {
	return h2load(cores, "-c8", "-m32", "-D", fmt.Sprint(seconds(length)), url(j, addr, pathHello))
}

// url is that of a path on a server.
func url(j job, addr, path string) string {
	if j.TLS {
		return "https://" + addr + path
	}
	return "http://" + addr + path
}

// small warms a server up, loads it and takes its CPU time.
func small(loaded loader) func(work, contestant, options) (sample, error) {
	return func(w work, c contestant, o options) (sample, error) { return loadSmall(loaded, c, w.job(), o) }
}

func loadSmall(loaded loader, c contestant, j job, o options) (sample, error) {
	p, err := startServer(c, measuredCore, j)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if _, err := loaded(loadCore, j, p.addr, time.Second); err != nil {
		return nil, err
	}
	var l load
	cpu, err := p.during(func() (err error) {
		l, err = loaded(loadCore, j, p.addr, o.length)
		return err
	})
	if err != nil {
		return nil, err
	}
	s := sample{"cpu": cpu.Seconds() * 1e6 / l.requests, "rate": l.requests / l.seconds}
	if l.p99 > 0 {
		s["p50"], s["p99"] = l.p50, l.p99
	}
	return p.peak(s)
}

// during returns the CPU time that the process takes while something is done.
func (p *process) during(do func() error) (time.Duration, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, fmt.Errorf("%w (the server: %s)", err, p.said)
	}
	after, err := p.cpu()
	return after - before, err
}

// peak adds the most memory that the process has had.
func (p *process) peak(s sample) (sample, error) {
	kib, err := p.memory("VmHWM")
	s["peak"] = kib / 1024
	return s, err
}

// worksNamed returns the works of a comma-separated list of names, families ("idle" is all that begin with "idle-")
// and "all".
func worksNamed(list string) (chosen []work, err error) {
	for name := range strings.SplitSeq(list, ",") {
		found := worksWhere(func(w work) bool { return w.name == name })
		if len(found) == 0 {
			found = worksWhere(func(w work) bool { return name == "all" || strings.HasPrefix(w.name, name+"-") })
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no work is named %q; there are %s", name, workNames())
		}
		chosen = append(chosen, found...)
	}
	return chosen, nil
}

// workNames lists what worksNamed takes.
func workNames() string {
	var all []string
	for _, w := range works {
		all = append(all, w.name)
	}
	return strings.Join(all, ", ") + ", the families of those with a hyphen, and all"
}

// worksWhere returns the works of which something is true.
func worksWhere(is func(work) bool) (found []work) {
	for _, w := range works {
		if is(w) {
			found = append(found, w)
		}
	}
	return found
}

// A round is what a contestant did in one round, or why it did not.
type round struct {
	sample
	err error
}

// measure takes each contestant once a round, in turns.
func measure(w work, all []contestant, o options) map[string][]round {
	results := map[string][]round{}
	for range o.rounds {
		for _, c := range all {
			r := round{err: errors.New(c.cannot[w.name])}
			if c.cannot[w.name] == "" {
				r.sample, r.err = w.once(w, c, o)
			}
			results[c.name] = append(results[c.name], r)
		}
	}
	return results
}
