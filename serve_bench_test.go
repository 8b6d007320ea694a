package paf_test

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
)

// A tape is a flow whose peer has sent everything beforehand, and reads whatever comes: what is left of the cost of an
// exchange is the library's own.
type tape struct {
	head  []byte // what comes first
	unit  []byte // a request, or several
	left  int    // units to come
	taken int    // bytes of the unit that is being read
	wrote int64

	step func(unit []byte) // makes the next unit of this one, if it is not nil
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

func (f *tape) Write(p []byte) (int, error) {
	f.wrote += int64(len(p))
	return len(p), nil
}

func (f *tape) Close() error { return nil }

// serveTape measures b.N exchanges on one connection.
func serveTape(b *testing.B, f *tape, protocol paf.Protocol, h paf.Handler) {
	s := &paf.Server{Handler: h, Protocol: protocol, Log: slog.New(slog.DiscardHandler),
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

var helloWorld = []byte("Hello, World!")

func plaintext(w *paf.ResponseWriter, r *paf.Request) {
	w.Header().Add("Content-Type", "text/plain")
	_, _ = w.Write(helloWorld)
}

// BenchmarkServeHTTP1 is a whole exchange of a server, pipelined, with a native handler.
func BenchmarkServeHTTP1(b *testing.B) { serveHTTP1(b, paf.HandlerFunc(plaintext)) }

// BenchmarkBorrowHTTP1 is the same with a Borrower.
func BenchmarkBorrowHTTP1(b *testing.B) { serveHTTP1(b, paf.BorrowerFunc(plaintext)) }

func serveHTTP1(b *testing.B, h paf.Handler) {
	request := "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n"
	serveTape(b, &tape{unit: []byte(request)}, paf.HTTP11, h)
}

// BenchmarkServeHTTP2 is the same over HTTP/2, with heads that the dynamic table knows.
func BenchmarkServeHTTP2(b *testing.B) { serveHTTP2(b, paf.HandlerFunc(plaintext)) }

// BenchmarkBorrowHTTP2 is the same with a Borrower.
func BenchmarkBorrowHTTP2(b *testing.B) { serveHTTP2(b, paf.BorrowerFunc(plaintext)) }

func serveHTTP2(b *testing.B, h paf.Handler) {
	var enc hpack.Encoder
	block := func() (block []byte) {
		for _, f := range []hpack.Field{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "127.0.0.1:8080"}, {Name: ":path", Value: "/plaintext"}, {Name: "user-agent", Value: "h2load"}, {Name: "accept", Value: "*/*"}} {
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
	}}, paf.HTTP2, h)
}
