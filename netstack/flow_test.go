package netstack_test

import (
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
)

func TestAConnectionOfIPv4IsAFlow(t *testing.T) { flowtest.Run(t, overStacks(twoV4)) }
func TestAConnectionOfIPv6IsAFlow(t *testing.T) { flowtest.Run(t, overStacks(twoV6)) }

func BenchmarkBulk(b *testing.B) {
	one, two := stacks(b)
	from, to := connect(b, one, two, twoV4)
	const size = 1 << 20
	b.SetBytes(size)
	done := make(chan error, 1)
	go func() { _, err := drain(to); done <- err }()
	p := make([]byte, 64<<10)
	start := time.Now()
	for b.Loop() {
		for n := 0; n < size; n += len(p) {
			if _, err := from.Write(p); err != nil {
				b.Fatal(err)
			}
		}
	}
	_ = start
	_ = flow.PowersOf(from).CloseWriter.CloseWrite()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
