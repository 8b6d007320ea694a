package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// idleWorks weigh what does nothing: the growth of the process's resident memory over -conns
// connections, or streams, divided by their number. No garbage collection is forced on
// anyone: who leaves garbage behind pays for it here, as he does in production.
var idleWorks = []work{
	idleWork("idle-h1", "h1"),
	idleWork("idle-h2", "h2"),
	idleWork("idle-h1-tls", "h1 tls"),
	idleWork("idle-h2-tls", "h2 tls"),
	{"idle-streams", "HTTP/2, -conns streams (10,000 by default), 100 a connection, each with a handler that waits: the server",
		"h2 wait", "net/http", []string{"kibs", "peak"}, idleStreams},
	{"idle-streams-client", "HTTP/2, -conns streams (10,000 by default), 100 a connection, each with a response whose content does not come: the client",
		"call-h2 wait", "x/net/http2", []string{"kibs", "peak"}, idleClient},
}

// idleLeast is how long they are idle at the least: what parks connections, collects garbage or gives memory back has its time.
const idleLeast = 8 * time.Second

// streamsEach is how many streams a connection has in idle-streams: what every server lets be open at once.
const streamsEach = 100

// idleWork makes a work of what a connection speaks.
func idleWork(name, needs string) work {
	floor := "floor"
	if needs[:2] == "h2" {
		floor = "nghttpd"
	}
	return work{name, "-conns connections (10,000 by default), one request each, then nothing", needs, floor, []string{"kib", "peak"}, idle}
}

// idle opens connections, asks once on each, and weighs.
func idle(w work, c contestant, o options) (sample, error) {
	return weigh(w, c, o, "kib", o.conns, o.conns, func(p *process) (io.Closer, error) { return askOnce(w.job(), p.addr) })
}

// idleStreams opens connections with streams that the server's handlers never answer.
func idleStreams(w work, c contestant, o options) (sample, error) {
	return weigh(w, c, o, "kibs", o.conns/streamsEach, o.conns, func(p *process) (io.Closer, error) { return askInVain(p.addr, streamsEach) })
}

// weigh tells how much memory a server takes for many, which open opens in a number of calls.
func weigh(w work, c contestant, o options, unit string, calls, many int, open func(*process) (io.Closer, error)) (sample, error) {
	if err := enoughFiles(calls); err != nil {
		return nil, err
	}
	p, err := startServer(c, measuredCore, w.job())
	if err != nil {
		return nil, err
	}
	defer p.stop()
	// One first: what a server has to have in any case is not the connections'.
	first, err := open(p)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	before, err := p.memory("VmRSS")
	if err != nil {
		return nil, err
	}
	opened, err := openMany(calls, func() (io.Closer, error) { return open(p) })
	defer closeAll(opened)
	if err != nil {
		return nil, fmt.Errorf("%w (the server: %s)", err, p.said)
	}
	time.Sleep(max(o.length, idleLeast))
	after, err := p.memory("VmRSS")
	if err != nil {
		return nil, err
	}
	return p.peak(sample{unit: (after - before) / float64(many)})
}

// openMany calls open so many times, 32 at once.
func openMany(calls int, open func() (io.Closer, error)) (opened []io.Closer, err error) {
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		tokens = make(chan struct{}, calls)
	)
	for range calls {
		tokens <- struct{}{}
	}
	close(tokens)
	for range 32 {
		wg.Go(func() {
			for range tokens {
				c, e := open()
				mu.Lock()
				if e != nil {
					err = fmt.Errorf("%d of %d connections were opened: %w", len(opened), calls, e)
				} else {
					opened = append(opened, c)
				}
				failed := err != nil
				mu.Unlock()
				if failed {
					return
				}
			}
		})
	}
	wg.Wait()
	return opened, err
}

// closeAll closes connections by reset, so that they leave no ports behind that wait.
func closeAll(opened []io.Closer) {
	for _, c := range opened {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		_ = c.Close()
	}
}
