package load

import (
	"math"
	"math/rand/v2"
	"time"
)

// A plan says when requests are due in an open loop: at a rate that grows from 0 for as long as the ramp takes, and is constant after it. It is fixed before
// the run: nothing that a server does changes it.
type plan struct {
	rate float64 // a second
	ramp float64 // seconds
	rng  *rand.Rand
	x    float64 // how many requests are due until the next one: the integral of the rate
	next int64   // when it is due: nanoseconds from the start
}

// newPlan makes a plan for requests that come evenly, or with poisson as those of many independent users do, whose distances are distributed exponentially. The seed
// is that of their randomness.
func newPlan(rate float64, ramp time.Duration, poisson bool, seed uint64) *plan {
	p := &plan{rate: rate, ramp: ramp.Seconds()}
	if poisson {
		p.rng = rand.New(rand.NewPCG(seed, seed))
		p.x = p.rng.ExpFloat64()
	}
	p.next = p.at(p.x)
	return p
}

// step goes on to the next request.
func (p *plan) step() {
	if p.rng == nil {
		p.x++
	} else {
		p.x += p.rng.ExpFloat64()
	}
	p.next = p.at(p.x)
}

// at returns when the x-th request is due: during the ramp x = rate/ramp * t^2/2, and half as many have come in it as would have without.
func (p *plan) at(x float64) int64 {
	seconds := x/p.rate + p.ramp/2
	if x < p.rate*p.ramp/2 {
		seconds = math.Sqrt(2 * x * p.ramp / p.rate)
	}
	if seconds >= math.MaxInt64/1e9 {
		return math.MaxInt64
	}
	return int64(math.Round(seconds * 1e9))
}
