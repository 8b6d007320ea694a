package kit

import (
	"runtime"
	"testing"
)

func TestFlatSeesWhatWasFreedAgain(t *testing.T) {
	var seen recorder
	Flat(&seen, 32<<20, func() {
		p := make([]byte, 100<<20)
		for i := 0; i < len(p); i += 4096 {
			p[i] = 1
		}
		runtime.KeepAlive(p)
	})
	if !seen.failed {
		t.Error("100 MiB were not seen")
	}
}

// A recorder is a test that notes its failure.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
