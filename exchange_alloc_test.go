//go:build !race

package paf_test

import (
	"flag"
	"testing"
)

// What an exchange costs beyond a handful for its connection. The race detector makes pools forget: under it this is not counted.
func TestAllocationsOfAnExchange(t *testing.T) {
	times := flag.Lookup("test.benchtime")
	before := times.Value.String()
	defer func() { _ = times.Value.Set(before) }()
	_ = times.Value.Set("20000x")
	for _, test := range []struct {
		name  string
		bench func(*testing.B)
		most  int64
	}{
		{"HTTP/1", BenchmarkServeHTTP1, 1}, {"HTTP/1, borrowed", BenchmarkBorrowHTTP1, 0},
		{"HTTP/2", BenchmarkServeHTTP2, 1}, {"HTTP/2, borrowed", BenchmarkBorrowHTTP2, 0},
	} {
		if n := testing.Benchmark(test.bench).AllocsPerOp(); n > test.most {
			t.Errorf("%s: %d allocations an exchange, more than %d", test.name, n, test.most)
		}
	}
}
