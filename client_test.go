package paf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

func newClient(t testing.TB) *paf.Client {
	c := &paf.Client{}
	t.Cleanup(c.Close)
	return c
}

func newRequest(t testing.TB, method, url string, body io.Reader) *paf.Request {
	t.Helper()
	r, err := paf.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readAll(t testing.TB, resp *paf.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("after %q: %v", body, err)
	}
	resp.Body.Close()
	return string(body)
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Seen", fmt.Sprintf("%s %s host=%s length=%d te=%v", r.Method, r.RequestURI, r.Host, r.ContentLength, r.TransferEncoding))
	_, _ = w.Write(body)
}

func TestClientSpeaksToNetHTTP(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	c := newClient(t)
	for _, test := range []struct {
		method string
		body   io.Reader
		want   string
	}{
		{"GET", nil, "GET /x?y host=" + host + " length=0 te=[]"},
		{"POST", nil, "POST /x?y host=" + host + " length=0 te=[]"},
		{"POST", strings.NewReader("known"), "POST /x?y host=" + host + " length=5 te=[]"},
		{"PUT", io.MultiReader(strings.NewReader("unknown")), "PUT /x?y host=" + host + " length=-1 te=[chunked]"},
		{"POST", bytes.NewReader(make([]byte, 1<<20)), "POST /x?y host=" + host + " length=1048576 te=[]"},
	} {
		var sent bytes.Buffer
		r := newRequest(t, test.method, s.URL+"/x?y#fragment", test.body)
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Get("x-seen"); got != test.want || resp.Status != 200 {
			t.Errorf("%s: the server saw %q, want %q", test.method, got, test.want)
		}
		if b, ok := test.body.(io.Seeker); ok {
			_, _ = b.Seek(0, io.SeekStart)
			_, _ = io.Copy(&sent, test.body)
			if got := readAll(t, resp); got != sent.String() {
				t.Errorf("%s: %d bytes came back of %d", test.method, len(got), sent.Len())
			}
		} else {
			_ = readAll(t, resp)
		}
	}
	if stats := c.Stats(); stats.Opened != 1 || stats.Exchanges != 5 {
		t.Errorf("connections were not reused: %+v", stats)
	}
}

func TestClientReadsTrailers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "content")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "42")
	}))
	defer s.Close()
	resp, err := newClient(t).Get(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Trailer != nil {
		t.Error("there is a trailer before the end")
	}
	_ = readAll(t, resp)
	if resp.Trailer == nil || resp.Trailer.Get("X-Sum") != "42" || resp.Header.Has("X-Sum") {
		t.Errorf("trailer %v, header %v", resp.Trailer, resp.Header)
	}
}

func TestClientReachesAUnixSocketByOneAdd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := paf.Listen(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- handle(hello).Serve(ctx, ln) }()
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, paf.Unix, path)}
	resp, err := c.Get(t.Context(), "http://any.example/path")
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, resp); got != "hello /path" {
		t.Errorf("got %q", got)
	}
	c.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestClientReachesAFlowOfOnesOwn(t *testing.T) {
	var s = handle(hello)
	own := mimic.Register("own", mimic.NoPriority, func(ctx context.Context, _ struct{}) (flow.Flow, error) {
		here, there := flow.Pipe(0)
		go func() { _ = s.ServeFlow(context.Background(), there) }()
		return here, nil
	})
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, own, struct{}{})}
	resp, err := c.Get(t.Context(), "http://own.example/x")
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, resp); got != "hello /x" {
		t.Errorf("got %q", got)
	}
	c.Close()
	_ = s.Shutdown(t.Context())
}

func TestClientFollowsRedirects(t *testing.T) {
	var other *httptest.Server
	var seen []string
	var mu sync.Mutex
	note := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s %q auth=%q", r.Method, r.URL.Path, body, r.Header.Get("Authorization")))
	}
	other = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { note(r) }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/303":
			w.Header().Set("Location", "b")
			w.WriteHeader(303)
		case "/307":
			w.Header().Set("Location", "/b")
			w.WriteHeader(307)
		case "/away":
			w.Header().Set("Location", other.URL+"/c")
			w.WriteHeader(308)
		case "/loop":
			w.Header().Set("Location", "/loop")
			w.WriteHeader(302)
		}
	}))
	defer s.Close()
	c := newClient(t)
	for _, test := range []struct{ path, want string }{
		{"/303", `[POST /303 "x" auth="a" GET /b "" auth="a"]`},
		{"/307", `[POST /307 "x" auth="a" POST /b "x" auth="a"]`},
		{"/away", `[POST /away "x" auth="a" POST /c "x" auth=""]`},
	} {
		seen = nil
		r := newRequest(t, "POST", s.URL+test.path, strings.NewReader("x"))
		r.Header.Set("Authorization", "a")
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		_ = readAll(t, resp)
		if got := fmt.Sprint(seen); got != test.want {
			t.Errorf("%s: the servers saw\n%s, want\n%s", test.path, got, test.want)
		}
	}
	if resp, err := c.Get(t.Context(), s.URL+"/loop"); !errors.Is(err, paf.ErrRedirects) || resp.Status != 302 {
		t.Errorf("got %v, %v", resp, err)
	}
	none := &paf.Client{MaxRedirects: -1}
	defer none.Close()
	resp, err := none.Get(t.Context(), s.URL+"/303")
	if err != nil || resp.Status != 303 {
		t.Fatalf("got %v, %v", resp, err)
	}
	_ = readAll(t, resp)
}

