package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// How far two samples are apart was computed by hand. Trimming leaves the 40 out.
func TestChanceIsThatOfSamplesDrawnAgain(t *testing.T) {
	a := []float64{12.1, 9.7, 11.8, 9.4, 12.6, 8.9, 12.2, 9.1, 40, 9.9}
	b := []float64{14.9, 12.2, 15.8, 11.7, 14.1, 12.9, 15.2}
	if d := apart(newDrawing(a, 0).of(a), newDrawing(b, 0).of(b)); math.Abs(d+2.862) > 1e-3 {
		t.Errorf("%g", d)
	}
	p, more := chance(a, b, 0)
	if again, _ := chance(a, b, 0); p != again || more || p < 0.005 || p > 0.05 { // Student's distribution has 0.019
		t.Errorf("%g, %g, %v", p, again, more)
	}
	if _, more := chance(b, a, 0); !more {
		t.Error("b is not more than a")
	}
	if alike, _ := chance(a, b, 0.5); alike < 2*p {
		t.Errorf("%g, and %g if neighbours are alike", p, alike)
	}
	if r := correlation([2][]float64{a, b}); r != 0 {
		t.Errorf("neighbours that are as far from each other as they can be are correlated by %g", r)
	}
	slices.Sort(a)
	slices.Sort(b)
	if r := correlation([2][]float64{a, b}); r < 0.7 {
		t.Errorf("neighbours in order are correlated by %g", r)
	}
	same, other := []float64{3, 3, 3, 3, 3, 3, 9}, []float64{4, 4, 4, 4, 4, 4, 4}
	if p, _ := chance(same, same, 0); p != 1 {
		t.Errorf("%g of the same", p)
	}
	if p, more := chance(other, []float64{5, 5, 5, 5, 5, 5, 5}, 0); p > 0.001 || more {
		t.Errorf("%g of what never varies, %v", p, more)
	}
}

// Where nothing differs each p is as frequent as any other: that is what makes it one.
func TestChanceIsAsFrequentAsItSays(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{7, 12, 30} {
		below := map[float64]int{}
		const pairs = 400
		for range pairs {
			var of [2][]float64
			for i := range of {
				for range n {
					of[i] = append(of[i], math.Exp(random.NormFloat64()/4))
				}
			}
			p, _ := chance(of[0], of[1], 0)
			for _, bound := range []float64{0.01, 0.05, 0.2} {
				if p < bound {
					below[bound]++
				}
			}
		}
		t.Logf("%d values: %v of %d", n, below, pairs)
		for bound, got := range below {
			if most := bound*pairs*1.4 + 4; float64(got) > most {
				t.Errorf("%d values: %d of %d are below %g", n, got, pairs, bound)
			}
		}
	}
}
