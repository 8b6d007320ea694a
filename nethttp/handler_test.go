package nethttp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/nethttp"
	"github.com/paf-go/paf/paftest"
)

// What a handler of paf's in front has set is in the http.Header, and may be changed there.
func TestFieldsOfAHandlerInFrontAreInTheHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/changes" {
				w.Header().Set("X-Front", w.Header().Get("x-front")+"er")
			}
			_, _ = io.WriteString(w, "x")
		}))
		s := paftest.NewServer(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			w.Header().Set("X-Front", "furth")
			inner.Serve(w, r)
			w.Header().Set("X-Late", "1")
			if w.Status() != 200 || w.Written() != 1 {
				t.Errorf("the handler in front sees status %d and %d bytes", w.Status(), w.Written())
			}
		}))
		for path, want := range map[string]string{"/": "furth", "/changes": "further"} {
			resp, err := s.Client.Get(t.Context(), "http://paf.test"+path)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("X-Front"); got != want || resp.Header.Has("X-Late") {
				t.Errorf("%s: %v", path, resp.Header.List())
			}
		}
	})
}

// What a handler has been given of a request is its own, whatever comes later on the connection.
func TestRequestsMayBeKept(t *testing.T) {
	var mu sync.Mutex
	var kept []*http.Request
	s := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		kept = append(kept, r)
		mu.Unlock()
		r.Header["X-Same"][0] += "!" // its own copy
		r.Header.Add("X-Added", "1")
		r.URL.Path += "/changed"
		w.Header().Set("X-Path", r.URL.Path)
	}))
	for range 20 {
		r, _ := http.NewRequest("GET", s.URL+"/same", nil)
		r.Header.Set("X-Same", "v")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	runtime.GC()
	mu.Lock()
	defer mu.Unlock()
	for _, r := range kept {
		if r.URL.Path != "/same/changed" || r.Header.Get("X-Same") != "v!" || len(r.Header["X-Added"]) != 1 || r.Context().Err() == nil {
			t.Errorf("%v %v %v", r.URL, r.Header, r.Context().Err())
		}
	}
}

// A handler of paf's in front may change a request, and go on to change it when it has been answered: the next one, though it is the same on the
// wire, is as it came.
func TestWhatAHandlerInFrontChangesIsOneRequests(t *testing.T) {
	inner := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %v", r.RequestURI, r.Host, r.Header["X-Front"])
	}))
	front := []string{"", "", "one", "late", "/front", "", "late"} // what the one in front does to each
	n := 0
	s := &paf.Server{Log: slog.New(slog.DiscardHandler), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		what := front[n]
		n++
		if strings.HasPrefix(what, "/") {
			r.Path, r.Raw, r.Authority = what, "", "front"
		} else if what != "" {
			r.Header.Set("X-Front", what)
		}
		inner.Serve(w, r)
		if what != "" {
			r.Header.Set("X-Front", "late")
		}
	})}
	var out bytes.Buffer
	in := strings.NewReader(strings.Repeat("GET /a?b HTTP/1.1\r\nHost: h\r\nX-Same: v\r\n\r\n", len(front)))
	_ = s.ServeFlow(context.Background(), struct {
		io.Reader
		io.WriteCloser
	}{in, discard{&out}})
	r := bufio.NewReader(&out)
	for i, want := range []string{"/a?b h []", "/a?b h []", "/a?b h [one]", "/a?b h [late]", "/front?b front []", "/a?b h []", "/a?b h [late]"} {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(resp.Body); string(got) != want {
			t.Errorf("request %d: %s, not %s", i, got, want)
		}
	}
}

// serveHandler serves a handler on a port.
func serveHandler(t *testing.T, h http.Handler) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, ln, nethttp.Server(&http.Server{Handler: h}))
}

func serveOn(t *testing.T, ln net.Listener, p *paf.Server) *running {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-done
	})
	return &running{URL: "http://" + ln.Addr().String()}
}

// running is where a server listens.
type running struct{ URL string }

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// The paths that are taken as they are net/url would make the same of.
func FuzzTargetIsReadAsByNetURL(f *testing.F) {
	for _, path := range []string{"/", "/a/b", "/a%2fb", "/a%20b", "//a", "/;=,", "/a?b", "/a?", "/!$&'()*+,;=:@", "/~x", "/a:b", "/[x]"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, target string) {
		want, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		var got *url.URL
		s := &paf.Server{Log: slog.New(slog.DiscardHandler), Handler: nethttp.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.URL }))}
		request := strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n")
		_ = s.ServeFlow(context.Background(), struct {
			io.Reader
			io.WriteCloser
		}{request, discard{io.Discard}})
		if got != nil && *got != *want {
			t.Errorf("%q: %#v, net/url: %#v", target, got, want)
		}
	})
}

