package load

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

func TestMem(t *testing.T) {
	if *tURL == "" {
		t.Skip()
	}
	o := Options{URL: *tURL, Connections: *tC, Duration: *tD}
	o.Live = func(ctx context.Context, r *record.Recorder, clock func() int64) {
		time.Sleep(*tD / 2)
		runtime.GC()
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Printf("heapinuse %dM alloc %dM stack %dM sys %dM numgc %d mallocs %d\n", m.HeapInuse>>20, m.HeapAlloc>>20, m.StackInuse>>20, m.Sys>>20, m.NumGC, m.Mallocs)
		f, _ := os.Create("/tmp/s8/heap.prof")
		pprof.WriteHeapProfile(f)
		f.Close()
		runtime.ReadMemStats(&m)
		a := m.Mallocs
		time.Sleep(*tD / 4)
		runtime.ReadMemStats(&m)
		fmt.Println("mallocs", m.Mallocs-a)
	}
	f, _ := os.Create("/tmp/s8/mem.cpu")
	pprof.StartCPUProfile(f)
	r, err := Run(context.Background(), o)
	pprof.StopCPUProfile()
	fmt.Println(r.Rate(), err)
}
