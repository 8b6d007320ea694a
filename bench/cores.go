package main

// coreWorks tell what a second core is worth. On a machine of two cores a load with a core of its own would leave the server
// one: so server and load share one core, and then they share two, as on a machine of one core and on one of two.
// What the load takes of both it takes from all contestants alike; the
// factor counts beside the floor's, not by itself. It can be below 1 where a wake-up from core to core costs more than the
// little that is done for a request.
var coreWorks = []work{
	{"cores-h1", "HTTP/1.1, 64 connections: throughput when server and load share 2 cores, beside 1",
		"h1", "floor", []string{"factor", "rate1", "rate2"}, second(loadH1)},
	{"cores-h2", "HTTP/2, 8 connections of 32 streams: throughput when server and load share 2 cores, beside 1",
		"h2", "nghttpd", []string{"factor", "rate1", "rate2"}, second(loadH2)},
}

// second loads a server that has one core and then one that has two: GOMAXPROCS of those in Go, workers or threads of the others.
func second(loaded loader) func(work, contestant, options) (sample, error) {
	return func(w work, c contestant, o options) (sample, error) {
		rate := func(n int, cores string) (float64, error) {
			j := w.job()
			j.Cores = n
			p, err := startServer(c, cores, j)
			if err != nil {
				return 0, err
			}
			defer p.stop()
			if _, err := loaded(cores, j, p.addr, 0); err != nil { // warms up
				return 0, err
			}
			l, err := loaded(cores, j, p.addr, o.length)
			return l.requests / l.seconds, err
		}
		one, err := rate(1, measuredCore)
		if err != nil {
			return nil, err
		}
		two, err := rate(2, bothCores)
		if err != nil {
			return nil, err
		}
		return sample{"factor": two / one, "rate1": one, "rate2": two}, nil
	}
}
