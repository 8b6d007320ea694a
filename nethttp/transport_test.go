package nethttp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/nethttp"
)

var insecure = &tls.Config{InsecureSkipVerify: true}

// secureServer is net/http's, over TLS and of HTTP/2.
func secureServer(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func transport(t *testing.T, tr *nethttp.Transport) *http.Client {
	t.Cleanup(tr.Close)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// body returns the content of what an URL leads to, and the version it came with.
func fetched(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Proto + " " + string(content)
}

// Connections that are no *tls.Conn, each of which says in a way of its own what it has negotiated.
type (
	stated    struct{ net.Conn }
	pointed   struct{ net.Conn }
	answering struct{ net.Conn }
	named     struct{ net.Conn }
	silent    struct{ net.Conn }
	foreign   struct {
		Version            uint16
		NegotiatedProtocol string
	}
	opaque struct{ protocol string }
)

func (stated) ConnectionState() foreign   { return foreign{0x304, "h2"} }
func (pointed) ConnectionState() *foreign { return &foreign{0x304, "h2"} }
func (answering) ConnectionState() opaque { return opaque{"h2"} }
func (o opaque) NegotiatedProtocol() string {
	return o.protocol
}
func (named) NegotiatedProtocol() string { return "h2" }

func TestTransportSpeaksHTTP2OnAnyConnectionThatSaysSo(t *testing.T) {
	s := secureServer(t, hello)
	for name, c := range map[string]struct {
		wrap   func(net.Conn) net.Conn
		offers []string
		want   string
	}{
		"crypto/tls":                   {func(c net.Conn) net.Conn { return c }, []string{"h2"}, "HTTP/2.0 hello"},
		"a state of another type":      {func(c net.Conn) net.Conn { return stated{c} }, []string{"h2"}, "HTTP/2.0 hello"},
		"a pointer to one":             {func(c net.Conn) net.Conn { return pointed{c} }, []string{"h2"}, "HTTP/2.0 hello"},
		"a state that is asked":        {func(c net.Conn) net.Conn { return answering{c} }, []string{"h2"}, "HTTP/2.0 hello"},
		"a name":                       {func(c net.Conn) net.Conn { return named{c} }, []string{"h2"}, "HTTP/2.0 hello"},
		"nothing":                      {func(c net.Conn) net.Conn { return silent{c} }, []string{"http/1.1"}, "HTTP/1.1 hello"},
		"crypto/tls without agreement": {func(c net.Conn) net.Conn { return c }, nil, "HTTP/1.1 hello"},
	} {
		t.Run(name, func(t *testing.T) {
			client := transport(t, &nethttp.Transport{DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: c.offers}}
				conn, err := d.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return c.wrap(conn), nil
			}})
			if got := fetched(t, client, s.URL); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestTransportAsksForHTTP2WhateverIsSet(t *testing.T) {
	s := secureServer(t, hello)
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	if got := fetched(t, transport(t, &nethttp.Transport{TLSClientConfig: insecure, DialContext: dial}), s.URL); got != "HTTP/2.0 hello" {
		t.Error(got)
	}
	none := map[string]func(string, *tls.Conn) http.RoundTripper{}
	if got := fetched(t, transport(t, &nethttp.Transport{TLSClientConfig: insecure, TLSNextProto: none}), s.URL); got != "HTTP/1.1 hello" {
		t.Error("TLSNextProto without h2: ", got)
	}
}

func TestTransportTakesAContextInsteadOfDialers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }), Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = s.Serve(ln) }()
	defer s.Close()
	client := transport(t, &nethttp.Transport{Context: mimic.Add(mimic.Context{}, paf.Unix, path)})
	if got := fetched(t, client, "http://any.test/"); got != "HTTP/1.1 any.test" {
		t.Error(got)
	}
	clear2 := new(http.Protocols)
	clear2.SetUnencryptedHTTP2(true)
	over2 := transport(t, &nethttp.Transport{Context: mimic.Add(mimic.Context{}, paf.Unix, path), Protocols: clear2})
	if got := fetched(t, over2, "http://any.test/"); got != "HTTP/2.0 any.test" {
		t.Error(got)
	}
	r, _ := http.NewRequest("GET", "http://any.test/", nil)
	r.Host = "other.test"
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if content, _ := io.ReadAll(resp.Body); string(content) != "other.test" {
		t.Errorf("Host %q", content)
	}
}

