package main

import "strings"

// bodyWorks move one large body. The load is h2load with a single request, on HTTP/1.1
// too: it is the one tool at hand that does both versions, both directions and TLS alike, in C, and
// that lets the cipher suite be chosen; curl 7.88 sends HTTP/2 in pieces of 16 KiB behind small
// windows and would be the bottleneck. Its windows are 16 MiB, which is in the range of what
// browsers and curl offer: with its own default of 1 GiB nobody would see a window move.
//
// Down, all servers send the same file, so that those who know sendfile may use it. Up, they read and discard.
var bodyWorks = []work{
	bodyWork("body-h1-down", "h1", "floor"),
	bodyWork("body-h1-up", "h1", "floor"),
	bodyWork("body-h1-down-tls", "h1 tls", "floor"),
	bodyWork("body-h1-up-tls", "h1 tls", "floor"),
	bodyWork("body-h2-down", "h2", "nghttpd"),
	bodyWork("body-h2-up", "h2", "nghttpd"),
	bodyWork("body-h2-down-tls", "h2 tls", "nghttpd"),
	bodyWork("body-h2-up-tls", "h2 tls", "nghttpd"),
}

// bodyWork makes a work of its name.
func bodyWork(name, needs, floor string) work {
	title := "one body of -size bytes (1 GiB by default), " + map[bool]string{true: "sent from a file", false: "read and discarded"}[isDown(name)] + ", one connection"
	return work{name, title, needs + " body", floor, []string{"cpugib", "gibps", "peak"}, body}
}

// isDown tells whether the server sends.
func isDown(name string) bool { return strings.Contains(name, "down") }

// body moves one body.
func body(w work, c contestant, o options) (sample, error) {
	j := w.job()
	p, err := startServer(c, measuredCore, j)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	args := []string{"-n1", "-c1", "-m1", "-w24", "-W24"}
	if !j.H2 {
		args = append(args, "--h1")
	}
	// One small request first: what a server does only once is not the body's.
	if _, err := h2load(loadCore, append(args, url(j, p.addr, pathHello))...); err != nil {
		return nil, err
	}
	if isDown(w.name) {
		args = append(args, url(j, p.addr, pathBig))
	} else {
		args = append(args, "-d", bigFile(), url(j, p.addr, pathSink))
	}
	var l load
	cpu, err := p.during(func() (err error) {
		l, err = h2load(loadCore, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	gib := float64(o.size) / (1 << 30)
	return p.peak(sample{"cpugib": cpu.Seconds() * 1e3 / gib, "gibps": gib / l.seconds})
}
