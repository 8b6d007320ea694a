package paf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// A queue is a reader whose Len is not what it will yet give.
type queue struct{ io.Reader }

func (queue) Len() int { return 0 }

// What is sent of a Body, and with which length, is what Length says; 0 with a Body is for the client to find out.
func TestLengthOfABody(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		content, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d %s", content, r.Length, r.Header.Get("Transfer-Encoding"))
	}))
	for _, c := range []struct {
		body   io.Reader
		length int64
		want   string
	}{
		{strings.NewReader("abc"), 0, "abc 3 "},
		{bytes.NewReader([]byte("abc")), 0, "abc 3 "},
		{bytes.NewBufferString("abc"), 0, "abc 3 "},
		{strings.NewReader(""), 0, " 0 "},
		{strings.NewReader("abc"), -1, "abc -1 chunked"},
		{strings.NewReader("abc"), 3, "abc 3 "},
		{queue{strings.NewReader("abc")}, 0, "abc -1 chunked"},
		{queue{strings.NewReader("abc")}, 3, "abc 3 "},
	} {
		r := newRequest(t, "POST", "http://"+addr, c.body)
		r.Length = c.length
		client := &paf.Client{}
		resp, err := client.Do(t.Context(), r)
		if err != nil {
			t.Errorf("%T with %d: %v", c.body, c.length, err)
			continue
		}
		if got := readAll(t, resp); got != c.want {
			t.Errorf("%T with %d: %q, not %q", c.body, c.length, got, c.want)
		}
		client.Close()
	}
	client := &paf.Client{}
	defer client.Close()
	r := newRequest(t, "POST", "http://"+addr, strings.NewReader("abc"))
	r.Length = 5
	if resp, err := client.Do(t.Context(), r); err == nil {
		t.Errorf("less content than declared was sent: %q", readAll(t, resp))
	}
}

// What url.Parse leaves in a query is sent as a browser would.
func TestQueriesAreEncoded(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) { _, _ = io.WriteString(w, r.Query) }))
	client := &paf.Client{}
	defer client.Close()
	for query, want := range map[string]string{
		"a=b&c=%20":         "a=b&c=%20",
		"a b":               "a%20b",
		"é":                 "%C3%A9",
		`"<>\^{|}`:          "%22%3C%3E%5C%5E%7B%7C%7D",
		"a+b/?:@!$'()*,;=~": "a+b/?:@!$'()*,;=~",
	} {
		resp, err := client.Get(t.Context(), "http://"+addr+"/?"+query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if got := readAll(t, resp); got != want {
			t.Errorf("%q arrived as %q, not %q", query, got, want)
		}
	}
}

func TestListenWantsAnAddress(t *testing.T) {
	for _, addr := range []string{"", "unix:"} {
		if ln, err := paf.Listen(t.Context(), addr); !errors.Is(err, paf.ErrListen) {
			t.Errorf("%q: %v, %v", addr, ln, err)
		}
	}
}

// A version that a client cannot be made to speak is refused, not passed over.
func TestClientRefusesAVersionItDoesNotSpeak(t *testing.T) {
	addr := serve(t, handle(hello))
	client := &paf.Client{Protocol: paf.HTTP10}
	defer client.Close()
	var send *paf.SendError
	if _, err := client.Get(t.Context(), "http://"+addr); !errors.As(err, &send) || send.Sent || !strings.Contains(err.Error(), "Client.Protocol") {
		t.Errorf("%v", err)
	}
}

// A server that is to speak HTTP/1 alone does not speak HTTP/2, whatever a handshake has agreed upon.
func TestServerOfHTTP1AloneRefusesHTTP2(t *testing.T) {
	s := handle(echoBack)
	s.Protocol = paf.HTTP11
	url, client, _ := serveTLS(t, s, "h2", "http/1.1")
	if resp, err := client.Get(t.Context(), url); err == nil {
		t.Errorf("answered %v", resp.Protocol)
	}
}

func TestClientTellsAHandshakeThatFailed(t *testing.T) {
	peer := httptest.NewUnstartedServer(nil)
	peer.Config.ErrorLog = log.New(io.Discard, "", 0)
	peer.StartTLS()
	defer peer.Close()
	client := &paf.Client{} // which does not trust the peer's certificate
	defer client.Close()
	if _, err := client.Get(t.Context(), peer.URL); !errors.Is(err, paf.ErrHandshake) {
		t.Errorf("%v", err)
	}
}

// Whoever gives nil is told where, rather than be shown the inside of paf.
func TestNilArgumentsAreNamed(t *testing.T) {
	var c paf.Client
	defer c.Close()
	s := handle(hello)
	here, there := flow.Pipe(0)
	defer here.Close()
	var none context.Context
	for name, f := range map[string]func(){
		"Client.Do is given a nil context or a nil request":     func() { _, _ = c.Get(none, "http://a.example/") },
		"Client.Do is given a nil context or a nil request ":    func() { _, _ = c.Do(t.Context(), nil) },
		"Server.Serve is given a nil context or a nil listener": func() { _ = s.Serve(t.Context(), nil) },
		"Server.ServeFlow is given a nil context or a nil flow": func() { _ = s.ServeFlow(none, there) },
		"Server.Shutdown is given a nil context":                func() { _ = s.Shutdown(none) },
		"Listen is given a nil context":                         func() { _ = s.ListenAndServe(none, "127.0.0.1:0") },
	} {
		func() {
			defer func() {
				if v := recover(); v != "paf: "+strings.TrimSpace(name) {
					t.Errorf("got %v, want %s", v, name)
				}
			}()
			f()
		}()
	}
}

// What cannot be used of a URL is said by name.
func TestURLErrorsNameThePart(t *testing.T) {
	for url, want := range map[string]string{
		"http://localhost:99999/": `paf: URL "http://localhost:99999/": its port is none of 0 to 65535`,
		"http://[::1]:65536/":     `paf: URL "http://[::1]:65536/": its port is none of 0 to 65535`,
		"http:///path":            `paf: URL "http:///path": it has no host`,
		"http://:80/":             `paf: URL "http://:80/": it has no host`,
		"http://a_b%00:80/":       `paf: URL "http://a_b%00:80/": parse "http://a_b%00:80/": invalid URL escape "%00"`,
		"http://a<b:99999/":       `paf: URL "http://a<b:99999/": it has no valid host`,
		"ftp://a.example/":        `paf: URL "ftp://a.example/": it must begin with http:// or https:// (a Unix socket's with http+unix://)`,
		"http+unix:///run/app":    `paf: URL "http+unix:///run/app": it has no path of a socket for its host, as http+unix://%2Frun%2Fapp.sock/ (%40name for a name of Linux's)`,
		"http+unix://@app/":       `paf: URL "http+unix://@app/": it has no path of a socket for its host, as http+unix://%2Frun%2Fapp.sock/ (%40name for a name of Linux's)`,
	} {
		if _, err := paf.NewRequest("GET", url, nil); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// Who leaves out what makes an address a Unix socket's is told.
func TestListenKnowsAPathWhenItSeesOne(t *testing.T) {
	for _, addr := range []string{"/run/app.sock", "@app"} {
		_, err := paf.Listen(t.Context(), addr)
		if !errors.Is(err, paf.ErrListen) || !strings.Contains(err.Error(), strconv.Quote("unix:"+addr)) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
