package main

import (
	"encoding/json"
	"errors"
	"os"
	"time"
)

// clientWorks measure the process of a client. All ask the same server, which is h2o: of those that speak both
// versions it is the fastest that is nobody's of the contestants, so that it holds up a client the least.
var clientWorks = []work{
	{"client-h1", "client, HTTP/1.1, 64 in flight, 13-byte answer of h2o", "call-h1", "floor", []string{"cpu", "rate", "peak"}, client("h1", 64)},
	{"client-h2", "client, HTTP/2, 256 in flight on a connection, 13-byte answer of h2o", "call-h2", "x/net/http2", []string{"cpu", "rate", "peak"}, client("h2", 256)},
}

// A called is what the role call reports.
type called struct {
	Requests int
	Took     time.Duration
	CPU      time.Duration
	PeakKiB  float64
}

// client measures a client with some requests in flight.
func client(version string, inFlight int) func(work, contestant, options) (sample, error) {
	return func(w work, c contestant, o options) (sample, error) {
		server, err := contestantNamed("h2o")
		if err != nil {
			return nil, err
		}
		j := job{Name: c.name, H2: version == "h2", Many: inFlight, Time: o.length}
		p, err := startServer(server, loadCore, j)
		if err != nil {
			return nil, err
		}
		defer p.stop()
		j.Addr = p.addr
		var result called
		if err := runRole(measuredCore, "call", j, &result); err != nil {
			return nil, err
		}
		requests := float64(result.Requests)
		return sample{
			"cpu":  result.CPU.Seconds() * 1e6 / requests,
			"rate": requests / result.Took.Seconds(),
			"peak": result.PeakKiB / 1024,
		}, nil
	}
}

// call is the role of a client that is measured: it makes requests, then prints a called. It
// takes its CPU time by itself, as it alone knows when the warm-up is over.
func call(j job) error {
	exchange, err := exchangeOf(j)
	if err != nil {
		return err
	}
	if _, err := repeat(exchange, j.Many, min(j.Time, 300*time.Millisecond)); err != nil {
		return err
	}
	before, err := ownCPU()
	if err != nil {
		return err
	}
	start := time.Now()
	n, err := repeat(exchange, j.Many, j.Time)
	if err != nil {
		return err
	}
	took := time.Since(start)
	after, err := ownCPU()
	if err != nil {
		return err
	}
	// Not getrusage's ru_maxrss: that counts what the parent had when it started us.
	peak, err := memory(os.Getpid(), "VmHWM")
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(called{n, took, after - before, peak})
}

// exchangeOf returns what makes one exchange with a contestant's client.
func exchangeOf(j job) (func(worker int) error, error) {
	c, err := contestantNamed(j.Name)
	if err != nil {
		return nil, err
	}
	return c.client(j)
}

// repeat has workers make exchanges for some time, and returns how many they have made. Latencies are not taken: reading the clock
// would be a good part of what a request costs.
func repeat(exchange func(worker int) error, workers int, length time.Duration) (int, error) {
	type share struct {
		n   int
		err error
	}
	shares, until := make(chan share), time.Now().Add(length)
	for worker := range workers {
		go func() {
			var s share
			for s.n%16 != 0 || time.Now().Before(until) {
				if s.err = exchange(worker); s.err != nil {
					break
				}
				s.n++
			}
			shares <- s
		}()
	}
	var total share
	for range workers {
		s := <-shares
		total.n += s.n
		total.err = errors.Join(total.err, s.err)
	}
	return total.n, total.err
}
