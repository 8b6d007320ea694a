package nethttp_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/nethttp"
)

// This file runs one list of requests against one list of servers by http.Transport and by nethttp.Transport, and compares what the caller sees and
// what the server saw.

// A besideCase is some requests, one after the other, by one transport.
type besideCase struct {
	name string
	// The server: a handler of net/http's, or what a socket answers.
	handler http.HandlerFunc
	raw     []string // one for each request of a connection; "" closes it, a trailing "\x00" does so after it
	// What is asked of it; the default is a GET.
	ask []func(*http.Request)
	set func(*http.Transport)
	// The way to ask, instead of RoundTrip and reading the content to its end.
	do func(rt http.RoundTripper, r *http.Request, say func(string, ...any))
	// differs says why the two differ, if they do; what is alike is an error then. "h2: " before it: only there.
	differs string
	// chance: whether the server gets to see a request is a matter of that.
	chance bool
	// only names the one version that the case is of.
	only string
}

// A requester is both transports.
type requester interface {
	http.RoundTripper
	CloseIdleConnections()
}

// oursAs makes a nethttp.Transport of the settings of another one.
func oursAs(t *http.Transport) *nethttp.Transport {
	return &nethttp.Transport{
		Proxy: t.Proxy, OnProxyConnectResponse: t.OnProxyConnectResponse, ProxyConnectHeader: t.ProxyConnectHeader, GetProxyConnectHeader: t.GetProxyConnectHeader,
		DialContext: t.DialContext, DialTLSContext: t.DialTLSContext, TLSClientConfig: t.TLSClientConfig, TLSHandshakeTimeout: t.TLSHandshakeTimeout,
		Protocols: t.Protocols, TLSNextProto: t.TLSNextProto, DisableKeepAlives: t.DisableKeepAlives, DisableCompression: t.DisableCompression,
		MaxIdleConns: t.MaxIdleConns, MaxIdleConnsPerHost: t.MaxIdleConnsPerHost, MaxConnsPerHost: t.MaxConnsPerHost,
		IdleConnTimeout: t.IdleConnTimeout, ResponseHeaderTimeout: t.ResponseHeaderTimeout,
		ExpectContinueTimeout: t.ExpectContinueTimeout, MaxResponseHeaderBytes: t.MaxResponseHeaderBytes,
	}
}

func TestTransportBesideNetHTTP(t *testing.T) {
	cases := slices.Concat(besideHandlers(), besideRaw())
	ran, differ := 0, 0
	for _, c := range cases {
		for _, version := range []string{"h1", "h2"} {
			if c.only != "" && c.only != version || c.raw != nil && version == "h2" {
				continue
			}
			ran++
			known := c.differs != "" && (version == "h2" || !strings.HasPrefix(c.differs, "h2: "))
			if known {
				differ++
			}
			t.Run(c.name+"/"+version, func(t *testing.T) {
				t.Parallel()
				theirs := c.run(t, version, func(t *http.Transport) requester { return t })
				ours := c.run(t, version, func(t *http.Transport) requester { return oursAs(t) })
				switch {
				case theirs != ours && !known:
					t.Errorf("- net/http, + paf:\n%s", apart(theirs, ours))
				case theirs == ours && known:
					t.Errorf("both are alike, though it is said that they differ: %s\n%s", c.differs, ours)
				}
			})
		}
	}
	t.Logf("%d cases, of which %d differ, as is known", ran, differ)
	if len(cases) < 60 {
		t.Errorf("only %d cases", len(cases))
	}
}

// run runs a case and returns what has been seen.
func (c *besideCase) run(t *testing.T, version string, make func(*http.Transport) requester) string {
	var seen journal
	server, url := c.serve(t, version, &seen)
	settings := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	settings.Protocols.SetHTTP1(version == "h1")
	settings.Protocols.SetHTTP2(version == "h2")
	if c.set != nil {
		c.set(settings)
	}
	rt := make(settings)
	asks := c.ask
	if asks == nil {
		asks = []func(*http.Request){func(*http.Request) {}}
	}
	var addr string
	for i, ask := range asks {
		r, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
			now := info.Conn.LocalAddr().String()
			seen.say("%d: reused %v", i, addr == now)
			addr = now
		}})
		r = r.WithContext(ctx)
		ask(r)
		say := func(format string, args ...any) { seen.say(fmt.Sprintf("%d: ", i)+format, args...) }
		if c.do != nil {
			c.do(rt, r, say)
		} else {
			roundTrip(rt, r, say)
		}
	}
	rt.CloseIdleConnections()
	if closer, is := rt.(interface{ Close() }); is {
		closer.Close()
	}
	server()
	seen.told = !c.chance
	return seen.String(url)
}

