package conformance

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// A peer is a server that others have written. All peers know the same paths:
//
//	/bytes/FILE    a file of the site, with its length declared
//	/chunked/FILE  the same, of a length that only its end tells
//	/toend/FILE    the same, up to the end of the connection
//	/trailer/FILE  like /chunked/FILE, with the trailer "X-Sum: of FILE"
//	/lost/FILE     like /bytes/FILE, but only as a connection's first request: at a later
//	               one the peer closes the connection and says nothing
//	/refuse        413, and no content is read
//	/echo          the content of the request, and its trailers (a peer that echoes)
//	/store/NAME    PUT keeps a file, GET gives it back (a peer that stores)
//
// Every response has X-Connection, the number of the connection that it came on, counted by
// the peer; every response to content has X-Framing, what its head said of the framing.
type peer struct {
	name  string
	can   ability
	start func(t testing.TB, s *site) addresses
}

// An ability is something that not every peer can do.
type ability int

const (
	echoes ability = 1 << iota // it sends back what it gets
	stores                     // it keeps what it gets
	tags                       // it has entity tags and answers to conditions and ranges
)

// addresses are where a peer listens, by the name of the way.
type addresses map[string]string

// A way is one in which a peer is spoken to.
type way struct {
	name, scheme string
	protocol     paf.Protocol
}

var (
	clear11 = way{"HTTP1", "http", paf.HTTP11}
	tls11   = way{"HTTP1overTLS", "https", paf.HTTP11}

	ways  = []way{clear11, tls11}
	peers = []peer{nginx, node, netHTTP}
)

// A there is a running peer, reached in one way.
type there struct {
	*peer
	way
	*site
	addr string
}

// each runs a test against every peer that has one of some abilities (0: against all), in every way.
func each(t *testing.T, any ability, f func(t *testing.T, x *there)) {
	eachOf(t, any, func(t *testing.T) *site { return newSite(t) }, f)
}

// eachOf is each with a site of the test's own.
func eachOf(t *testing.T, any ability, build func(t *testing.T) *site, f func(t *testing.T, x *there)) {
	for _, p := range peers {
		if any != 0 && p.can&any == 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			s := build(t)
			at := p.start(t, s)
			for _, w := range ways {
				if addr, ok := at[w.name]; ok {
					t.Run(w.name, func(t *testing.T) { f(t, &there{&p, w, s, addr}) })
				}
			}
		})
	}
}

// url returns the URL of a path on the peer.
func (x *there) url(path string) string { return x.scheme + "://" + x.addr + path }

// client makes a client of the test that trusts the peer. At the end it must leave nothing.
func (x *there) client(t testing.TB) *paf.Client {
	c := clientWith(t, &tls.Config{RootCAs: x.cert.roots})
	c.Protocol = x.protocol
	return c
}

func clientWith(t testing.TB, config *tls.Config) *paf.Client {
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, paf.TLSConfig, config)}
	t.Cleanup(func() {
		c.Close()
		if stats := c.Stats(); stats.Conns != 0 || stats.Active != 0 {
			t.Errorf("a closed client has left: %+v", stats)
		}
	})
	return c
}

// accepted returns how many connections the peer has accepted since it started, as it says itself on one more.
func (x *there) accepted(t testing.TB) int {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: x.cert.roots}}}
	resp, err := c.Get(x.url("/bytes/0"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	n, err := strconv.Atoi(resp.Header.Get("X-Connection"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// during returns how many connections the peer has accepted while f ran.
func (x *there) during(t testing.TB, f func()) int {
	t.Helper()
	before := x.accepted(t)
	f()
	return x.accepted(t) - before - 1
}

// sockets opens a clear and a TLS port, and returns them as the files 3 and 4 of a program to
// start: so no port has to be guessed, and it can be connected to before the program listens.
func sockets(t testing.TB) (at addresses, files []*os.File) {
	t.Helper()
	at = addresses{}
	for _, w := range []way{clear11, tls11} {
		ln := testkit.Listen(t)
		f, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		at[w.name] = ln.Addr().String()
		ln.Close() // f is a descriptor of its own: the port stays open
		files = append(files, f)
	}
	return at, files
}

// run starts a peer's program with some sockets and stops it when the test ends.
func run(t testing.TB, c *exec.Cmd, files []*os.File) {
	t.Helper()
	c.ExtraFiles = files
	c.Stdout, c.Stderr = t.Output(), t.Output()
	err := c.Start()
	for _, f := range files {
		f.Close() // or nobody would notice that the program is gone
	}
	if err != nil {
		t.Fatal(err)
	}
	interrupted(t, c)
}

// interrupted interrupts a program when the test ends. It must then exit with 0.
func interrupted(t testing.TB, c *exec.Cmd) {
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		if !ended(t, c.Path, done) {
			_ = c.Process.Kill()
			<-done
		}
	})
}

// ended waits until what was told to stop has done so, without an error; false if it has not.
func ended(t testing.TB, what string, done <-chan error) bool {
	t.Helper()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return true
	case <-time.After(20 * time.Second):
		t.Errorf("%s did not stop", what)
		return false
	}
}

// readAll reads a response to its end, without keeping it, and returns the digest and the number of its bytes.
func readAll(t testing.TB, resp *paf.Response) (sum string, n int64) {
	t.Helper()
	defer resp.Body.Close()
	sum, n, err := digestOf(resp.Body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", n, err)
	}
	return sum, n
}

// do sends a request; a nil body is none, and one of unknown length goes out without it.
func (x *there) do(t testing.TB, c *paf.Client, method, path string, body io.Reader, fields ...string) *paf.Response {
	t.Helper()
	r := x.request(t, method, path, body, fields...)
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if resp.Protocol != x.protocol {
		t.Errorf("%s %s was answered in %v", method, path, resp.Protocol)
	}
	return resp
}

func (x *there) request(t testing.TB, method, path string, body io.Reader, fields ...string) *paf.Request {
	t.Helper()
	r, err := paf.NewRequest(method, x.url(path), body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return r
}
