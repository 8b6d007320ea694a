package paf_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
)

// routeTo returns a route to a server that answers each request with a text, and notes the requests.
func routeTo(t *testing.T, answer string) (r *paf.Route, asked chan string) {
	t.Helper()
	ln := testkit.Listen(t)
	t.Cleanup(func() { _ = ln.Close() })
	asked = make(chan string, 16)
	go func() {
		for c, err := ln.Accept(); err == nil; c, err = ln.Accept() {
			go answerAll(c, answer, asked)
		}
	}()
	return &paf.Route{Key: t.Name(), Open: func(ctx context.Context) (flow.Flow, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
	}}, asked
}

func answerAll(c net.Conn, answer string, asked chan<- string) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if r.Header.Get("Expect") != "" { // the answer comes first
			_, _ = io.WriteString(c, answer)
		}
		content, _ := io.ReadAll(r.Body)
		asked <- fmt.Sprintf("%s %s %s %s%s", r.Method, r.RequestURI, r.Host, r.Header.Get("X-By"), content)
		if r.Header.Get("Expect") == "" {
			_, _ = io.WriteString(c, answer)
		}
	}
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

func TestRequestsOfOneRouteShareItsConnections(t *testing.T) {
	route, asked := routeTo(t, fine)
	var c paf.Client
	defer c.Close()
	for _, url := range []string{"http://a.test/1", "http://b.test/2", "https://c.test/3"} {
		r := newRequest(t, "GET", url, nil)
		r.Options = &paf.SendOptions{Route: route, Connected: func(on paf.Connection, r *paf.Request) { r.Header.Set("X-By", fmt.Sprint(on.Protocol(), on.Used())) }}
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"GET /1 a.test HTTP/1.1 false", "GET /2 b.test HTTP/1.1 true", "GET /3 c.test HTTP/1.1 true"} {
		if got := <-asked; got != want {
			t.Errorf("asked %q, want %q", got, want)
		}
	}
	if n := c.Stats().Opened; n != 1 {
		t.Errorf("%d connections", n)
	}
	once := newRequest(t, "GET", "http://a.test/", nil)
	once.Options = &paf.SendOptions{Route: &paf.Route{Key: "once", Open: route.Open, Once: true}}
	if _, err := c.Do(t.Context(), once); err != nil {
		t.Fatal(err)
	}
	if n := c.Stats().Conns; n != 1 {
		t.Errorf("%d connections, of which one was for one exchange", n)
	}
}

func TestATraceTellsOfASending(t *testing.T) {
	route, _ := routeTo(t, "HTTP/1.1 103 Early Hints\r\n\r\n"+fine)
	var c paf.Client
	defer c.Close()
	for _, body := range []io.Reader{nil, strings.NewReader("content")} {
		var told []string
		note := func(what string) func() { return func() { told = append(told, what) } }
		r := newRequest(t, "POST", "http://a.test/", body)
		r.Options = &paf.SendOptions{Route: route}
		r.Options.Trace = &paf.Trace{WroteHead: note("head"), Wrote: func(err error) { told = append(told, fmt.Sprint("wrote ", err)) },
			FirstByte: note("byte"), Rested: func(err error) { told = append(told, fmt.Sprint("rested ", err)) }}
		r.Options.Interim = func(int, *paf.Fields) error { told = append(told, "interim"); return nil }
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(told, ", "); got != "head, wrote <nil>, byte, interim, rested <nil>" {
			t.Errorf("told %s", got)
		}
	}
}

func TestInterimMayRefuseTheResponse(t *testing.T) {
	enough := errors.New("enough")
	route, _ := routeTo(t, "HTTP/1.1 103 Early Hints\r\n\r\n"+fine)
	var c paf.Client
	defer c.Close()
	r := newRequest(t, "GET", "http://a.test/", nil)
	r.Options = &paf.SendOptions{Route: route, Interim: func(int, *paf.Fields) error { return enough }}
	_, err := c.Do(t.Context(), r)
	var s *paf.SendError
	if !errors.Is(err, enough) || !errors.As(err, &s) || !s.Sent {
		t.Error(err)
	}
	if n := c.Stats().Conns; n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// Content that waits for 100 (Continue) is sent for the connection's sake when the final response comes instead, if there is little of it.
func TestSmallContentIsSentAfterAFinalResponse(t *testing.T) {
	route, asked := routeTo(t, fine)
	c := paf.Client{ExpectTimeout: -1}
	defer c.Close()
	for range 2 {
		r := newRequest(t, "PUT", "http://a.test/", strings.NewReader("content"))
		r.Header.Set("Expect", "100-continue")
		r.Options = &paf.SendOptions{Route: route}
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := <-asked; got != "PUT / a.test content" {
			t.Errorf("asked %q", got)
		}
	}
	if n := c.Stats().Opened; n != 1 {
		t.Errorf("%d connections", n)
	}
}

// A deadline that whoever opened the flow has set is one: it is not taken for the sweeper's, and lifted.
func TestADeadlineOfTheOpenersEndsTheExchange(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	_ = near.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	var c paf.Client
	defer c.Close()
	r := newRequest(t, "GET", "http://a.test/", nil)
	r.Options = &paf.SendOptions{Route: &paf.Route{Key: 1, Open: func(context.Context) (flow.Flow, error) { return near, nil }}}
	if _, err := c.Do(t.Context(), r); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

func TestMaxIdleAllBoundsWhatLiesIdle(t *testing.T) {
	route, _ := routeTo(t, fine)
	c := paf.Client{MaxIdleAll: 2, Limits: engine.Limits{IdleTimeout: -1}}
	defer c.Close()
	for i := range 5 {
		r := newRequest(t, "GET", "http://a.test/", nil)
		r.Options = &paf.SendOptions{Route: &paf.Route{Key: i, Open: route.Open}}
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Stats().Conns; n != 2 {
		t.Errorf("%d connections are idle", n)
	}
}

// A file goes by itself where the flow can take it so.
func TestContentOfAWriterToGoesToTheFlowItself(t *testing.T) {
	route, asked := routeTo(t, fine)
	path := t.TempDir() + "/content"
	if err := os.WriteFile(path, []byte("of a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int64{9, 20} {
		var c paf.Client
		_, _ = f.Seek(0, io.SeekStart)
		r := newRequest(t, "PUT", "http://a.test/", struct {
			io.Reader
			io.WriterTo
		}{f, copied{f}})
		r.Length, r.Options = length, &paf.SendOptions{Route: route}
		_, err := c.Do(t.Context(), r)
		if length == 9 {
			if got := <-asked; err != nil || got != "PUT / a.test of a file" {
				t.Errorf("asked %q, %v", got, err)
			}
		} else if !errors.Is(err, paf.ErrLength) {
			t.Errorf("content that is shorter than it says: %v", err)
		}
		c.Close()
	}
}

type copied struct{ r io.Reader }

func (c copied) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{c.r}) }
