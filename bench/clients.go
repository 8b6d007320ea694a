package main

//lint:file-ignore SA1019 golang.org/x/net/http2 is a contestant, whatever else one should use.

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/nethttp"
	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
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

// asks returns the path that a client asks for.
func (j job) asks() string {
	if j.Hold {
		return pathHold
	}
	return pathHello
}

// check returns an error unless an answer is hello.
func check(status int, length int64, name string) error {
	if status != http.StatusOK || length != int64(len(hello)) {
		return fmt.Errorf("%s got %d with %d bytes, not 200 with %d", name, status, length, len(hello))
	}
	return nil
}

// many makes so many of a kind.
func many[T any](n int, one func() (T, error)) ([]T, error) {
	all := make([]T, n)
	for i := range all {
		var err error
		if all[i], err = one(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// callPaf calls with paf's Client.
func callPaf(j job) (func(worker int) error, error) {
	// The server lets as many streams be open on one connection: all clients have but that one.
	c := &paf.Client{Protocol: paf.HTTP11, Limits: engine.Limits{Streams: j.Many}}
	if j.H2 {
		c.Protocol = paf.HTTP2
	}
	requests, err := many(j.Many, func() (*paf.Request, error) { return paf.NewRequest("GET", url(j, j.Addr, j.asks()), nil) })
	if err != nil {
		return nil, err
	}
	held := make([]*paf.Response, j.Many)
	return func(worker int) error {
		resp, err := c.Do(context.Background(), requests[worker])
		if err != nil {
			return err
		}
		if j.Hold {
			held[worker] = resp
			return nil
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close(), check(resp.Status, n, j.Name))
	}, nil
}

// callNetHTTP calls with the standard library's Transport.
func callNetHTTP(j job) (func(worker int) error, error) {
	t := &http.Transport{MaxIdleConnsPerHost: j.Many, Protocols: &http.Protocols{}}
	t.Protocols.SetHTTP1(!j.H2)
	t.Protocols.SetUnencryptedHTTP2(j.H2)
	return callRoundTripper(j, t)
}

// callPafNetHTTP calls with net/http's API on paf.
func callPafNetHTTP(j job) (func(worker int) error, error) {
	t := &nethttp.Transport{MaxIdleConnsPerHost: j.Many, Protocols: &http.Protocols{}, Limits: engine.Limits{Streams: j.Many}}
	t.Protocols.SetHTTP1(!j.H2)
	t.Protocols.SetUnencryptedHTTP2(j.H2)
	return callRoundTripper(j, t)
}

// callXNet calls with the Transport of golang.org/x/net/http2.
func callXNet(j job) (func(worker int) error, error) {
	return callRoundTripper(j, &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}})
}

// callRoundTripper calls with any RoundTripper.
func callRoundTripper(j job, t http.RoundTripper) (func(worker int) error, error) {
	requests, err := many(j.Many, func() (*http.Request, error) { return http.NewRequest("GET", url(j, j.Addr, j.asks()), nil) })
	if err != nil {
		return nil, err
	}
	held := make([]*http.Response, j.Many)
	return func(worker int) error {
		resp, err := t.RoundTrip(requests[worker])
		if err != nil {
			return err
		}
		if j.Hold {
			held[worker] = resp
			return nil
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close(), check(resp.StatusCode, n, j.Name))
	}, nil
}

// callFastHTTP calls with fasthttp's client.
func callFastHTTP(j job) (func(worker int) error, error) {
	c := &fasthttp.HostClient{Addr: j.Addr, MaxConns: j.Many}
	requests, responses := make([]*fasthttp.Request, j.Many), make([]*fasthttp.Response, j.Many)
	for i := range requests {
		requests[i], responses[i] = fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		requests[i].SetRequestURI(url(j, j.Addr, j.asks()))
	}
	return func(worker int) error {
		if err := c.Do(requests[worker], responses[worker]); err != nil {
			return err
		}
		return check(responses[worker].StatusCode(), int64(len(responses[worker].Body())), j.Name)
	}, nil
}
