//go:build !race

package nethttp_test

import (
	"flag"
	"testing"
)

// What an exchange costs in memory, the handler's own included. The race detector makes pools forget: under it this is not counted.
func TestMemoryOfAnExchange(t *testing.T) {
	times := flag.Lookup("test.benchtime")
	before := times.Value.String()
	defer func() { _ = times.Value.Set(before) }()
	_ = times.Value.Set("20000x")
	for _, test := range []struct {
		name  string
		bench func(*testing.B)
		most  int64 // bytes
	}{
		{"HTTP/1", BenchmarkHandlerHTTP1, 2000}, {"HTTP/2", BenchmarkHandlerHTTP2, 3000},
		{"content that is copied", BenchmarkHandlerContent, 3000}, {"content that is not read to its end", BenchmarkHandlerJSON, 4000},
	} {
		if n := testing.Benchmark(test.bench).AllocedBytesPerOp(); n > test.most {
			t.Errorf("%s: %d bytes an exchange, more than %d", test.name, n, test.most)
		}
	}
}
