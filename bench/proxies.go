package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	neturl "net/url"
	"os"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// proxyWorks measure the process of a proxy. Behind it is the floor, on the core of the load: of all servers it takes the least.
var proxyWorks = []work{
	{"proxy-h1", "gateway, HTTP/1.1 to HTTP/1.1, 64 connections, 13-byte answer", "gateway-h1", "nginx", smallColumns, gateway(loadH1)},
	{"proxy-h2", "gateway, HTTP/2 to HTTP/1.1, 8 connections of 32 streams, 13-byte answer", "gateway-h2", "nginx", smallColumns, gateway(loadH2)},
	{"proxy-tunnel", "tunnel of CONNECT, -size bytes (1 GiB by default) through it; the floor is io.Copy between two TCP connections, both ways", "tunnel", "floor",
		[]string{"cpugib", "gibps", "peak"}, throughTunnel},
}

// gateway measures a proxy in front of the floor.
func gateway(loaded loader) func(work, contestant, options) (sample, error) {
	return func(w work, c contestant, o options) (sample, error) {
		floor, err := contestantNamed("floor")
		if err != nil {
			return nil, err
		}
		behind, err := startServer(floor, loadCore, job{})
		if err != nil {
			return nil, err
		}
		defer behind.stop()
		j := w.job()
		j.Behind = behind.addr
		return loadSmall(loaded, c, j, o)
	}
}

// passPaf is a gateway of paf.
func passPaf(j job, ln net.Listener) error {
	s := &paf.Server{Handler: &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + j.Behind}}}}
	return s.Serve(context.Background(), ln)
}

// passNetHTTP is one of the standard library, with as many idle connections kept as paf keeps: its default of 2 would have it open
// one for nearly every request.
func passNetHTTP(j job, ln net.Listener) error {
	to := &neturl.URL{Scheme: "http", Host: j.Behind}
	s := &http.Server{Protocols: &http.Protocols{}, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.SetXForwarded()
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 256},
	}}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s.Serve(ln)
}

// haproxy is a gateway only.
func haproxy(j job) ([]string, error) {
	protocol := ""
	if j.H2 {
		protocol = " proto h2"
	}
	name, err := configure(j, "haproxy", fmt.Sprintf(`global
  nbthread %d
  maxconn 8000
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend front
  bind %s%s
  default_backend back
backend back
  server one %s
`, max(1, j.Cores), j.Addr, protocol, j.Behind))
	return []string{"-db", "-f", name}, err
}

// throughTunnel measures a tunnel: a source and a sink are one process on the core of the load.
func throughTunnel(w work, c contestant, o options) (sample, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	j := job{Behind: addr, Tunnel: true}
	p, err := startServer(c, measuredCore, j)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	var took float64
	cpu, err := p.during(func() error {
		return runRole(loadCore, "pump", job{Name: c.name, Addr: p.addr, Behind: addr, Size: o.size}, &took)
	})
	if err != nil {
		return nil, err
	}
	gib := float64(o.size) / (1 << 30)
	return p.peak(sample{"cpugib": cpu.Seconds() * 1e3 / gib, "gibps": gib / took})
}

// pump is the role of source and sink: it prints the seconds that the bytes took.
func pump(j job) error {
	ln, err := net.Listen("tcp", j.Behind)
	if err != nil {
		return err
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		block := make([]byte, 256<<10)
		for left := j.Size; left > 0 && err == nil; left -= int64(len(block)) {
			_, err = c.Write(block[:min(left, int64(len(block)))])
		}
		_ = c.Close()
	}()
	near, err := openTunnel(j)
	if err != nil {
		return err
	}
	defer near.Close()
	start, block, got := time.Now(), make([]byte, 256<<10), int64(0)
	for got < j.Size {
		n, err := near.Read(block)
		got += int64(n)
		if err != nil && got < j.Size {
			return fmt.Errorf("%d bytes of %d came: %w", got, j.Size, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(time.Since(start).Seconds())
}

// openTunnel connects through the proxy; the floor needs not be asked.
func openTunnel(j job) (net.Conn, error) {
	c, err := net.Dial("tcp", j.Addr)
	if err != nil || j.Name == "floor" {
		return c, err
	}
	_, err = fmt.Fprintf(c, "CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", j.Behind)
	head := make([]byte, 0, 1<<10)
	for err == nil && (len(head) < 4 || string(head[len(head)-4:]) != "\r\n\r\n") {
		one := make([]byte, 1)
		_, err = c.Read(one)
		head = append(head, one...)
	}
	if err == nil && (len(head) < 12 || string(head[9:12]) != "200") {
		err = fmt.Errorf("no tunnel: %q", head)
	}
	return c, err
}

// tunnelFloor is io.Copy in both directions.
func tunnelFloor(j job, ln net.Listener) error {
	for {
		near, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer near.Close()
			far, err := net.Dial("tcp", j.Behind)
			if err != nil {
				return // it was only looked whether we listen
			}
			defer far.Close()
			go func() { _, _ = io.Copy(far, near) }()
			_, _ = io.Copy(near, far)
		}()
	}
}

func tunnelPaf(j job, ln net.Listener) error {
	f := &proxy.Forward{}
	f.Access.Private = true
	return (&paf.Server{Handler: f}).Serve(context.Background(), ln)
}

// tunnelNetHTTP is what users of net/http write: Hijack, and io.Copy both ways.
func tunnelNetHTTP(j job, ln net.Listener) error {
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer far.Close()
		near, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer near.Close()
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(far, near) }()
		_, _ = io.Copy(near, far)
	}))
}
