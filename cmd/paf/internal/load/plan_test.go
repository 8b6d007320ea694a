package load

import (
	"math"
	"testing"
	"time"
)

func TestEvenArrivals(t *testing.T) {
	p := newPlan(250, 0, false, 0)
	for i := range int64(1000) {
		if want := i * int64(4*time.Millisecond); p.next != want {
			t.Fatalf("request %d is due at %d, want %d", i, p.next, want)
		}
		p.step()
	}
}

// In a ramp the rate grows evenly: half as many are due in it as would be without, and a quarter of these in its first half.
func TestTheRateGrowsInARamp(t *testing.T) {
	p := newPlan(1000, 10*time.Second, false, 0)
	var half, ramp, second int
	last := int64(-1)
	for p.next < int64(11*time.Second) {
		switch {
		case p.next <= last:
			t.Fatalf("due at %d after %d", p.next, last)
		case p.next < int64(5*time.Second):
			half++
			fallthrough
		case p.next < int64(10*time.Second):
			ramp++
		default:
			second++
		}
		last = p.next
		p.step()
	}
	if half != 1250 || ramp != 5000 || second != 1000 {
		t.Errorf("%d are due in half of the ramp, %d in all of it, %d in the second after it", half, ramp, second)
	}
}

// Those of many users come at the same rate, and in each interval as many as a Poisson distribution says: its variance is its mean.
func TestPoissonArrivals(t *testing.T) {
	p := newPlan(1000, 0, true, 7)
	counts := make([]float64, 2000)
	for {
		i := p.next / int64(50*time.Millisecond)
		if i >= int64(len(counts)) {
			break
		}
		counts[i]++
		p.step()
	}
	var mean, variance float64
	for _, n := range counts {
		mean += n / float64(len(counts))
	}
	for _, n := range counts {
		variance += (n - mean) * (n - mean) / float64(len(counts)-1)
	}
	if math.Abs(mean-50) > 1 || math.Abs(variance/mean-1) > 0.1 {
		t.Errorf("on average %v in 50 ms, with a variance of %v", mean, variance)
	}
}

func TestAPlanHasAnEnd(t *testing.T) {
	p := newPlan(1e-9, 0, false, 0)
	for range 20 {
		p.step()
	}
	if p.next != math.MaxInt64 {
		t.Errorf("the twentieth of one in 30 years is due at %d", p.next)
	}
}
