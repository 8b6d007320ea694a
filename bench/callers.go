package main

//lint:file-ignore SA1019 golang.org/x/net/http2 is a contestant, whatever else one should use.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/nethttp"
	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
)

// This file has the clients of the contestants, as servers.go has their servers.

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
