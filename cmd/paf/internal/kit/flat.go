package kit

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// Flat runs f and fails the test if this process, which holds both ends, has grown
// by more than limit bytes at any time meanwhile.
func Flat(t testing.TB, limit int64, f func()) {
	t.Helper()
	runtime.GC()
	before := peak()
	f()
	if grown := peak() - before; grown > limit {
		t.Errorf("the process has grown by %d bytes, the limit is %d", grown, limit)
	}
}

// peak returns how large the process has been at most since it was last called, as
// far as the system tells, and else what the heap has been given.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if _, rest, ok := bytes.Cut(status, []byte("VmHWM:")); err == nil && ok {
		line, _, _ := bytes.Cut(rest, []byte("kB"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
		// "5" sets the mark back to the present size (proc(5)).
		if werr := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err == nil && werr == nil {
			return n << 10
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