// closing is a server that answers n requests on each connection and then closes
// it when the next one comes, without an answer.
func closing(t *testing.T, n int) (addr string, conns *atomic.Int32) {
	ln := testkit.Listen(t)
	t.Cleanup(func() { ln.Close() })
	conns = new(atomic.Int32)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for i := 0; ; i++ {
					if _, err := c.Read(buf); err != nil || i == n {
						return
					}
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			}()
		}
	}()
	return ln.Addr().String(), conns
}

func TestClientRetriesOnlyWhatMayBeRetried(t *testing.T) {
	addr, conns := closing(t, 1)
	c := newClient(t)
	for i := range 3 {
		resp, err := c.Get(t.Context(), "http://"+addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = readAll(t, resp)
		if got := conns.Load(); got != int32(i+1) {
			t.Errorf("after %d requests there were %d connections", i+1, got)
		}
	}
	_, err := c.Do(t.Context(), newRequest(t, "POST", "http://"+addr, strings.NewReader("x")))
	var s *paf.SendError
	if !errors.As(err, &s) || !s.Sent {
		t.Errorf("a POST that was lost: %v", err)
	}
}

func TestClientTellsWhatWasNotSent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	_, err = newClient(t).Get(t.Context(), "http://"+addr)
	var s *paf.SendError
	if !errors.As(err, &s) || s.Sent || !errors.Is(err, mimic.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestClientCancellation(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(release)
	c := newClient(t)
	cause := errors.New("enough")

	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
	if _, err := c.Get(ctx, s.URL); !errors.Is(err, cause) {
		t.Errorf("waiting for the head: %v", err)
	}

	ctx, cancel = context.WithCancelCause(t.Context())
	resp, err := c.Get(ctx, s.URL+"/body")
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, cause) {
		t.Errorf("reading the content: %v", err)
	}
	resp.Body.Close()
	if stats := c.Stats(); stats.Conns != 0 {
		t.Errorf("connections are left: %+v", stats)
	}
}

func TestClientNoticesATruncatedBody(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
	}))
	defer s.Close()
	resp, err := newClient(t).Get(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil || string(body) != "half" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestClientDropsConnectionsThatTheServerClosed(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	c := newClient(t)
	resp, err := c.Get(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = readAll(t, resp)
	s.CloseClientConnections()
	for end := time.Now().Add(5 * time.Second); c.Stats().Conns > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the connection is still there: %+v", c.Stats())
		}
	}
}

func TestClientPoolIsBounded(t *testing.T) {
	var now, most atomic.Int32
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond)
	}))
	c := &paf.Client{MaxConns: 3}
	defer c.Close()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			resp, err := c.Get(t.Context(), "http://"+addr)
			if err != nil {
				t.Error(err)
				return
			}
			_ = readAll(t, resp)
		})
	}
	all.Wait()
	if stats := c.Stats(); stats.Opened > 3 || most.Load() > 3 || stats.PoolWaits == 0 {
		t.Errorf("stats %+v, %d at a time", stats, most.Load())
	}
}

func TestClientWaitsForContinue(t *testing.T) {
	var statuses []int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			w.WriteHeader(417)
			return
		}
		echo(w, r)
	}))
	defer s.Close()
	c := newClient(t)
	r := newRequest(t, "POST", s.URL, strings.NewReader("content"))
	r.Header.Set("Expect", "100-continue")
	r.Options = &paf.SendOptions{Interim: func(status int, _ *paf.Fields) error { statuses = append(statuses, status); return nil }}
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, resp); got != "content" || fmt.Sprint(statuses) != "[100]" {
		t.Errorf("got %q and %v", got, statuses)
	}
	r = newRequest(t, "POST", s.URL+"/refuse", panicReader{})
	r.Header.Set("Expect", "100-continue")
	resp, err = c.Do(t.Context(), r)
	if err != nil || resp.Status != 417 {
		t.Fatalf("got %v, %v", resp, err)
	}
	_ = readAll(t, resp)
}

// panicReader is content that must not be read.
type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("the content was read") }

func TestClientReportsItsOwnReadersError(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	defer s.Close()
	broken := errors.New("broken reader")
	body := io.MultiReader(strings.NewReader("x"), errReader{broken})
	if _, err := newClient(t).Do(t.Context(), newRequest(t, "POST", s.URL, body)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestNewRequestRefusesWhatCannotBeSent(t *testing.T) {
	for _, url := range []string{"", "/path", "ftp://host/", "http://", "http:opaque", "http://ho st/", "http://h/\x00"} {
		var u *paf.URLError
		if _, err := paf.NewRequest("GET", url, nil); !errors.As(err, &u) {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := paf.NewRequest("BAD METHOD", "http://host/", nil); err == nil {
		t.Error("a method with a space was accepted")
	}
}