// Server takes over what an http.Server has.
func TestServerTakesOverTheFields(t *testing.T) {
	type key struct{}
	var states sync.Map
	var logged bytes.Buffer
	var mu sync.Mutex
	std := &http.Server{
		ReadTimeout: time.Minute,
		ErrorLog:    log.New(writerFunc(func(p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return logged.Write(p) }), "own: ", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, key{}, c) },
		ConnState:   func(c net.Conn, s http.ConnState) { states.Store(s.String(), c) },
	}
	std.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(http.ServerContextKey) != std {
			t.Error("ServerContextKey leads elsewhere")
		}
		if c, is := r.Context().Value(key{}).(net.Conn); !is || c.RemoteAddr().String() != r.RemoteAddr {
			t.Error("no ConnContext")
		}
		w.WriteHeader(201)
		w.WriteHeader(202)
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, ln, nethttp.Server(std))
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, closed := states.Load("closed"); closed {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody was told that the connection is over")
		}
		runtime.Gosched()
	}
	for _, state := range []string{"new", "active", "idle"} {
		if c, told := states.Load(state); !told {
			t.Errorf("not told: %s", state)
		} else if _, is := c.(*net.TCPConn); !is {
			t.Errorf("%s of a %T", state, c)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.HasPrefix(logged.String(), "own: http: superfluous response.WriteHeader call from github.com/paf-go/paf/nethttp_test") {
		t.Errorf("log: %q", logged.String())
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// The context of a request costs nothing until it is asked, and then ends with the client.
func TestContextEndsWhenTheClientGoes(t *testing.T) {
	gone := make(chan error, 1)
	s := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		_ = http.NewResponseController(w).Flush()
		<-ctx.Done()
		gone <- context.Cause(ctx)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_ = resp.Body.Close()
	if err := <-gone; !errors.Is(err, paf.ErrPeerGone) {
		t.Errorf("cause: %v", err)
	}
}

// A response that somebody still writes to after the handler has returned fails, and harms no other one.
func TestWritesAfterTheHandlerHarmNobody(t *testing.T) {
	var late sync.WaitGroup
	var latest atomic.Value // of chan struct{}, closed when the handler has returned; there is one request at a time
	inner := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/good" {
			_, _ = io.WriteString(w, "good")
			return
		}
		returned := latest.Load().(chan struct{})
		late.Go(func() {
			<-returned
			for range 100 {
				w.Header().Set("X-Evil", "1")
				w.WriteHeader(500)
				if n, err := io.WriteString(w, "evil"); err == nil {
					t.Errorf("%d bytes were written", n)
				}
				if err := http.NewResponseController(w).Flush(); err == nil {
					t.Error("flushed")
				}
				if _, err := io.Copy(w, strings.NewReader("evil")); err == nil {
					t.Error("copied")
				}
			}
		})
	}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, ln, &paf.Server{Log: slog.New(slog.DiscardHandler), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		returned := make(chan struct{})
		defer close(returned)
		latest.Store(returned)
		inner.Serve(w, r)
	})})
	for range 50 {
		for _, path := range []string{"/bad", "/good"} {
			resp, err := http.Get(s.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			if want := strings.TrimPrefix(path, "/"); err != nil || want == "good" && string(b) != want || len(resp.Header["X-Evil"]) > 0 {
				t.Fatalf("%s: %q, %v, %v", path, b, err, resp.Header)
			}
			_ = resp.Body.Close()
		}
	}
	late.Wait()
}

// What cannot be sent as it is is answered for, and the connection goes on.
func TestResponsesThatCannotBeSent(t *testing.T) {
	var logged bytes.Buffer
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, ln, &paf.Server{Log: slog.New(slog.NewTextHandler(&logged, nil)), Handler: nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/205" {
			w.WriteHeader(http.StatusResetContent)
		} else {
			w.WriteHeader(999)
		}
		_, _ = io.WriteString(w, "content")
	}))})
	for path, want := range map[string]int{"/205": 205, "/999": 500} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want || len(b) > 0 || err != nil || resp.Close {
			t.Errorf("%s: %d, %q, %v, closes: %v", path, resp.StatusCode, b, err, resp.Close)
		}
	}
	if !strings.Contains(logged.String(), "cannot be sent") {
		t.Errorf("log: %s", logged.String())
	}
}
