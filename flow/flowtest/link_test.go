package flowtest_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
)

func TestLinkTakesTheTimeOfItsPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := flowtest.Link(flowtest.Path{Delay: 50 * time.Millisecond, Rate: 1 << 20})
		start := time.Now()
		go func() {
			_, _ = a.Write(make([]byte, 2<<20))
			_ = flow.PowersOf(a).CloseWriter.CloseWrite()
		}()
		n, err := io.Copy(io.Discard, b)
		if err != nil || n != 2<<20 {
			t.Errorf("%d bytes, %v", n, err)
		}
		if took := time.Since(start); took < 2050*time.Millisecond || took > 2060*time.Millisecond {
			t.Errorf("2 MiB at 1 MiB a second and 50 ms took %v", took)
		}
		_ = a.Close()
		_ = b.Close()
	})
}
