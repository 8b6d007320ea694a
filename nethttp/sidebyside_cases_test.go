package nethttp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

type noter = func(args ...any)

// serverCases are all cases of the server's side.
func serverCases() (all []serverCase) {
	all = append(all, requestCases()...)
	all = append(all, responseCases()...)
	all = append(all, bodyCases()...)
	return append(all, statusCases()...)
}

// mirror notes all that a handler can see of a request.
func mirror(w http.ResponseWriter, r *http.Request, note noter) {
	content, err := io.ReadAll(r.Body)
	note(r.Method, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Host, r.RequestURI, r.RemoteAddr, r.ContentLength, r.TransferEncoding, r.Close)
	note(fmt.Sprintf("%q %q %q %q %q %v %v", r.URL.Scheme, r.URL.Host, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.ForceQuery, r.URL.Opaque))
	h := r.Header.Clone()
	if r.ProtoMajor == 2 {
		h.Del("User-Agent") // the client's
	}
	note(sorted(h))
	note(len(content), string(content[:min(len(content), 50)]), err, sorted(r.Trailer), r.Trailer == nil)
	_, isServer := r.Context().Value(http.ServerContextKey).(*http.Server)
	note(isServer, r.Context().Value(http.LocalAddrContextKey) != nil, r.TLS == nil, r.ProtoMajor == 2 || r.Body == http.NoBody, r.Context().Err())
	_ = r.ParseForm()
	note(r.Form.Encode(), r.PostForm.Encode())
	_, _ = io.WriteString(w, "seen")
}

