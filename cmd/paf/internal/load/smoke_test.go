package load

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
)

var (
	tURL = flag.String("turl", "", "")
	tC   = flag.Int("tc", 64, "")
	tM   = flag.Int("tm", 1, "")
	tR   = flag.Float64("tr", 0, "")
	tN   = flag.Int64("tn", 0, "")
	tD   = flag.Duration("td", 3*time.Second, "")
	tH2  = flag.Bool("th2", false, "")
	tP   = flag.Int("tp", 1, "")
	prof = flag.String("tprof", "", "")
)

func TestSmoke(t *testing.T) {
	if *tURL == "" {
		t.Skip()
	}
	o := Options{URL: *tURL, Connections: *tC, Streams: *tM, Rate: *tR, Number: *tN, Pipeline: *tP}
	if *tN == 0 {
		o.Duration = *tD
	}
	if *tH2 {
		o.Protocol = paf.HTTP2
	}
	o.TLS.Insecure = true
	if *prof != "" {
		f, _ := os.Create(*prof)
		pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	var a, b syscall.Rusage
	syscall.Getrusage(0, &a)
	r, err := Run(context.Background(), o)
	syscall.Getrusage(0, &b)
	if err != nil {
		t.Fatal(err)
	}
	cpu := time.Duration(b.Utime.Nano() + b.Stime.Nano() - a.Utime.Nano() - a.Stime.Nano())
	fmt.Printf("%d in %v: %.0f/s cpu/req %v p50 %v p99 %v max %v svc p99 %v failures %v rss %dM statuses %v\n", r.Answered(), r.Length, r.Rate(), cpu/time.Duration(max(1, r.Answered())),
		time.Duration(r.Latency.At(50)), time.Duration(r.Latency.At(99)), time.Duration(r.Latency.Max()), time.Duration(r.Service.At(99)), r.FailedCount(), b.Maxrss>>10, r.Statuses)
	for k, f := range r.Failures {
		fmt.Println(k, f.Count, f.Example)
	}
}