// The settings are all copied, those too that are yet to come.
func TestTransportCloneHasAllSettings(t *testing.T) {
	full := &nethttp.Transport{}
	v := reflect.ValueOf(full).Elem()
	set := func(f reflect.Value) {
		switch f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(7)
		case reflect.Func:
			f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) []reflect.Value { return nil }))
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		}
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			set(v.Field(i))
		}
	}
	full.Context, full.Limits.Streams = mimic.Add(mimic.Context{}, paf.Unix, "x"), 3
	full.RegisterProtocol("x", http.DefaultTransport)
	clone := full.Clone()
	c := reflect.ValueOf(clone).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && c.Field(i).IsZero() {
			t.Errorf("the clone has no %s", f.Name)
		}
	}
	if clone.Limits.Streams != 3 || clone.Context != full.Context || clone.TLSClientConfig == full.TLSClientConfig || clone.Protocols == full.Protocols {
		t.Error("the clone shares what it must not, or lacks something")
	}
}

func TestTransportRegisterProtocol(t *testing.T) {
	tr := &nethttp.Transport{}
	tr.RegisterProtocol("file", http.NewFileTransport(http.Dir(".")))
	client := transport(t, tr)
	if got := fetched(t, client, "file:///transport_test.go"); !strings.Contains(got, "package nethttp_test") {
		t.Error("not the file: ", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a scheme was registered twice")
		}
	}()
	tr.RegisterProtocol("file", http.DefaultTransport)
}

// Each side waits for what the other one has just said.
func TestTransportStreamsBothWays(t *testing.T) {
	talk := func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = c.EnableFullDuplex()
		in := bufio.NewReader(r.Body)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, "you said "+line)
			_ = c.Flush()
		}
	}
	secure := secureServer(t, talk)
	clear := httptest.NewServer(http.HandlerFunc(talk))
	defer clear.Close()
	client := transport(t, &nethttp.Transport{TLSClientConfig: insecure})
	for _, url := range []string{secure.URL, clear.URL} {
		in, out := io.Pipe()
		first := make(chan struct{})
		go func() { fmt.Fprintln(out, "line 0"); close(first) }()
		resp, err := client.Post(url, "text/plain", in)
		if err != nil {
			t.Fatal(err)
		}
		<-first
		answers := bufio.NewReader(resp.Body)
		for i := range 10 {
			if line, err := answers.ReadString('\n'); err != nil || line != fmt.Sprintf("you said line %d\n", i) {
				t.Fatalf("%s: %q, %v", resp.Proto, line, err)
			}
			fmt.Fprintf(out, "line %d\n", i+1)
		}
		_ = out.Close()
		_ = resp.Body.Close()
	}
}

func TestTransportGivesTheFlowAfter101(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+r.Header.Get("Upgrade")+"\r\n\r\nearly ")
		_, _ = io.Copy(c, rw)
	}))
	defer s.Close()
	tr := &nethttp.Transport{}
	defer tr.Close()
	r, _ := http.NewRequest("GET", s.URL, nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	both, is := resp.Body.(io.ReadWriteCloser)
	if !is || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "echo" {
		t.Fatalf("%s, %v, a body of %T", resp.Status, resp.Header, resp.Body)
	}
	defer both.Close()
	_, _ = io.WriteString(both, "and late")
	got := make([]byte, len("early and late"))
	if _, err := io.ReadFull(both, got); err != nil || string(got) != "early and late" {
		t.Errorf("%q, %v", got, err)
	}
}

// A StreamError is made as golang.org/x/net/http2's.
type (
	StreamError struct {
		StreamID uint32
		Code     errCode
		Cause    error
	}
	errCode uint32
)

func (e StreamError) Error() string { return "a stream's error" }

func TestTransportTellsTheCodeOfAStreamsEnd(t *testing.T) {
	s := secureServer(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := transport(t, &nethttp.Transport{TLSClientConfig: insecure}).Get(s.URL)
	var stream StreamError
	if !errors.As(err, &stream) || stream.StreamID != 1 || stream.Code != 2 {
		t.Errorf("%v: %+v", err, stream)
	}
	if !strings.Contains(err.Error(), "stream error: stream ID 1; INTERNAL_ERROR") {
		t.Error(err)
	}
}

func TestTransportKeepsAsManyConnectionsAsItMay(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer s.Close()
	tr := &nethttp.Transport{MaxIdleConns: 3, MaxIdleConnsPerHost: 5, MaxConnsPerHost: 4}
	client := transport(t, tr)
	done := make(chan error)
	for range 8 {
		go func() {
			resp, err := client.Get(s.URL)
			if err == nil {
				_ = resp.Body.Close()
			}
			done <- err
		}()
	}
	for tr.Stats().Conns < 4 {
		time.Sleep(time.Millisecond)
	}
	if n := tr.Stats().Conns; n != 4 {
		t.Errorf("%d connections, of 4 allowed", n)
	}
	close(release)
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for start := time.Now(); tr.Stats().Conns != 3; time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%d connections lie idle, of 3 allowed", tr.Stats().Conns)
		}
	}
	tr.CloseIdleConnections()
	if n := tr.Stats().Conns; n != 0 {
		t.Errorf("%d connections after CloseIdleConnections", n)
	}
}