// requestCases are about what a handler sees.
func requestCases() (all []serverCase) {
	for name, c := range map[string]serverCase{
		"GET":                      {},
		"HEAD":                     {method: "HEAD"},
		"query":                    {target: "/a/b?x=1&y=2&x=3"},
		"empty query":              {target: "/a?"},
		"escaped path":             {target: "/a%20b/c%2Fd?e=%20"},
		"path that needs RawPath":  {target: "/a%2fb"},
		"path with odd letters":    {target: "/a!b'c(d)e*f;g=h,i"},
		"two slashes":              {target: "//a//b"},
		"dots":                     {target: "/a/../b/./c"},
		"plus and colon":           {target: "/a+b:c@d"},
		"semicolons in the query":  {target: "/?a=1;b=2"},
		"absolute target":          {target: "http://other.example:81/p?q", only: 1},
		"OPTIONS *":                {method: "OPTIONS", target: "*", only: 1},
		"OPTIONS":                  {method: "OPTIONS"},
		"own method":               {method: "FROB"},
		"DELETE":                   {method: "DELETE"},
		"POST without content":     {method: "POST", fields: []string{"Content-Length: 0"}, only: 1},
		"POST":                     {method: "POST", body: "hello"},
		"POST form":                {method: "POST", target: "/?q=1", fields: []string{"Content-Type: application/x-www-form-urlencoded"}, body: "a=b&q=2"},
		"POST chunked":             {method: "POST", body: "hello", chunked: true},
		"PUT chunked and empty":    {method: "PUT", chunked: true, only: 1},
		"POST large":               {method: "POST", body: strings.Repeat("x", 100_000)},
		"POST chunked and large":   {method: "POST", body: strings.Repeat("x", 100_000), chunked: true},
		"announced trailer":        {method: "POST", body: "hello", chunked: true, fields: []string{"Trailer: X-A, X-B"}, trailer: []string{"X-A: 1", "X-B: 2"}},
		"trailer not announced":    {method: "POST", body: "hello", chunked: true, trailer: []string{"X-A: 1"}, only: 1},
		"trailer that is not sent": {method: "POST", body: "hello", chunked: true, fields: []string{"Trailer: X-A"}, only: 1},
		"trailer without chunks":   {method: "POST", body: "hello", fields: []string{"Trailer: X-A"}, only: 1},
		"repeated fields":          {fields: []string{"X-A: 1", "X-B: 2", "x-a: 3", "Accept: a", "Accept: b"}},
		"names in all cases":       {fields: []string{"x-lower: 1", "X-UPPER: 2", "content-type: text/html", "ETAG: 3"}, only: 1},
		"odd names":                {fields: []string{"x_y: 1", "a.b: 2", "1-2: 3", "X-: 4"}},
		"empty value":              {fields: []string{"X-A: "}},
		"white space":              {raw: "GET / HTTP/1.1\r\nHost:   a  \r\nX-A: \t b \t \r\nX-B:c\r\n\r\n"},
		"bytes beyond ASCII":       {fields: []string{"X-A: \xc3\xa9\xff"}, only: 1},
		"cookies":                  {fields: []string{"Cookie: a=b; c=d", "Cookie: e=f"}, only: 1},
		"Pragma":                   {fields: []string{"Pragma: no-cache"}},
		"Pragma and Cache-Control": {fields: []string{"Pragma: no-cache", "Cache-Control: max-age=1"}},
		"Connection: close":        {fields: []string{"Connection: close"}, only: 1},
		"Connection: keep-alive":   {fields: []string{"Connection: keep-alive, X-A", "X-A: b"}, only: 1},
		"Upgrade":                  {fields: []string{"Connection: Upgrade", "Upgrade: other"}, only: 1},
		"Expect":                   {method: "POST", fields: []string{"Expect: 100-continue"}, body: "hello", only: 1},
		"Expect without content":   {fields: []string{"Expect: 100-continue"}, only: 1},
		"HTTP/1.0":                 {proto: "HTTP/1.0"},
		"HTTP/1.0 keep-alive":      {proto: "HTTP/1.0", fields: []string{"Connection: keep-alive"}},
		"HTTP/1.0 POST":            {proto: "HTTP/1.0", method: "POST", body: "hello"},
		"HTTP/1.0 without Host":    {raw: "GET /x HTTP/1.0\r\n\r\n"},
		"HTTP/1.0 HEAD keep-alive": {proto: "HTTP/1.0", method: "HEAD", fields: []string{"Connection: Keep-Alive"}},
		"many fields":              {fields: strings.Split(strings.Repeat("X-Many: y|", 90)+"X-Last: z", "|")},
		"CONNECT":                  {raw: "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nConnection: close\r\n\r\n"},
		"two requests":             {raw: "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc"},
		"the same request twice":   {raw: strings.Repeat("GET /1?q HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n", 2)},
		"Host with a port":         {raw: "GET / HTTP/1.1\r\nHost: A.Example:8080\r\n\r\n"},
		"Host of IPv6":             {raw: "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
	} {
		c.name, c.handler = "request: "+name, mirror
		if name == "CONNECT" {
			c.handler = func(w http.ResponseWriter, r *http.Request, note noter) {
				note(r.Method, r.RequestURI, r.Host, r.URL.Host, r.URL.Path, r.URL.Scheme)
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
		}
		all = append(all, c)
	}
	return all
}

// responseCases are about what a handler does.
func responseCases() (all []serverCase) {
	big := strings.Repeat("0123456789abcdef", 1000)
	for name, handler := range map[string]func(w http.ResponseWriter, r *http.Request, note noter){
		"nothing":             func(http.ResponseWriter, *http.Request, noter) {},
		"fields in all cases": set("X-B", "1", "x-a", "2", "X-A", "3"),
		"raw names":           func(w http.ResponseWriter, _ *http.Request, _ noter) { w.Header()["x-raw-Name"] = []string{"1", "2"} },
		"many fields":         func(w http.ResponseWriter, _ *http.Request, _ noter) { many(w.Header(), 40) },
		"no values":           func(w http.ResponseWriter, _ *http.Request, _ noter) { w.Header()["X-None"] = nil; say(w, "hi") },
		"no Date":             func(w http.ResponseWriter, _ *http.Request, _ noter) { w.Header()["Date"] = nil; say(w, "hi") },
		"own Date":            set("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
		"no Content-Type": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header()["Content-Type"] = nil
			say(w, "<html>")
		},
		"empty Content-Type": set("Content-Type", ""),
		"Content-Length nil": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header()["Content-Length"] = nil
			say(w, "hi")
		},
		"newline in a value":    set("X-A", "b\r\nX-C: d"),
		"spaces around a value": set("X-A", "  b \t"),
		"bad name":              func(w http.ResponseWriter, _ *http.Request, _ noter) { w.Header()["X A"] = []string{"b"}; say(w, "hi") },
		"sniffed HTML":          writes("<html><body>"),
		"sniffed PNG":           writes("\x89PNG\x0D\x0A\x1A\x0A"),
		"sniffed in two writes": writes("<ht", "ml>"),
		"sniffed late":          writes(strings.Repeat(" ", 600)+"<html>", "x"),
		"Content-Encoding": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Content-Encoding", "gzip")
			say(w, "x")
		},
		"2048 bytes":         writes(big[:2048]),
		"2049 bytes":         writes(big[:2049]),
		"4096 bytes":         writes(big[:4096]),
		"4097 bytes":         writes(big[:4097]),
		"16000 bytes":        writes(big),
		"writes that add up": writes(big[:1000], big[:1000], big[:1000], big[:3000], big[:10]),
		"small then large":   writes("a", big, "b"),
		"a large string":     func(w http.ResponseWriter, _ *http.Request, _ noter) { _, _ = io.WriteString(w, big) },
		"strings": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			_, _ = io.WriteString(w, "a")
			_, _ = io.WriteString(w, big[:5000])
		},
		"flush at once": func(w http.ResponseWriter, _ *http.Request, _ noter) { flush(w); say(w, "later") },
		"flush between": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			say(w, "one")
			flush(w)
			say(w, "two")
			flush(w)
		},
		"flush with length": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Content-Length", "6")
			say(w, "one")
			flush(w)
			say(w, "two")
		},
		"exact length": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Content-Length", "2")
			say(w, "hi")
		},
		"length 0": set("Content-Length", "0"),
		"bad length": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Content-Length", "two")
			say(w, "hi")
		},
		"negative length": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Content-Length", "-2")
			say(w, "hi")
		},
		"too much": func(w http.ResponseWriter, _ *http.Request, note noter) {
			w.Header().Set("Content-Length", "2")
			w.Header().Set("Connection", "close") // net/http closes the connection in any case
			_, err := io.WriteString(w, "hi")
			_, more := io.WriteString(w, "there")
			note(err, more, errors.Is(more, http.ErrContentLength))
		},
		"too little": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Content-Length", "5")
			say(w, "hi")
		},
		"header after WriteHeader": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.WriteHeader(201)
			w.Header().Set("X-Late", "1")
		},
		"header after Write": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("X-A", "1")
			say(w, "x")
			w.Header().Set("X-A", "2")
		},
		"superfluous":             func(w http.ResponseWriter, _ *http.Request, _ noter) { w.WriteHeader(201); w.WriteHeader(202) },
		"superfluous after Write": func(w http.ResponseWriter, _ *http.Request, _ noter) { say(w, "x"); w.WriteHeader(202) },
		"Connection: close":       set("Connection", "close"),
		"chunked by itself": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Transfer-Encoding", "chunked")
			say(w, "x")
		},
		"declared trailer": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Trailer", "X-B, X-A")
			say(w, "x")
			flush(w) // ours has no length where trailers are to come
			w.Header().Set("X-A", "1")
			w.Header().Set("X-B", "2")
			w.Header().Set("X-C", "not declared")
		},
		"trailer with the prefix": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			say(w, "x")
			flush(w)
			w.Header().Set(http.TrailerPrefix+"X-A", "1")
			w.Header().Add(http.TrailerPrefix+"X-A", "2")
		},
		"declared trailer without a value": func(w http.ResponseWriter, _ *http.Request, _ noter) { w.Header().Set("Trailer", "X-A"); say(w, "x") },
		"early hints": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("X-A", "1")
			w.WriteHeader(http.StatusProcessing)
			say(w, "x")
		},
		"abort at once": func(http.ResponseWriter, *http.Request, noter) { panic(http.ErrAbortHandler) },
		"abort after a flush": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			say(w, "x")
			flush(w)
			panic(http.ErrAbortHandler)
		},
		"panic": func(http.ResponseWriter, *http.Request, noter) { panic("oh") },
		"invalid status": func(w http.ResponseWriter, _ *http.Request, note noter) {
			defer func() { note(recover()) }()
			w.WriteHeader(99)
		},
		"redirect":   func(w http.ResponseWriter, r *http.Request, _ noter) { http.Redirect(w, r, "/there", http.StatusFound) },
		"http.Error": func(w http.ResponseWriter, _ *http.Request, _ noter) { http.Error(w, "no", http.StatusTeapot) },
		"odd status": func(w http.ResponseWriter, _ *http.Request, _ noter) { w.WriteHeader(299) },
		"SetCookie": func(w http.ResponseWriter, _ *http.Request, _ noter) {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "d"})
		},
		"ServeContent": func(w http.ResponseWriter, r *http.Request, _ noter) {
			http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(big))
		},
		"io.Copy": func(w http.ResponseWriter, _ *http.Request, note noter) {
			n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader(big)})
			note(n, err)
		},
		"io.Copy with length": func(w http.ResponseWriter, _ *http.Request, note noter) {
			w.Header().Set("Content-Length", "16000")
			n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader(big)})
			note(n, err)
		},
		"TimeoutHandler": func(w http.ResponseWriter, r *http.Request, _ noter) {
			http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), time.Millisecond, "late").ServeHTTP(w, r)
		},
		"ServeMux": func(w http.ResponseWriter, r *http.Request, note noter) {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /{name...}", func(w http.ResponseWriter, r *http.Request) { note(r.Pattern, r.PathValue("name")) })
			mux.ServeHTTP(w, r)
		},
		"context of a middleware": func(w http.ResponseWriter, r *http.Request, note noter) {
			ctx, cancel := context.WithCancelCause(context.WithValue(r.Context(), noteKey{}, "v"))
			r = r.WithContext(ctx)
			note(r.Context().Value(noteKey{}), r.Context().Value(http.ServerContextKey) != nil, ctx.Err())
			cancel(io.EOF)
			note(context.Cause(r.Context()))
		},
		"powers": func(w http.ResponseWriter, r *http.Request, note noter) {
			_, flusher := w.(http.Flusher)
			_, hijacker := w.(http.Hijacker)
			_, reader := w.(io.StringWriter)
			c := http.NewResponseController(w)
			note(flusher, hijacker, reader, c.EnableFullDuplex(), c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}), c.Flush())
		},
		"write deadline that has passed": func(w http.ResponseWriter, _ *http.Request, note noter) {
			c := http.NewResponseController(w)
			note(c.SetWriteDeadline(time.Now().Add(-time.Hour)))
			_, err := io.WriteString(w, big)
			note(err != nil || c.Flush() != nil)
		},
	} {
		c := serverCase{name: "response: " + name, handler: handler}
		switch name {
		case "too much", "spaces around a value", "declared trailer without a value":
			c.only = 1 // on HTTP/2 net/http resets the stream; sends what RFC 9113, Section 8.2.1 forbids; has a length beside trailers
		}
		all = append(all, c)
	}
	return append(all, hijackCases()...)
}

