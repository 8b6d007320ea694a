package nethttp_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/tape"
	"github.com/paf-go/paf/nethttp"
)

var greeting = nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "Hello, World!")
}))

// BenchmarkHandlerHTTP1 is a whole exchange of a server, pipelined, with an http.Handler.
func BenchmarkHandlerHTTP1(b *testing.B) {
	(&tape.Tape{Unit: []byte(tape.Get)}).Serve(b, paf.HTTP11, greeting)
}

// BenchmarkHandlerHTTP1Browser is the same with the fields of a browser.
func BenchmarkHandlerHTTP1Browser(b *testing.B) {
	request := "GET /plaintext?q=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\nAccept-Language: en\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nReferer: http://127.0.0.1:8080/\r\nCookie: session=0123456789abcdef\r\n" +
		"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nUpgrade-Insecure-Requests: 1\r\n\r\n"
	(&tape.Tape{Unit: []byte(request)}).Serve(b, paf.HTTP11, greeting)
}

// BenchmarkHandlerHTTP1Changing is the same with a head that is another one each time.
func BenchmarkHandlerHTTP1Changing(b *testing.B) {
	request := "GET /plaintext?q=10000000 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\n\r\n"
	n := uint32(0)
	(&tape.Tape{Unit: []byte(request), Step: func(unit []byte) {
		n++
		for i, at := n, 24; at > 17; i, at = i/10, at-1 {
			unit[at] = '0' + byte(i%10)
		}
	}}).Serve(b, paf.HTTP11, greeting)
}

// BenchmarkHandlerContent is the same with a handler that copies its content, as http.FileServer does.
func BenchmarkHandlerContent(b *testing.B) {
	page := bytes.Repeat([]byte("x"), 1000)
	h := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "page.txt", time.Time{}, bytes.NewReader(page))
	}))
	(&tape.Tape{Unit: []byte(tape.Get)}).Serve(b, paf.HTTP11, h)
}

// BenchmarkHandlerJSON is the same with content that the handler does not read to its end.
func BenchmarkHandlerJSON(b *testing.B) {
	h := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v struct{ A int }
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			b.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(&v)
	}))
	request := "POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"A\":12}"
	(&tape.Tape{Unit: []byte(request)}).Serve(b, paf.HTTP11, h)
}

// BenchmarkHandlerHTTP2 is the same over HTTP/2, with heads that the dynamic table knows.
func BenchmarkHandlerHTTP2(b *testing.B) { tape.HTTP2().Serve(b, paf.HTTP2, greeting) }
