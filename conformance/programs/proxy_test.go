package programs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// eachProxy runs a test with an httputil.ReverseProxy between what speaks one version and what speaks another. front is the URL of
// the proxy, and rt speaks to it; back is what stands behind it.
func eachProxy(t *testing.T, pairs [][2]version, back http.Handler, f func(t *testing.T, w *world, rt http.RoundTripper, front string)) {
	for _, pair := range pairs {
		t.Run("to "+pair[1].name, func(t *testing.T) {
			each(t, pair[:1], func(t *testing.T, w *world) {
				behind := w.serveIn(t, pair[1], back)
				front := w.serve(t, proxyTo(t, behind, w.transportIn(t, pair[1])))
				f(t, w, w.transport(t), front)
			})
		})
	}
}

var (
	allPairs = [][2]version{{h1, h1}, {h1, h2}, {h2, h1}, {h2, h2}, {h2c, h2c}}
	twoPairs = [][2]version{{h1, h2}, {h2, h1}}
)

// proxyTo makes a proxy to a server. It lets content through in both directions at the same time.
func proxyTo(t *testing.T, behind string, rt http.RoundTripper) http.Handler {
	target, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
		},
		Transport:     rt,
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	return duplex(p)
}

// duplex lets a handler on HTTP/1 read while it writes, as on HTTP/2 it always may.
func duplex(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 {
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
				panic(err)
			}
		}
		h.ServeHTTP(w, r)
	})
}

// TestProxyPassesMessagesOn compares what goes in with what comes out: targets, fields, content both ways, statuses.
func TestProxyPassesMessagesOn(t *testing.T) {
	content := noise(3 << 20)
	back := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || r.Method == "POST" && !bytes.Equal(got, content) {
			t.Errorf("%d bytes reached the server, %v", len(got), err)
		}
		w.Header().Set("X-Saw", fmt.Sprintf("%s %s for %s by %s", r.Method, r.RequestURI, r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Proto")))
		w.Header()["X-Many"] = []string{"a", "b"}
		w.Header().Set("Connection", "X-Hop")
		if r.ProtoMajor == 2 {
			w.Header().Del("Connection")
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(got)
	})
	eachProxy(t, allPairs, back, func(t *testing.T, w *world, rt http.RoundTripper, front string) {
		scheme, _, _ := strings.Cut(front, ":")
		a := ask(t, rt, "POST", front+"/a%2Fb/c?d=e;f", bytes.NewReader(content), "X-Forwarded-For: 10.0.0.1", "X-Many: a", "X-Many: b")
		a.is(t, 202, string(content))
		a.has(t, "X-Saw: POST /a%2Fb/c for 127.0.0.1 by "+scheme, "X-Many: a, b", "Content-Length: ")
		a = ask(t, rt, "POST", front+"/", struct{ io.Reader }{bytes.NewReader(content)}) // its length is not known
		a.is(t, 202, string(content))
		a = ask(t, rt, "GET", front+"/?q=1", nil)
		a.is(t, 202, "")
		a.has(t, "X-Saw: GET /?q=1 for 127.0.0.1 by "+scheme)
		ask(t, rt, "HEAD", front+"/", nil).is(t, 202, "")
		ask(t, rt, "DELETE", front+"/", nil).is(t, 202, "")
	})
}

// TestProxyPassesTrailersAndInterimsOn sends trailers, announced and not, and 103 through it.
func TestProxyPassesTrailersAndInterimsOn(t *testing.T) {
	back := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "content")
		_ = http.NewResponseController(w).Flush() // or its length would be known, and HTTP/1 then has no trailers
		w.Header().Set("X-Sum", "7")
		w.Header().Set(http.TrailerPrefix+"X-Late", "not announced")
	})
	eachProxy(t, allPairs, back, func(t *testing.T, w *world, rt http.RoundTripper, front string) {
		var hints []string
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints = append(hints, fmt.Sprint(code, " ", h.Get("Link")))
			return nil
		}}
		r := request(t, "GET", front, nil, "TE: trailers")
		resp := send(t, rt, r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
		if _, announced := resp.Trailer["X-Sum"]; !announced || len(resp.Trailer) != 1 {
			t.Errorf("announced: %v", resp.Trailer)
		}
		read(t, resp).is(t, 200, "content")
		hasFields(t, "the trailer section", resp.Trailer, "X-Sum: 7", "X-Late: not announced")
		if len(hints) != 1 || hints[0] != "103 </a.css>; rel=preload" {
			t.Errorf("interim responses: %q", hints)
		}
	})
}