type noteKey struct{}

// hijackCases are about connections that handlers take.
func hijackCases() []serverCase {
	return []serverCase{
		{name: "hijack", only: 1, handler: func(w http.ResponseWriter, _ *http.Request, note noter) {
			c, rw, err := w.(http.Hijacker).Hijack()
			note(err, rw.Reader.Buffered() > 0)
			_, err = w.Write([]byte("x"))
			note(err)
			w.WriteHeader(200)
			_, _ = io.WriteString(c, "raw bytes")
			_ = c.Close()
		}},
		{name: "hijack after WriteHeader", only: 1, handler: func(w http.ResponseWriter, _ *http.Request, note noter) {
			w.Header().Set("X-A", "b")
			w.WriteHeader(202)
			c, _, err := http.NewResponseController(w).Hijack()
			note(err)
			_, _ = io.WriteString(c, "raw bytes")
			_ = c.Close()
		}},
		{name: "101 and hijack", only: 1, fields: []string{"Connection: Upgrade", "Upgrade: echo"}, handler: func(w http.ResponseWriter, _ *http.Request, note noter) {
			w.Header().Set("Upgrade", "echo")
			w.Header().Set("Connection", "Upgrade")
			w.WriteHeader(101)
			c, rw, err := http.NewResponseController(w).Hijack()
			note(err)
			line, err := rw.ReadString('\n')
			note(line, err)
			_, _ = rw.WriteString("echo: " + line)
			_ = rw.Flush()
			_ = c.Close()
		}},
		{name: "hijack on HTTP/2", only: 2, handler: func(w http.ResponseWriter, _ *http.Request, note noter) {
			_, _, err := http.NewResponseController(w).Hijack()
			note(errors.Is(err, http.ErrNotSupported))
		}},
	}
}

