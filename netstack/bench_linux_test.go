package netstack_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/netstack"
)

// BenchmarkBulk is one connection between two stacks in memory; both sides are in the figure.
func BenchmarkBulk(b *testing.B) {
	for _, c := range []struct {
		name string
		mtu  int
	}{{"MTU65535", 65535}, {"MTU1500", 1500}} {
		b.Run(c.name, func(b *testing.B) {
			x, y := netstack.Pair()
			x.MTU, y.MTU = c.mtu, c.mtu
			one, two := stacksOn(b, x, y)
			bulk(b, one, two)
		})
	}
}

func bulk(b *testing.B, one, two *netstack.Stack) {
	from, to := connect(b, one, two, twoV4)
	p := make([]byte, 1<<20)
	b.SetBytes(int64(len(p)))
	done := make(chan error, 1)
	go func() { _, err := drain(to); done <- err }()
	begun := cpu(b)
	for b.Loop() {
		if _, err := from.Write(p); err != nil {
			b.Fatal(err)
		}
	}
	_ = from.Close()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64((cpu(b)-begun).Microseconds())/float64(b.N), "CPU-µs/MiB")
}

// BenchmarkExchange is a request and its answer of 13 bytes, over stacks in memory.
func BenchmarkExchange(b *testing.B) {
	one, two := stacks(b)
	serve(b, two, &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = w.Write([]byte("Hello, world!")) })})
	client := clientOn(b, one, paf.HTTP11)
	for b.Loop() {
		resp, err := client.Get(b.Context(), "http://"+twoV4+"/")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := drain(resp.Body); err != nil {
			b.Fatal(err)
		}
		_ = resp.Body.Close()
	}
}

// cpu is the time that the process has taken.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