// TestProxyStreamsBothWays sends a piece only when the last one has come back, up and down at the same time.
func TestProxyStreamsBothWays(t *testing.T) {
	back := duplex(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flush := http.NewResponseController(w).Flush
		if err := flush(); err != nil { // the head goes out before anything has come in
			t.Error(err)
		}
		buf := make([]byte, 4096)
		for {
			n, err := r.Body.Read(buf)
			if _, err := w.Write(buf[:n]); err != nil {
				t.Error(err)
				return
			}
			if err := flush(); err != nil {
				t.Error(err)
				return
			}
			if err != nil {
				return
			}
		}
	}))
	eachProxy(t, allPairs, back, func(t *testing.T, w *world, rt http.RoundTripper, front string) {
		out, in := io.Pipe()
		late := time.AfterFunc(10*time.Second, func() { in.CloseWithError(errors.New("nobody reads")) })
		defer late.Stop()
		resp := send(t, rt, request(t, "POST", front, out))
		for i := range 20 {
			piece := fmt.Sprint("piece ", i)
			if _, err := io.WriteString(in, piece); err != nil {
				t.Fatal(err)
			}
			reads(t, resp.Body, piece)
		}
		in.Close()
		if rest := readAll(t, resp.Body); rest != "" {
			t.Errorf("the rest is %q", rest)
		}
	})
}

// TestProxyTellsOfWhatBreaks breaks off on every side: a server that is not there is 502, one that fails in its content is an error at the client,
// and a client that goes away is one for the server.
func TestProxyTellsOfWhatBreaks(t *testing.T) {
	gone := make(chan error, 1)
	back := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "some content")
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		<-r.Context().Done()
		gone <- r.Context().Err()
	})
	eachProxy(t, twoPairs, back, func(t *testing.T, w *world, rt http.RoundTripper, front string) {
		resp := send(t, rt, request(t, "GET", front+"/abort", nil))
		if content, err := io.ReadAll(resp.Body); string(content) != "some content" || err == nil {
			t.Errorf("%q, %v: the client does not know that it was cut off", content, err)
		}
		resp.Body.Close()

		ctx, cancel := context.WithCancelCause(t.Context())
		resp = send(t, rt, request(t, "GET", front+"/wait", nil).WithContext(ctx))
		reads(t, resp.Body, "some content")
		because := errors.New("the test goes away")
		cancel(because)
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, because) && !errors.Is(err, context.Canceled) {
			t.Errorf("the client was told %v", err)
		}
		resp.Body.Close()
		if err := receive(t, gone, "the server's notice"); !errors.Is(err, context.Canceled) {
			t.Errorf("the server was told %v", err)
		}
	})
	each(t, []version{h1, h2}, func(t *testing.T, w *world) {
		nobody := w.client.transport(w.version, w.trust())
		defer nobody.CloseIdleConnections()
		front := w.serve(t, proxyTo(t, "http://127.0.0.1:1", nobody))
		ask(t, w.transport(t), "GET", front, nil).is(t, 502, "")
	})
}

// TestProxyServesManyAtOnce lets 100 requests with content go through at the same time.
func TestProxyServesManyAtOnce(t *testing.T) {
	back := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		_, _ = w.Write(content)
	})
	eachProxy(t, twoPairs, back, func(t *testing.T, w *world, rt http.RoundTripper, front string) {
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				sent := strings.Repeat(fmt.Sprint(i, " "), 200*i)
				resp, err := rt.RoundTrip(request(t, "POST", front, strings.NewReader(sent)))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); string(got) != sent || err != nil {
					t.Errorf("request %d: %d bytes of %d, %v", i, len(got), len(sent), err)
				}
			})
		}
		all.Wait()
	})
}

// TestProxyPassesWebSocketsOn lets the proxy switch protocols on both of its sides, and hand the bytes on.
func TestProxyPassesWebSocketsOn(t *testing.T) {
	for _, lib := range websockets {
		t.Run(lib.name, func(t *testing.T) {
			ends := make(chan string, 2)
			eachProxy(t, [][2]version{{h1, h1}, {h1s, h1}, {h1, h1s}}, echoes(lib.accept, ends), func(t *testing.T, w *world, rt http.RoundTripper, front string) {
				ask(t, rt, "GET", front, nil).is(t, map[string]int{"coder": 426, "gorilla": 400}[lib.name], "...")
				receive(t, ends, "the refusal")
				exchangesMessages(t, w, rt, lib, front, ends)
			})
		})
	}
}
