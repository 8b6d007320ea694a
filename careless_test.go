package paf_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paf-go/paf"
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
