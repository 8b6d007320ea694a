package nethttp_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf/nethttp"
)

// This file runs handlers on net/http's server and on ours, side by side: what a client gets must be the same, byte for byte on HTTP/1, and
// so must what the handler has seen. The cases are in sidebyside_cases_test.go.

// A serverCase is one or more requests to one handler.
type serverCase struct {
	name    string
	method  string // GET
	target  string // "/"
	proto   string // HTTP/1.1
	fields  []string
	body    string
	chunked bool
	trailer []string
	raw     string // on HTTP/1, in place of all that
	only    int    // a version of HTTP, 0 for both
	handler func(w http.ResponseWriter, r *http.Request, note func(args ...any))
}

// TestServersSideBySide: requests and handlers give the same on net/http's server and on ours.
func TestServersSideBySide(t *testing.T) {
	cases := serverCases()
	if len(cases) < 110 {
		t.Errorf("only %d cases", len(cases))
	}
	names := map[string]bool{}
	for _, c := range cases {
		if names[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		names[c.name] = true
		if c.only != 2 {
			t.Run("HTTP1/"+c.name, func(t *testing.T) {
				t.Parallel()
				compare(t, c.once1(t, serveStd), c.once1(t, servePaf))
			})
		}
		if c.only != 1 && c.raw == "" && c.proto == "" {
			t.Run("HTTP2/"+c.name, func(t *testing.T) {
				t.Parallel()
				compare(t, c.once2(t, serveStd), c.once2(t, servePaf))
			})
		}
	}
}

// compare compares what came of a case.
func compare(t *testing.T, std, paf string) {
	t.Helper()
	if std == paf {
		return
	}
	a, b := strings.Split(std, "\n"), strings.Split(paf, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "(end)", "(end)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			t.Errorf("line %d:\nnet/http: %q\nours:     %q", i+1, x, y)
			break
		}
	}
	t.Logf("net/http:\n%s", std)
	t.Logf("ours:\n%s", paf)
}

// A place collects what a handler notes and what is logged.
type place struct {
	http2  bool
	mu     sync.Mutex
	lines  []string
	untold atomic.Bool // the handler has panicked, which is to be logged
}

// panics is deferred by handlers.
func (p *place) panics() {
	if v := recover(); v != nil {
		p.untold.Store(v != http.ErrAbortHandler)
		panic(v)
	}
}

// settle waits until a panic has been logged: net/http tells the client before.
func (p *place) settle(t *testing.T) {
	for deadline := time.Now().Add(10 * time.Second); p.untold.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("a panic was not logged")
			return
		}
	}
}

func (p *place) note(args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, fmt.Sprintln(args...))
}

// Write takes a line of the log, without addresses, places in files and stacks.
func (p *place) Write(line []byte) (int, error) {
	first, _, _ := strings.Cut(string(line), "\n")
	if strings.Contains(first, "component=paf-server") || strings.Contains(first, "http: superfluous") && p.http2 {
		return len(line), nil // of which net/http says nothing
	}
	if strings.Contains(first, "panic serving") {
		defer p.untold.Store(false)
	}
	p.note("log:", placeInFile.ReplaceAllString(first, "(...)"))
	return len(line), nil
}

var placeInFile = regexp.MustCompile(`\(\S+\.go:\d+\)`)

func (p *place) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "")
}

// A serve is one of the two servers on a listener; what it returns stops it.
type serve func(t *testing.T, s *http.Server, ln net.Listener) (stop func())

func serveStd(t *testing.T, s *http.Server, ln net.Listener) func() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	return func() {
		_ = s.Close()
		<-done
	}
}

func servePaf(t *testing.T, s *http.Server, ln net.Listener) func() {
	p := nethttp.Server(s)
	done := make(chan error, 1)
	go func() { done <- p.Serve(context.Background(), ln) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Errorf("our server did not stop: %v", err)
		}
		<-done
	}
}

// A pipeListener accepts ends of pipes: they keep what was written when the other end is closed.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	end   chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), end: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.end:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.end) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (l *pipeListener) dial() net.Conn {
	here, there := net.Pipe()
	l.conns <- there
	return here
}

