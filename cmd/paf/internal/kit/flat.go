package kit

import (
	"runtime"
	"testing"
)

// Flat runs f and fails the test if this process, which holds both ends, has
// allocated more than limit bytes meanwhile: what was freed again counts too.
func Flat(t testing.TB, limit uint64, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > limit {
		t.Errorf("%d bytes were allocated, the limit is %d", n, limit)
	}
}