// bodyCases are about content that a handler reads or does not.
func bodyCases() (all []serverCase) {
	small, large := strings.Repeat("s", 1000), strings.Repeat("l", 300<<10)
	for name, handler := range map[string]func(w http.ResponseWriter, r *http.Request, note noter){
		"not read": func(w http.ResponseWriter, _ *http.Request, _ noter) { say(w, "hi") },
		"half read": func(w http.ResponseWriter, r *http.Request, note noter) {
			n, err := io.ReadFull(r.Body, make([]byte, 10))
			note(n, err)
			say(w, "hi")
		},
		"closed": func(w http.ResponseWriter, r *http.Request, note noter) { note(r.Body.Close()); say(w, "hi") },
		"closed read": func(w http.ResponseWriter, r *http.Request, note noter) {
			_ = r.Body.Close()
			n, err := r.Body.Read(make([]byte, 1))
			note(n, err != nil)
		},
		"echo": func(w http.ResponseWriter, r *http.Request, note noter) {
			b, err := io.ReadAll(r.Body)
			note(len(b), err)
			_, _ = w.Write(b)
		},
		"read after the end": func(w http.ResponseWriter, r *http.Request, note noter) {
			_, _ = io.Copy(io.Discard, r.Body)
			n, err := r.Body.Read(make([]byte, 1))
			note(n, err)
		},
		"full duplex": func(w http.ResponseWriter, r *http.Request, note noter) {
			note(http.NewResponseController(w).EnableFullDuplex())
			say(w, "before")
			flush(w)
			n, err := io.Copy(io.Discard, r.Body)
			note(n, err)
			say(w, "after")
		},
		"status before reading": func(w http.ResponseWriter, r *http.Request, note noter) {
			w.WriteHeader(202)
			b, err := io.ReadAll(r.Body)
			note(len(b), err)
		},
		"limited": func(w http.ResponseWriter, r *http.Request, note noter) {
			n, err := io.Copy(io.Discard, http.MaxBytesReader(onlyWriter{w}, r.Body, 100))
			var tooLarge *http.MaxBytesError
			note(n, errors.As(err, &tooLarge))
		},
	} {
		for _, c := range []serverCase{
			{name: "small", body: small}, {name: "small chunked", body: small, chunked: true},
			{name: "large", body: large}, {name: "large chunked", body: large, chunked: true},
		} {
			if name == "full duplex" && c.name == "large" {
				continue // ours says close: it cannot know that the handler is going to read so much
			}
			c.name, c.method, c.handler = "content: "+name+", "+c.name, "POST", handler
			all = append(all, c)
		}
	}
	for name, handler := range map[string]func(w http.ResponseWriter, r *http.Request, note noter){
		"after a flush": func(w http.ResponseWriter, r *http.Request, note noter) {
			say(w, "x")
			flush(w)
			n, err := r.Body.Read(make([]byte, 1))
			note(n, err)
		},
		"deadline that has passed": func(w http.ResponseWriter, r *http.Request, note noter) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(-time.Hour))
			n, err := r.Body.Read(make([]byte, 1))
			note(n, errors.Is(err, os.ErrDeadlineExceeded))
			w.Header().Set("Connection", "close")
		},
		"expected and not read": func(w http.ResponseWriter, r *http.Request, note noter) { say(w, "no") },
	} {
		c := serverCase{name: "content: " + name, method: "POST", body: small, only: 1, handler: handler}
		if name == "expected and not read" {
			c.raw = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
		}
		all = append(all, c)
	}
	return append(all, brokenCases()...)
}