// server makes the server of a case. The handler at /probe shows that the connection goes on.
func (c *serverCase) server(p *place) *http.Server {
	s := &http.Server{ErrorLog: log.New(p, "", 0), Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/probe" {
			w.Header().Set("Probe", r.Method)
			return
		}
		defer p.panics()
		c.handler(w, r, p.note)
	})
	return s
}

// probe ends each connection of HTTP/1, if it has not ended before.
const probe = "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

var date = regexp.MustCompile(`(?m)^Date: .* GMT`)

// once1 sends the case over HTTP/1, and returns all bytes that have come, and what the handler has noted.
func (c *serverCase) once1(t *testing.T, on serve) string {
	var p place
	ln := newPipeListener()
	stop := on(t, c.server(&p), ln)
	conn := ln.dial()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, c.request1()+probe)
	}()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(conn)
	if err != nil {
		p.note("client:", err)
	}
	conn.Close()
	<-sent
	stop()
	p.settle(t)
	text := date.ReplaceAllString(string(got), "Date: (now)")
	text = strings.TrimPrefix(text, "HTTP/1.1 100 Continue\r\n\r\n") // ours leaves it out when the content is there already
	return text + "\n" + p.String()
}

// request1 writes the request.
func (c *serverCase) request1() string {
	if c.raw != "" {
		return c.raw
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\nHost: example.com\r\n", or(c.method, "GET"), or(c.target, "/"), or(c.proto, "HTTP/1.1"))
	for _, f := range c.fields {
		b.WriteString(f + "\r\n")
	}
	switch {
	case c.chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		if c.body != "" {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(c.body), c.body)
		}
		b.WriteString("0\r\n")
		for _, f := range c.trailer {
			b.WriteString(f + "\r\n")
		}
		b.WriteString("\r\n")
	case c.body != "":
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(c.body), c.body)
	default:
		b.WriteString("\r\n")
	}
	return b.String()
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// once2 sends the case over HTTP/2, with net/http's client.
func (c *serverCase) once2(t *testing.T, on serve) string {
	p := place{http2: true}
	ln := newPipeListener()
	stop := on(t, c.server(&p), ln)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.dial(), nil },
		Protocols: new(http.Protocols), DisableCompression: true}
	transport.Protocols.SetUnencryptedHTTP2(true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		p.note("interim:", code, sorted(http.Header(h)))
		return nil
	}})
	resp, err := transport.RoundTrip(c.request2(t, ctx))
	var b strings.Builder
	if err != nil {
		b.WriteString("client: no response\n")
	} else {
		content, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		delete(resp.Header, "Date")
		if resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified {
			delete(resp.Header, "Content-Length") // ours sends none
			resp.ContentLength = 0
		}
		fmt.Fprintf(&b, "%s %d %d\n%s\n%q\n%v\n%s\n", resp.Proto, resp.StatusCode, resp.ContentLength, sorted(resp.Header), content, err != nil, sorted(resp.Trailer))
	}
	transport.CloseIdleConnections()
	stop()
	p.settle(t)
	return b.String() + p.String()
}

// request2 makes the request.
func (c *serverCase) request2(t *testing.T, ctx context.Context) *http.Request {
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
		if c.chunked {
			body = struct{ io.Reader }{body}
		}
	}
	r, err := http.NewRequestWithContext(ctx, or(c.method, "GET"), "http://example.com"+or(c.target, "/"), body)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.fields {
		name, value, _ := strings.Cut(f, ": ")
		if name == "Trailer" {
			continue
		}
		r.Header.Add(name, value)
	}
	for _, f := range c.trailer {
		name, value, _ := strings.Cut(f, ": ")
		if r.Trailer == nil {
			r.Trailer = http.Header{}
		}
		r.Trailer.Add(name, value)
	}
	return r
}

// sorted writes fields in the order of their names.
func sorted(h http.Header) string {
	var lines []string
	for name, values := range h {
		lines = append(lines, fmt.Sprintf("%s=%q", name, values))
	}
	sort.Strings(lines)
	return strings.Join(slices.Compact(lines), " ")
}
