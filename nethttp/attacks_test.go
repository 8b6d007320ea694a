package nethttp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/nethttp"
)

// No error tells the password of a proxy.
func TestNoErrorTellsAProxysPassword(t *testing.T) {
	for _, u := range []*url.URL{
		{Scheme: "http", User: url.UserPassword("u", "hunter2"), Host: "no host"},
		{Scheme: "http", User: url.UserPassword("u", "hunter2"), Host: "[::1"},
		{Scheme: "http", User: url.UserPassword("u", "hunter2"), Host: "127.0.0.1:1"},
		{Scheme: "https", User: url.UserPassword("u", "hunter2"), Host: "127.0.0.1:1"},
		{Scheme: "socks5", User: url.UserPassword("u", "hunter2"), Host: "127.0.0.1:1"},
	} {
		for _, to := range []string{"http://x.test", "https://x.test"} {
			_, err := transport(t, &nethttp.Transport{Proxy: http.ProxyURL(u)}).Get(to)
			if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "dTpodW50ZXIy") {
				t.Errorf("%s: %v", u.Redacted(), err)
			}
		}
	}
}

// content tells when it is closed.
type content struct {
	io.Reader
	closed chan struct{}
}

func (c *content) Close() error {
	close(c.closed)
	return nil
}

// The content of a CONNECT is closed though its tunnel is lost before it begins.
func TestTheContentOfALostTunnelIsClosed(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, _ := http.NewResponseController(w).Hijack()
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}))
	defer s.Close()
	tr := &nethttp.Transport{}
	defer tr.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: cancel})
	body := &content{strings.NewReader(""), make(chan struct{})}
	r, _ := http.NewRequestWithContext(ctx, "CONNECT", s.URL, body)
	r.URL.Path, r.URL.Opaque = "", strings.TrimPrefix(s.URL, "http://")
	resp, err := tr.RoundTrip(r)
	if err == nil {
		if _, err = io.ReadAll(resp.Body); err == nil {
			t.Error("the tunnel has begun")
		}
		_ = resp.Body.Close()
	}
	select {
	case <-body.closed:
	case <-time.After(5 * time.Second):
		t.Errorf("not closed after %v", err)
	}
}

// The Body of a CONNECT is closed, too, when the proxy declines.
func TestTheContentOfADeclinedTunnelIsClosed(t *testing.T) {
	s := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	tr := &nethttp.Transport{}
	defer tr.Close()
	body := &content{strings.NewReader("x"), make(chan struct{})}
	r, _ := http.NewRequest("CONNECT", s.URL, body)
	r.URL = &url.URL{Scheme: "http", Host: strings.TrimPrefix(s.URL, "http://"), Opaque: "a.test:443"}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	select {
	case <-body.closed:
	case <-time.After(5 * time.Second):
		t.Errorf("%s, and the body is open", resp.Status)
	}
}

// What a program puts into a trailer section while the content is sent cannot be read as another line, or another message.
func TestTrailersThatAreSetLateInjectNothing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	got := make(chan string, 4)
	go func() {
		for c, err := ln.Accept(); err == nil; c, err = ln.Accept() {
			in, _ := io.ReadAll(bufio.NewReader(c))
			got <- string(in)
			_ = c.Close()
		}
	}()
	for name, value := range map[string]string{"X-Late": "a\r\n\r\nGET /evil HTTP/1.1\r\n", "X-Late: b\r\nX": "c", "Content-Length": "3"} {
		r, _ := http.NewRequest("POST", "http://"+ln.Addr().String(), nil)
		r.Trailer = http.Header{"X-First": nil}
		r.ContentLength = -1
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("x"), late(func() { r.Trailer[name] = []string{value} })))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		_, _ = transport(t, &nethttp.Transport{}).Do(r.WithContext(ctx))
		cancel()
		if in := <-got; strings.Contains(in, "evil") || strings.Contains(in, "X: c") || strings.Contains(in, "Content-Length: 3") {
			t.Errorf("sent %q", in)
		}
	}
}

// late runs when it is read.
type late func()

func (f late) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}