// brokenCases are about content that is not whole, of clients that go on sending other things.
func brokenCases() []serverCase {
	read := func(w http.ResponseWriter, r *http.Request, note noter) {
		b, err := io.ReadAll(r.Body)
		note(len(b), err != nil)
		say(w, "answer")
	}
	return []serverCase{
		{name: "bad chunk", raw: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n", handler: read},
	}
}

// An onlyWriter hides what MaxBytesReader looks for.
type onlyWriter struct{ http.ResponseWriter }

// statusCases are methods, statuses and contents in all combinations.
func statusCases() (all []serverCase) {
	for _, method := range []string{"GET", "HEAD", "POST"} {
		for _, status := range []int{200, 204, 304, 404, 500} {
			for name, write := range map[string]func(w http.ResponseWriter, note noter){
				"nothing":  func(http.ResponseWriter, noter) {},
				"a little": func(w http.ResponseWriter, note noter) { n, err := w.Write([]byte("hello")); note(n, err) },
				"a flush":  func(w http.ResponseWriter, note noter) { flush(w); n, err := w.Write([]byte("hello")); note(n, err) },
				"much": func(w http.ResponseWriter, note noter) {
					n, err := w.Write(bytes.Repeat([]byte("m"), 10_000))
					note(n, err)
				},
			} {
				for _, fields := range []string{"", "Content-Type", "Content-Length"} {
					only := 0
					if status == 204 && fields == "Content-Length" {
						only = 1 // on HTTP/2 net/http announces content that does not come
					}
					all = append(all, serverCase{only: only,
						name: fmt.Sprintf("status: %s %d %s, %s", method, status, name, or(fields, "no fields")), method: method,
						handler: func(w http.ResponseWriter, r *http.Request, note noter) {
							if r.Method == "HEAD" && r.ProtoMajor == 2 {
								note = func(...any) {} // net/http's own error there is about something else
							}
							switch fields {
							case "Content-Type":
								w.Header().Set("Content-Type", "text/x-own")
							case "Content-Length":
								w.Header().Set("Content-Length", map[string]string{"much": "10000"}[name]+map[string]string{"a little": "5", "a flush": "5", "nothing": "0"}[name])
							}
							w.WriteHeader(status)
							write(w, note)
						},
					})
				}
			}
		}
	}
	return all
}

// set makes a handler that sets fields and writes something.
func set(pairs ...string) func(http.ResponseWriter, *http.Request, noter) {
	return func(w http.ResponseWriter, _ *http.Request, _ noter) {
		for i := 0; i < len(pairs); i += 2 {
			w.Header().Add(pairs[i], pairs[i+1])
		}
		if w.Header().Get("Content-Length") == "" {
			say(w, "content")
		}
	}
}

// writes makes a handler that writes pieces.
func writes(pieces ...string) func(http.ResponseWriter, *http.Request, noter) {
	return func(w http.ResponseWriter, _ *http.Request, note noter) {
		for _, p := range pieces {
			n, err := w.Write([]byte(p))
			note(n, err)
		}
	}
}

func many(h http.Header, n int) {
	for i := range n {
		h.Add(fmt.Sprintf("X-%d", (i*7)%n), fmt.Sprint(i))
		h.Add("X-Same", fmt.Sprint(i))
	}
}

func say(w io.Writer, s string) { _, _ = w.Write([]byte(s)) }

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
