package nethttp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"time"
)

func posted(content string) func(*http.Request) {
	return func(r *http.Request) {
		r.Method, r.ContentLength = "POST", int64(len(content))
		r.Body, r.GetBody = io.NopCloser(strings.NewReader(content)), func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
	}
}

// chunkedPost posts content of a length that nobody knows before.
func chunkedPost(pieces ...string) func(*http.Request) {
	return func(r *http.Request) {
		r.Method, r.ContentLength = "POST", -1
		in, out := io.Pipe()
		go func() {
			for _, p := range pieces {
				_, _ = io.WriteString(out, p)
			}
			_ = out.Close()
		}()
		r.Body = in
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	w.Header().Set("X-Error", fmt.Sprint(err))
	for name, values := range r.Trailer {
		w.Header()["X-Trailer-"+name] = values
	}
	_, _ = w.Write(content)
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func zipped(content string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, content)
	_ = z.Close()
	return b.Bytes()
}

func zip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(zipped(strings.Repeat("content ", 100)))
}

// client sends by an http.Client.
func client(change func(*http.Client)) func(http.RoundTripper, *http.Request, func(string, ...any)) {
	return func(rt http.RoundTripper, r *http.Request, say func(string, ...any)) {
		c := &http.Client{Transport: rt}
		if change != nil {
			change(c)
		}
		resp, err := c.Do(r)
		if err != nil {
			say("error: %s", kind(err))
			return
		}
		say("of %s", resp.Request.URL)
		tell(resp, say)
	}
}

func asks(f ...func(*http.Request)) []func(*http.Request) { return f }

// within gives a request a context that ends after its response's head has come, or before.
func canceled(before bool) func(http.RoundTripper, *http.Request, func(string, ...any)) {
	return func(rt http.RoundTripper, r *http.Request, say func(string, ...any)) {
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		if before {
			cancel(errCause)
		}
		resp, err := rt.RoundTrip(r.WithContext(ctx))
		if err != nil {
			say("error: %s", kind(err))
			return
		}
		cancel(errCause)
		_, err = io.ReadAll(resp.Body)
		say("content: %s", kind(err))
		_ = resp.Body.Close()
	}
}

// A failing body breaks off.
type failing struct{ left int }

func (f *failing) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, errCause
	}
	n := min(len(p), f.left)
	f.left -= n
	clear(p[:n])
	return n, nil
}

func (f *failing) Close() error { return nil }

