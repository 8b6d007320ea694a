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
	// "5" sets the mark of the largest size back to the present size (proc(5)).
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	before := size()
	f()
	if grown := size() - before; grown > limit {
		t.Errorf("the process has grown by %d bytes, the limit is %d", grown, limit)
	}
}

// size returns the size of the process at its largest, as far as the system
// tells, else what the runtime has got from it.
func size() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if _, rest, ok := bytes.Cut(status, []byte("VmHWM:")); err == nil && ok {
		line, _, _ := bytes.Cut(rest, []byte("kB"))
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64); err == nil {
			return n << 10
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
