package paf_test

import (
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/tape"
)

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
	(&tape.Tape{Unit: []byte(tape.Get)}).Serve(b, paf.HTTP11, h)
}

// BenchmarkServeHTTP2 is the same over HTTP/2, with heads that the dynamic table knows.
func BenchmarkServeHTTP2(b *testing.B) { tape.HTTP2().Serve(b, paf.HTTP2, paf.HandlerFunc(plaintext)) }

// BenchmarkBorrowHTTP2 is the same with a Borrower.
func BenchmarkBorrowHTTP2(b *testing.B) {
	tape.HTTP2().Serve(b, paf.HTTP2, paf.BorrowerFunc(plaintext))
}