func slow(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// begun sends a head and some content, and then nothing until the client goes.
func begun(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, "begun")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// besideHandlers are the cases in which net/http's server answers.
func besideHandlers() []besideCase {
	big := strings.Repeat("0123456789abcdef", 64<<10)
	status := func(code int, content string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = io.WriteString(w, content) }
	}
	return []besideCase{
		{name: "get", handler: hello, ask: asks(get, get, get)},
		{name: "nothing", handler: func(http.ResponseWriter, *http.Request) {}, ask: asks(get, get)},
		{name: "head", handler: hello, ask: asks(method("HEAD"), get)},
		{name: "no method", handler: hello, ask: asks(method(""))},
		{name: "a method of its own", handler: echo, ask: asks(method("PURGE"))},
		{name: "204", handler: status(204, ""), ask: asks(get, get)},
		{name: "304", handler: status(304, ""), ask: asks(get, get)},
		{name: "404", handler: status(404, "not here"), ask: asks(get, get)},
		{name: "500", handler: status(500, "broken"), ask: asks(posted("x"), get)},
		{name: "999", handler: status(999, "odd"), ask: asks(get)},
		{name: "post", handler: echo, ask: asks(posted("content"), posted("more"))},
		{name: "post nothing", handler: echo, ask: asks(func(r *http.Request) { r.Method, r.Body = "POST", http.NoBody })},
		{name: "put without a body", handler: echo, ask: asks(method("PUT"), method("PATCH"), method("DELETE"))},
		{name: "post of unknown length", handler: echo, ask: asks(chunkedPost("a", "bc"), get)},
		{name: "get with content", handler: echo, ask: asks(func(r *http.Request) { posted("content")(r); r.Method = "GET" })},
		{name: "delete with content of unknown length", handler: echo, ask: asks(func(r *http.Request) { chunkedPost("ab")(r); r.Method, r.ContentLength = "DELETE", 0 })},
		{name: "get with a body that is empty", handler: echo, only: "h1", ask: asks(func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("")) })},
		{name: "a body shorter than it says", chance: true, differs: "h2: RFC 9113, Section 8.1.1: that is a malformed request", handler: echo, ask: asks(func(r *http.Request) { posted("abc")(r); r.ContentLength = 5 })},
		{name: "a body longer than it says", chance: true, handler: echo, ask: asks(func(r *http.Request) { posted("abcdef")(r); r.ContentLength = 3 })},
		{name: "a body that fails", chance: true, handler: echo, ask: asks(func(r *http.Request) { r.Method, r.Body, r.ContentLength = "POST", &failing{10}, -1 })},
		{name: "much up", handler: echo, ask: asks(posted(big))},
		{name: "much of unknown length", handler: echo, ask: asks(chunkedPost(big, big))},
		{name: "much down", handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, big) }, ask: asks(get, get)},
		{name: "piece by piece", handler: func(w http.ResponseWriter, _ *http.Request) {
			for i := range 5 {
				fmt.Fprint(w, i)
				_ = http.NewResponseController(w).Flush()
			}
		}, ask: asks(get, get)},
		{name: "paths and queries", handler: hello, ask: asks(
			func(r *http.Request) { r.URL.Path, r.URL.RawQuery = "/a b/c;d", "x=1&y=a%20b" },
			func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/a/b", "/a%2Fb" },
			func(r *http.Request) { r.URL.Path = "" }, func(r *http.Request) { r.URL.Opaque = "/opaque%2f" },
			func(r *http.Request) { r.URL.Fragment = "hidden" })},
		{name: "options for all", handler: hello, ask: asks(func(r *http.Request) { r.Method, r.URL.Path = "OPTIONS", "*" })},
		{name: "fields", differs: "h2: white space around a value is not sent there, either", handler: hello, ask: asks(func(r *http.Request) {
			r.Header = http.Header{"A": {"1", "2"}, "B": {""}, "C": {" spaces "}, "Cookie": {"a=b; c=d"}, "User-Agent": {"me"}, "X-Ü"[:2] + "y": {"ü"}}
		}, func(r *http.Request) { r.Header["User-Agent"] = []string{""} })},
		{name: "names that are not canonical", handler: hello, ask: asks(func(r *http.Request) { r.Header["x-lower-CASE"] = []string{"1"} })},
		{name: "host", handler: hello, ask: asks(func(r *http.Request) { r.Host = "else.test" }, func(r *http.Request) { r.Host = "else.test:99" })},
		{name: "host in the header", handler: hello, ask: asks(func(r *http.Request) { r.Header.Set("Host", "ignored.test") })},
		{name: "a length in the header", handler: echo, ask: asks(func(r *http.Request) { posted("ab")(r); r.Header.Set("Content-Length", "77") })},
		{name: "gzip", handler: zip, ask: asks(get, get)},
		{name: "gzip that was asked for", handler: zip, ask: asks(func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })},
		{name: "gzip that is not wanted", handler: zip, set: func(t *http.Transport) { t.DisableCompression = true }},
		{name: "gzip and a range", handler: zip, ask: asks(func(r *http.Request) { r.Header.Set("Range", "bytes=0-") })},
		{name: "gzip and HEAD", handler: zip, ask: asks(method("HEAD"))},
		{name: "gzip in capitals", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "GZIP")
			_, _ = w.Write(zipped("x"))
		}},
		{name: "gzip that is none", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "this is not compressed at all")
		}},
		{name: "gzip that breaks off", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			all := zipped(strings.Repeat("content ", 100))
			_, _ = w.Write(all[:len(all)-10])
		}},
		{name: "gzip and a trailer", handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "After")
			zip(w, r)
			w.Header().Set("After", "all")
		}},
		{name: "trailer", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "A, B")
			_, _ = io.WriteString(w, "content")
			w.Header().Set("A", "1")
			w.Header().Set("B", "2")
		}, ask: asks(get, get)},
		{name: "trailer, not announced", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "content")
			_ = http.NewResponseController(w).Flush()
			w.Header().Set(http.TrailerPrefix+"Late", "1")
		}},
		{name: "trailer of a request", handler: echo, ask: asks(func(r *http.Request) { chunkedPost("x")(r); r.Trailer = http.Header{"Sum": {"1"}, "Other": {"2"}} })},
		{name: "trailer that is known at the end", handler: echo, ask: asks(func(r *http.Request) {
			chunkedPost("x")(r)
			r.Trailer = http.Header{"Sum": nil}
			r.Body = &last{r.Body, func() { r.Trailer.Set("Sum", "late") }}
		})},
		{name: "early hints", handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(103)
			hello(w, r)
		}, do: func(rt http.RoundTripper, r *http.Request, say func(string, ...any)) {
			ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				say("%d %v", code, h)
				return nil
			}})
			roundTrip(rt, r.WithContext(ctx), say)
		}},
		{name: "early hints that are refused", differs: "h2: the error of the hook is told there, too", handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); hello(w, r) },
			do: func(rt http.RoundTripper, r *http.Request, say func(string, ...any)) {
				ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return errCause }})
				roundTrip(rt, r.WithContext(ctx), say)
			}},
		{name: "expect, and it may", handler: echo, set: func(t *http.Transport) { t.ExpectContinueTimeout = 10 * time.Second },
			ask: asks(func(r *http.Request) { posted("content")(r); r.Header.Set("Expect", "100-continue") }, get)},
		{name: "expect, without waiting", handler: echo, ask: asks(func(r *http.Request) { posted("content")(r); r.Header.Set("Expect", "100-continue") })},
		{name: "expect, and it may not", handler: status(417, "no"), only: "h2", set: func(t *http.Transport) { t.ExpectContinueTimeout = 10 * time.Second },
			ask: asks(func(r *http.Request) { posted("content")(r); r.Header.Set("Expect", "100-continue") })},
		{name: "redirects", handler: redirecting, do: client(nil), ask: asks(func(r *http.Request) { r.URL.Path = "/a" }, func(r *http.Request) { posted("content")(r); r.URL.Path = "/307" })},
		{name: "too many redirects", handler: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, do: client(nil)},
		{name: "cookies", handler: func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "n", Value: fmt.Sprint(len(r.Cookies()))})
			if r.URL.Path == "/path" {
				http.Redirect(w, r, "/then", http.StatusSeeOther)
			}
		}, do: client(func(c *http.Client) { c.Jar, _ = cookiejar.New(nil) })},
		{name: "a client's time-out", handler: slow, do: client(func(c *http.Client) { c.Timeout = time.Second })},
		{name: "a client's time-out in the content", handler: begun, do: client(func(c *http.Client) { c.Timeout = time.Second })},
		{name: "a time-out for the head", handler: slow, set: func(t *http.Transport) { t.ResponseHeaderTimeout = time.Second }},
		{name: "canceled before", handler: hello, do: canceled(true)},
		{name: "canceled in the content", handler: begun, do: canceled(false), differs: "h2: the cause of the context is told there, too"},
		{name: "Close", handler: hello, only: "h1", ask: asks(func(r *http.Request) { r.Close = true }, get)},
		{name: "closed by the server", handler: func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Connection", "close"); hello(w, r) }, only: "h1", ask: asks(get, get)},
		{name: "no keep-alive", handler: hello, set: func(t *http.Transport) { t.DisableKeepAlives = true }, only: "h1", ask: asks(get, get)},
		{name: "a body that is not read", handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, big) }, ask: asks(get, get),
			do: func(rt http.RoundTripper, r *http.Request, say func(string, ...any)) {
				resp, err := rt.RoundTrip(r)
				if err != nil {
					say("error: %s", kind(err))
					return
				}
				_ = resp.Body.Close()
				_, err = resp.Body.Read([]byte{0})
				say("%s: %s", resp.Status, kind(err))
			}},
		{name: "a handler that gives up", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "some")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, only: "h1"},
		{name: "a handler that says nothing", handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ask: asks(posted("x"))},
		{name: "less than was said", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "ok")
		}},
		{name: "many values", handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header()["A"] = []string{"1", "2", "3"}
			w.Header()["Set-Cookie"] = []string{"a=b", "c=d"}
			w.Header().Set("x-lower", "x")
			hello(w, r)
		}},
		{name: "an invalid method", handler: hello, ask: asks(method("G ET"))},
		{name: "an invalid field name", handler: hello, ask: asks(func(r *http.Request) { r.Header["a b"] = []string{"x"} })},
		{name: "an invalid field value", handler: hello, ask: asks(func(r *http.Request) { r.Header["A"] = []string{"x\r\ny"} })},
		{name: "an invalid trailer", handler: hello, ask: asks(func(r *http.Request) { r.Trailer = http.Header{"a b": {"x"}} })},
		{name: "no host", handler: hello, ask: asks(func(r *http.Request) { r.URL.Host = "" })},
		{name: "another scheme", handler: hello, ask: asks(func(r *http.Request) { r.URL.Scheme = "gopher" })},
		{name: "no URL", handler: hello, ask: asks(func(r *http.Request) { r.URL = nil })},
		{name: "no header", handler: hello, ask: asks(func(r *http.Request) { r.Header = nil })},
		{name: "a closed port", handler: hello, ask: asks(func(r *http.Request) { r.URL.Host = "127.0.0.1:1" })},
	}
}

// A last body calls a function at its end.
type last struct {
	io.ReadCloser
	at func()
}

func (l *last) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if err == io.EOF {
		l.at()
	}
	return n, err
}

// redirecting leads from /a to /b, and from /307 to /echo.
func redirecting(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/a":
		http.Redirect(w, r, "/b", http.StatusFound)
	case "/307":
		http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
	default:
		echo(w, r)
	}
}
