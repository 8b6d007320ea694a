package report

import (
	"math"
	"slices"
	"testing"
)

// The p was found by integrating Student's density, in another language. Trimming leaves the 40 out.
func TestChanceIsThatOfYuen(t *testing.T) {
	a := []float64{12.1, 9.7, 11.8, 9.4, 12.6, 8.9, 12.2, 9.1, 40, 9.9}
	b := []float64{14.9, 12.2, 15.8, 11.7, 14.1, 12.9, 15.2}
	if p, more := yuen(a, b, 0); math.Abs(p-0.018986943) > 1e-6 || more {
		t.Errorf("%g, %v", p, more)
	}
	if p, more := yuen(b, a, 0); math.Abs(p-0.018986943) > 1e-6 || !more {
		t.Errorf("%g, %v", p, more)
	}
	// Three times the variance, as of 17 values that say no more than six: t is 2.862/√3.
	if p, _ := yuen(a, b, 0.5); math.Abs(p-0.1333386) > 1e-5 {
		t.Errorf("%g, if neighbours are alike", p)
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
	if p, _ := yuen(same, same, 0); p != 1 {
		t.Errorf("%g of the same", p)
	}
	if p, more := yuen(same, other, 0); p != 0 || more {
		t.Errorf("%g of what never varies, %v", p, more)
	}
}
