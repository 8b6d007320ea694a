package nethttp_test

import (
	"net/http"
	"strings"
)

// ok is a response that leaves the connection open.
const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func get(*http.Request) {}

func method(name string) func(*http.Request) {
	return func(r *http.Request) { r.Method = name }
}

// besideRaw are the cases in which a socket answers, as servers do that are odd, broken or hostile.
func besideRaw() []besideCase {
	raw := func(name string, responses ...string) besideCase {
		return besideCase{name: "raw/" + name, raw: responses}
	}
	two := func(c besideCase) besideCase { c.ask = []func(*http.Request){get, get}; return c }
	by := func(m string, c besideCase) besideCase { c.ask = []func(*http.Request){method(m)}; return c }
	differs := func(why string, c besideCase) besideCase { c.differs = why; return c }
	return []besideCase{
		two(raw("plain", okResponse)),
		two(raw("no reason", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok")),
		two(raw("a reason of its own", "HTTP/1.1 200 Very well indeed\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("a status that nobody knows", "HTTP/1.1 299 X\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("a status beyond 599", "HTTP/1.1 777 X\r\nContent-Length: 2\r\n\r\nok")),
		raw("a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
		raw("a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"),
		raw("a status that is none", "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok"),
		differs("paf says that the head is not whole", raw("no HTTP", "SSH-2.0-OpenSSH\r\n\x00")),
		raw("nothing", ""),
		differs("paf says that the head is not whole", raw("half a head", "HTTP/1.1 200 OK\r\nConte\x00")),
		raw("a head without an end", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\x00"),
		two(raw("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok\x00")),
		two(raw("HTTP/1.0 that stays", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("HTTP/1.0 without a length", "HTTP/1.0 200 OK\r\n\r\nall there is\x00")),
		two(raw("no length", "HTTP/1.1 200 OK\r\n\r\nall there is\x00")),
		two(raw("close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok\x00")),
		two(raw("close, in other letters", "HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 2\r\n\r\nok\x00")),
		two(raw("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")),
		two(raw("chunks with extensions", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0;c\r\n\r\n")),
		two(raw("chunks in hexadecimal", "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n00A\r\n0123456789\r\n0\r\n\r\n")),
		two(raw("chunks and a trailer section", "HTTP/1.1 200 OK\r\nTrailer: A, b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: 1\r\nb: 2\r\n\r\n")),
		two(raw("a trailer section that nobody announced", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nC: 3\r\n\r\n")),
		raw("chunks that end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok\x00"),
		raw("chunks without the last one", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n\x00"),
		raw("a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\nok\r\n0\r\n\r\n\x00"),
		raw("a chunk that is too long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\noki\r\n0\r\n\r\n\x00"),
		raw("less than the length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok\x00"),
		raw("more than the length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\noklahoma"),
		raw("a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"),
		raw("a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"),
		raw("a length beyond all", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok"),
		raw("two lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\noky\x00"),
		differs("RFC 9112, Section 6.3: what one recipient reads so and another otherwise is an error here",
			raw("two lengths alike", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok")),
		differs("RFC 9112, Section 6.3: \"ought to be handled as an error\"",
			raw("a length beside chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")),
		raw("a coding that nobody knows", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok\x00"),
		raw("two codings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n\x00"),
		differs("RFC 9112, Section 6.1: chunks in HTTP/1.0 are faulty framing",
			raw("chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\x00")),
		two(raw("an empty value", "HTTP/1.1 200 OK\r\nA:\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("space around a value", "HTTP/1.1 200 OK\r\nA: \t b \t\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("fields many times", "HTTP/1.1 200 OK\r\nA: 1\r\nb: 2\r\na: 3\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("bytes beyond ASCII", "HTTP/1.1 200 OK\r\nA: gr\xfc\xdfe\r\nContent-Length: 2\r\n\r\nok")),
		raw("a line without a colon", "HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 2\r\n\r\nok"),
		raw("a line without a name", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\nok"),
		differs("RFC 9112, Section 5.1: no white space between field name and colon",
			raw("space before a colon", "HTTP/1.1 200 OK\r\nA : x\r\nContent-Length: 2\r\n\r\nok")),
		differs("RFC 9112, Section 5.2: lines are not folded",
			raw("a folded line", "HTTP/1.1 200 OK\r\nA: x\r\n y\r\nContent-Length: 2\r\n\r\nok")),
		differs("RFC 9112, Section 2.2: lines end in CRLF", raw("bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok")),
		two(raw("a cookie", "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("Pragma", "HTTP/1.1 200 OK\r\nPragma: no-cache\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("100", "HTTP/1.1 100 Continue\r\n\r\n"+okResponse)),
		two(raw("103", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"+okResponse)),
		raw("1xx for ever", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>; "+strings.Repeat("x", 1<<20)+"\r\n\r\n", 12)+okResponse),
		raw("a head of 11 MiB", "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("x", 11<<20)+"\r\nContent-Length: 2\r\n\r\nok"),
		two(raw("a head of 1 MiB", "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("x", 1<<20)+"\r\nContent-Length: 2\r\n\r\nok")),
		two(raw("a thousand fields", "HTTP/1.1 200 OK\r\n"+strings.Repeat("A: x\r\n", 1000)+"Content-Length: 2\r\n\r\nok")),
		two(raw("204", "HTTP/1.1 204 No Content\r\n\r\n")),
		two(raw("205", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n")),
		two(raw("304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")),
		by("HEAD", raw("HEAD with a length", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")),
		by("HEAD", raw("HEAD with chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")),
		by("HEAD", raw("HEAD without anything", "HTTP/1.1 200 OK\r\n\r\n")),
		by("PURGE", raw("a method of its own", okResponse)),
		two(raw("a server that closes what it has kept", okResponse, "")),
		{name: "raw/a POST on what the server closes", raw: []string{okResponse, ""}, ask: []func(*http.Request){get, posted("x")}},
		{name: "raw/a POST that may be repeated", raw: []string{okResponse, ""}, ask: []func(*http.Request){get, func(r *http.Request) {
			posted("x")(r)
			r.Header.Set("Idempotency-Key", "1")
		}}},
		{name: "raw/bytes", raw: []string{okResponse}, ask: []func(*http.Request){
			get, method("HEAD"), method("POST"), method("PUT"), method("PATCH"), method("DELETE"), method("OPTIONS"),
			posted("some content"), chunkedPost("some", "content"), func(r *http.Request) { r.Close = true },
			func(r *http.Request) {
				r.Header.Set("User-Agent", "me")
				r.Header.Set("Accept", "*/*")
				r.Header["x-lower"] = []string{"a", "b"}
			},
			func(r *http.Request) { r.Header["User-Agent"] = nil }, func(r *http.Request) { r.Header.Set("Accept-Encoding", "br") },
			func(r *http.Request) { r.Header.Set("Range", "bytes=0-1") }, func(r *http.Request) { r.SetBasicAuth("user", "password") },
			func(r *http.Request) { chunkedPost("x")(r); r.Trailer = http.Header{"B": {"2"}, "A": {"1"}} },
			func(r *http.Request) { r.URL.Path, r.URL.RawQuery = "/a b/ü", "q=1&r=%20" }, func(r *http.Request) { r.URL.Opaque = "/%2f/x" },
			func(r *http.Request) { r.Host = "other.test:8080" }, func(r *http.Request) { r.URL.Path = "" },
			func(r *http.Request) {
				posted("x")(r)
				r.Header.Set("Content-Length", "99")
				r.Header.Set("Content-Type", "text/plain")
			},
		}},
		{name: "raw/bytes without keep-alive", raw: []string{okResponse}, set: func(t *http.Transport) { t.DisableKeepAlives = true }, ask: []func(*http.Request){get, posted("x")}},
		{name: "raw/bytes without compression", raw: []string{okResponse}, set: func(t *http.Transport) { t.DisableCompression = true }},
		{name: "raw/fields that are the engine's", raw: []string{okResponse}, differs: "hop-by-hop fields are not the program's to set",
			ask: []func(*http.Request){func(r *http.Request) {
				r.Header.Set("Connection", "keep-alive")
				r.Header.Set("Keep-Alive", "timeout=5")
			}}},
		{name: "raw/odd bytes in a query", raw: []string{okResponse}, differs: "what has no place in a target is percent-encoded",
			ask: []func(*http.Request){func(r *http.Request) { r.URL.RawQuery = "a=ü" }}},
	}
}