// roundTrip sends a request and tells all there is to be seen.
func roundTrip(rt http.RoundTripper, r *http.Request, say func(string, ...any)) {
	resp, err := rt.RoundTrip(r)
	if err != nil {
		say("error: %s", kind(err))
		return
	}
	tell(resp, say)
}

func tell(resp *http.Response, say func(string, ...any)) {
	say("%s, %q, length %d, coding %q, close %v, uncompressed %v, TLS %v", resp.Proto, resp.Status, resp.ContentLength, resp.TransferEncoding, resp.Close, resp.Uncompressed, resp.TLS != nil)
	resp.Header.Del("Date")
	sayFields(say, "field", resp.Header)
	sayFields(say, "trailer announced", resp.Trailer)
	content, err := io.ReadAll(resp.Body)
	say("content %s, %s", short(content), kind(err))
	sayFields(say, "trailer", resp.Trailer)
	_, err = resp.Body.Read([]byte{0})
	say("after the end: %s; close: %v", kind(err), resp.Body.Close())
}

// apart returns the lines that only one of two texts has.
func apart(a, b string) string {
	var out strings.Builder
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, l := range as {
		if !slices.Contains(bs, l) {
			out.WriteString("- " + l + "\n")
		}
	}
	for _, l := range bs {
		if !slices.Contains(as, l) {
			out.WriteString("+ " + l + "\n")
		}
	}
	if out.Len() == 0 {
		return "in another order:\n" + a + "\n\n" + b
	}
	return out.String()
}

func sayFields(say func(string, ...any), what string, h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		say("%s %s: %q", what, name, h[name])
	}
}

func short(p []byte) string {
	if len(p) > 100 {
		return fmt.Sprintf("%d bytes, sum %d", len(p), sum(p))
	}
	return fmt.Sprintf("%q", p)
}

func sum(p []byte) (n int) {
	for i, b := range p {
		n += (i%251 + 1) * int(b)
	}
	return n
}

var errCause = errors.New("a cause of the test's")

// kind returns what programs test an error for.
func kind(err error) string {
	var timeout net.Error
	switch {
	case err == nil:
		return "none"
	case err == io.EOF:
		return "EOF"
	case errors.Is(err, errCause):
		return "cause"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, http.ErrNotSupported), errors.Is(err, http.ErrSchemeMismatch):
		return err.Error()
	}
	return "another one"
}

// serve starts the server of a case; the function that it returns stops it.
func (c *besideCase) serve(t *testing.T, version string, seen *journal) (stop func(), url string) {
	if c.raw != nil {
		return c.serveRaw(t, seen)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.say("server: %s %s %s host %s, length %d, coding %q, close %v", r.Method, r.RequestURI, r.Proto, r.Host, r.ContentLength, r.TransferEncoding, r.Close)
		sayFields(func(format string, args ...any) { seen.say("server: "+format, args...) }, "field", r.Header)
		sayFields(func(format string, args ...any) { seen.say("server: "+format, args...) }, "trailer announced", r.Trailer)
		c.handler(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if version == "h2" {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	return s.Close, s.URL + "/path"
}

// serveRaw answers each request of a connection with what the case says, and notes the bytes of the requests.
func (c *besideCase) serveRaw(t *testing.T, seen *journal) (stop func(), url string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { c.answer(conn, n, seen) })
		}
	})
	return func() { _ = ln.Close(); all.Wait() }, "http://" + ln.Addr().String() + "/path"
}

func (c *besideCase) answer(conn net.Conn, n int, seen *journal) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var taken bytes.Buffer
	in := bufio.NewReaderSize(io.TeeReader(conn, &taken), 64<<10)
	for i := 0; ; i++ {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		seen.say("server, connection %d: %q", n, taken.String())
		taken.Reset()
		response := c.raw[min(i, len(c.raw)-1)]
		if r.Method == "HEAD" { // content behind it would be noticed, by either, sooner or later
			head, _, _ := strings.Cut(response, "\r\n\r\n")
			response = head + "\r\n\r\n"
		}
		text, last := strings.CutSuffix(response, "\x00")
		if _, err := io.WriteString(conn, text); err != nil || last || text == "" {
			return
		}
	}
}

// A journal is what has been seen, in order.
type journal struct {
	told  bool // what the server has seen is told; a handler may still be about to say it
	mu    sync.Mutex
	lines []string
}

func (j *journal) say(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// String returns what was seen, the server's part first, without what is a matter of chance.
func (j *journal) String(url string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.told {
		j.lines = slices.DeleteFunc(j.lines, func(l string) bool { return strings.HasPrefix(l, "server") })
	}
	slices.SortStableFunc(j.lines, func(a, b string) int {
		return strings.Compare(b[:min(len(b), 6)], "server") - strings.Compare(a[:min(len(a), 6)], "server")
	})
	host := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(url, "/path"), "http://"), "https://")
	return strings.ReplaceAll(strings.Join(j.lines, "\n"), host, "HOST")
}
