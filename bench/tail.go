package main

import (
	"fmt"
	"time"
)

// tailWorks measure latency under an open loop: requests come when they come,
// whether or not the ones before have been answered, and a request's time counts from when it
// was due, not from when a connection was free for it. wrk asks only
// when it has been answered, so that a server that stops is asked nothing while it does
// (coordinated omission); h2load's --rps keeps a pace a connection, but its latencies
// count from the sending, and it tells no percentiles. So this one work has a
// sender of our own: see send. It is pinned to the other core, speaks no HTTP beyond
// counting bytes, and is the same for all.
//
// A sender on one core does no more than some 190,000 requests a second, which is about what the fastest servers do too: at 80 % and more of that
// the sender has a queue of its own, and its figures tell little. In the works of tail-toil each request costs the handler some 20 µs, as handlers
// that do something cost: the ceiling is the server's then, and the sender has time to spare. They are what servers with handlers are compared by.
//
// The ceiling is each contestant's own, found by the same sender with as many requests as
// the connections take; the loads are shares of it. A figure is the sender's where the
// server's CPU % at 95 is far below 95.
var tailWorks = []work{
	tailWork("tail-50", pathHello, 0.5),
	tailWork("tail-80", pathHello, 0.8),
	tailWork("tail-95", pathHello, 0.95),
	tailWork("tail-toil-50", pathToil, 0.5),
	tailWork("tail-toil-80", pathToil, 0.8),
	tailWork("tail-toil-95", pathToil, 0.95),
}

// A sent is what the role send reports.
type sent struct {
	Requests       int // answered
	Took           time.Duration
	P50, P99, P999 time.Duration
}

// tailWork makes a work of its share of the ceiling.
func tailWork(name, path string, share float64) work {
	needs, toils := "h1", ""
	if path == pathToil {
		needs, toils = "h1 toil", ", handlers that work for 20 µs"
	}
	return work{
		name:    name,
		title:   fmt.Sprintf("HTTP/1.1, 64 connections, open loop at %.0f %% of each one's ceiling, arrivals at random (Poisson)%s", share*100, toils),
		needs:   needs,
		floor:   "floor",
		columns: []string{"p99", "p50", "p999", "rate", "ceiling", "busy"},
		once: func(w work, c contestant, o options) (sample, error) {
			return tail(w, c, o, path, share)
		},
	}
}

// tail finds a server's ceiling and then offers a share of it.
func tail(w work, c contestant, o options, path string, share float64) (sample, error) {
	p, err := startServer(c, measuredCore, w.job())
	if err != nil {
		return nil, err
	}
	defer p.stop()
	var ceiling, open sent
	warm := job{Addr: p.addr, Path: path, Many: 64, Time: max(200*time.Millisecond, o.length/2)}
	if err := runRole(loadCore, "send", warm, &ceiling); err != nil {
		return nil, err
	}
	rate := float64(ceiling.Requests) / ceiling.Took.Seconds()
	cpu, err := p.during(func() error {
		return runRole(loadCore, "send", job{Addr: p.addr, Path: path, Many: 64, Time: o.length, Rate: rate * share}, &open)
	})
	if err != nil {
		return nil, err
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return sample{
		"p99": ms(open.P99), "p50": ms(open.P50), "p999": ms(open.P999),
		"rate": float64(open.Requests) / open.Took.Seconds(), "ceiling": rate,
		"busy": 100 * cpu.Seconds() / open.Took.Seconds(),
	}, nil
}
