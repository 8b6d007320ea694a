package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// hello is the small answer.
const hello = "Hello, World!"

// The paths that every server answers.
const (
	pathHello = "/"
	pathBig   = "/big"  // GET: a file of options.size bytes
	pathSink  = "/sink" // POST: reads what it is given, then says hello
	pathWait  = "/wait" // never answers: the handler waits until the client has gone
	pathHold  = "/hold" // the same, but for the head, which is sent at once
	pathToil  = "/toil" // works for some 20 µs before it says hello
)

// A contestant takes part in the works that need no more than it can do. A server of Go runs in
// this program, any other one is a command.
type contestant struct {
	name string

	// can is a list of words: h1, h2, tls, body (pathBig and pathSink), wait (pathWait and
	// pathHold), toil (pathToil), call-h1 and call-h2 (has a client), gateway-h1, gateway-h2 and tunnel (has a proxy),
	// load-h1, load-h2 and load-many (loads servers).
	can string

	// cannot says why, by the names of works that it cannot do although it can do what they need.
	cannot map[string]string

	serve   func(j job, ln net.Listener) error          // ln does TLS if j says so
	command func(j job) (args []string, err error)      // of the program of that name
	client  func(j job) (func(worker int) error, error) // what it returns makes one exchange
	pass    func(j job, ln net.Listener) error          // a gateway to j.Behind
	tunnel  func(j job, ln net.Listener) error          // a proxy for tunnels
	load    loader
}

// contestants are those who take part, in the order of the tables; the floor comes first.
var contestants = []contestant{
	{name: "floor", can: "h1 tls body toil call-h1 tunnel", serve: serveFloor, client: callFloor, tunnel: tunnelFloor},
	{name: "paf", can: "h1 h2 tls body wait toil call-h1 call-h2 gateway-h1 gateway-h2 tunnel load-h1 load-h2 load-many", serve: servePaf, client: callPaf, pass: passPaf, tunnel: tunnelPaf, load: generatePaf},
	{name: "paf-borrow", can: "h1 h2 toil", serve: serveBorrower},
	{name: "paf+nethttp", can: "h1 h2 tls body wait toil call-h1 call-h2", serve: servePafNetHTTP, client: callPafNetHTTP},
	{name: "net/http", can: "h1 h2 tls body wait toil call-h1 call-h2 gateway-h1 gateway-h2 tunnel", serve: serveNetHTTP, client: callNetHTTP, pass: passNetHTTP, tunnel: tunnelNetHTTP},
	{name: "fasthttp", can: "h1 tls body toil call-h1", serve: serveFastHTTP, client: callFastHTTP},
	{name: "gnet", can: "h1", serve: serveGnet},
	{name: "x/net/http2", can: "h2 tls body wait call-h2", serve: serveXNet, client: callXNet},
	{name: "nginx", can: "h1 h2 tls body gateway-h1 gateway-h2", command: nginx, cannot: map[string]string{
		"body-h2-up": "it answers before it has read", "body-h2-up-tls": "it answers before it has read"}},
	{name: "haproxy", can: "gateway-h1 gateway-h2", command: haproxy},
	{name: "h2o", can: "h1 h2 tls body", command: h2o},
	{name: "nghttpd", can: "h2 tls body", command: nghttpd},
	{name: "wrk", can: "load-h1", load: loadH1},
	{name: "h2load", can: "load-h2 load-many", load: generateH2load},
}

// takePart returns the contestants that can do a work, of those in only.
func takePart(w work, only string) (all []contestant) {
	wanted := strings.Split(only, ",")
	for _, c := range contestants {
		can := strings.Fields(c.can)
		lacks := func(word string) bool { return !slices.Contains(can, word) }
		if (only == "" || slices.Contains(wanted, c.name)) && !slices.ContainsFunc(strings.Fields(w.needs), lacks) {
			all = append(all, c)
		}
	}
	return all
}

// contestantNamed returns a contestant.
func contestantNamed(name string) (contestant, error) {
	i := slices.IndexFunc(contestants, func(c contestant) bool { return c.name == name })
	if i < 0 {
		return contestant{}, fmt.Errorf("no contestant is named %q; there are %s", name, contestantNames())
	}
	return contestants[i], nil
}

// contestantNames lists the contestants.
func contestantNames() string {
	var names []string
	for _, c := range contestants {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// checkOnly returns an error if a comma-separated list has a name that no contestant has. "" is all of them.
func checkOnly(list string) error {
	if list == "" {
		return nil
	}
	for name := range strings.SplitSeq(list, ",") {
		if _, err := contestantNamed(name); err != nil {
			return err
		}
	}
	return nil
}

// serve is the role of a server: it serves until it is killed.
func serve(j job) error {
	c, err := contestantNamed(j.Name)
	if err != nil {
		return err
	}
	if j.Cores > 0 {
		runtime.GOMAXPROCS(j.Cores)
	}
	ln, err := net.Listen("tcp", j.Addr)
	if err != nil {
		return err
	}
	if j.TLS {
		config, err := serverTLS(j)
		if err != nil {
			return err
		}
		ln = tls.NewListener(ln, config)
	}
	switch {
	case j.Behind != "" && j.Tunnel:
		return c.tunnel(j, ln)
	case j.Behind != "":
		return c.pass(j, ln)
	}
	return c.serve(j, ln)
}

// serverTLS is the same for all servers of Go, and like that of the others in what it comes to: TLS 1.3 with
// TLS_AES_128_GCM_SHA256, which h2load is told to ask for, and a key on P-256.
func serverTLS(j job) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(j.Dir, "cert.pem"), filepath.Join(j.Dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	protocol := "http/1.1"
	if j.H2 {
		protocol = "h2"
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{protocol}}, nil
}
