//go:build !race

package proxy_test

import (
	"flag"
	"testing"
)

// What an exchange of a gateway is made of, beyond a handful for its connections: what the handler is given, its context, the fields of the response, the client's
// Response and its content. The race detector makes pools forget: under it this is not counted.
func TestAllocationsOfAPassage(t *testing.T) {
	times := flag.Lookup("test.benchtime")
	before := times.Value.String()
	defer func() { _ = times.Value.Set(before) }()
	_ = times.Value.Set("20000x")
	if r := testing.Benchmark(BenchmarkReverse); r.AllocsPerOp() > 5 || r.AllocedBytesPerOp() > 900 {
		t.Errorf("%d allocations an exchange, %d bytes: more than 5, or than 900", r.AllocsPerOp(), r.AllocedBytesPerOp())
	}
}
