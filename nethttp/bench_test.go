package nethttp_test

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/nethttp"
)

// A tape is a flow whose peer has sent everything beforehand, and reads whatever comes: what is left of the cost of an
// exchange is paf's and the adaptor's own.
type tape struct {
	head  []byte // what comes first
	unit  []byte // a request
	left  int    // units to come
	taken int    // bytes of the unit that is being read
	step  func(unit []byte)
}

func (f *tape) Read(p []byte) (n int, err error) {
	if len(f.head) > 0 {
		n = copy(p, f.head)
		f.head = f.head[n:]
		return n, nil
	}
	for n < len(p) && f.left > 0 {
		m := copy(p[n:], f.unit[f.taken:])
		n += m
		if f.taken += m; f.taken == len(f.unit) {
			f.taken = 0
			f.left--
			if f.step != nil {
				f.step(f.unit)
			}
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (f *tape) Write(p []byte) (int, error) { return len(p), nil }
func (f *tape) Close() error                { return nil }

func serveTape(b *testing.B, f *tape, protocol paf.Protocol) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "Hello, World!")
	})
	s := &paf.Server{Handler: nethttp.Handler(h), Protocol: protocol, Log: slog.New(slog.DiscardHandler),
		Limits: engine.Limits{Streams: -1, Resets: -1}} // the tape does not wait for answers
	f.left = b.N
	b.ReportAllocs()
	b.ResetTimer()
	err := s.ServeFlow(context.Background(), f)
	b.StopTimer()
	if f.left != 0 {
		b.Fatalf("%d requests are left: %v", f.left, err)
	}
}

// BenchmarkHandlerHTTP1 is a whole exchange of a server, pipelined, with an http.Handler.
func BenchmarkHandlerHTTP1(b *testing.B) {
	request := "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n"
	serveTape(b, &tape{unit: []byte(request)}, paf.HTTP11)
}

// BenchmarkHandlerHTTP1Browser is the same with the fields of a browser.
func BenchmarkHandlerHTTP1Browser(b *testing.B) {
	request := "GET /plaintext?q=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\nAccept-Language: en\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nReferer: http://127.0.0.1:8080/\r\nCookie: session=0123456789abcdef\r\n" +
		"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nUpgrade-Insecure-Requests: 1\r\n\r\n"
	serveTape(b, &tape{unit: []byte(request)}, paf.HTTP11)
}

// BenchmarkHandlerHTTP1Changing is the same with a head that is another one each time.
func BenchmarkHandlerHTTP1Changing(b *testing.B) {
	request := "GET /plaintext?q=10000000 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\n\r\n"
	n := uint32(0)
	serveTape(b, &tape{unit: []byte(request), step: func(unit []byte) {
		n++
		for i, at := n, 24; at > 17; i, at = i/10, at-1 {
			unit[at] = '0' + byte(i%10)
		}
	}}, paf.HTTP11)
}

// BenchmarkHandlerHTTP2 is the same over HTTP/2, with heads that the dynamic table knows.
func BenchmarkHandlerHTTP2(b *testing.B) {
	var enc hpack.Encoder
	block := func() (block []byte) {
		for _, f := range []hpack.Field{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "127.0.0.1:8080"},
			{Name: ":path", Value: "/plaintext"}, {Name: "user-agent", Value: "h2load"}, {Name: "accept", Value: "*/*"}} {
			block = enc.AppendField(block, f)
		}
		return block
	}
	headers := func(id uint32, block []byte) []byte {
		return append([]byte{0, 0, byte(len(block)), 1, 5, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}, block...)
	}
	head := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\x00\x00\x00")
	for id := uint32(1); id < 9; id += 2 { // until the encoder has put all into its table
		head = append(head, headers(id, block())...)
	}
	serveTape(b, &tape{head: head, unit: headers(9, block()), step: func(unit []byte) {
		binary.BigEndian.PutUint32(unit[5:], binary.BigEndian.Uint32(unit[5:])+2)
	}}, paf.HTTP2)
}
