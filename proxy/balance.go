package proxy

import (
	"slices"
	"sync"
	"time"
)

// A set is the upstreams of a Reverse. Which one is next is a matter of weights: in each round an upstream gets as many requests as it has
// weight, and those of different ones are mixed.
type set struct {
	mu  sync.Mutex
	all []*Upstream
}

// next returns the upstream for a request, one that has not been tried; nil if all have been. Of those that are not fit one is taken
// only if there is no other.
func (s *set) next(tried []*Upstream) *Upstream {
	if len(s.all) == 1 {
		if len(tried) > 0 {
			return nil
		}
		return s.all[0]
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.turn(func(u *Upstream) bool { return u.fit(now) && !slices.Contains(tried, u) }); u != nil {
		return u
	}
	return s.turn(func(u *Upstream) bool { return !slices.Contains(tried, u) })
}

// turn gives each of those that may a share of its weight, and takes all that was given from the one that has most. s.mu is held.
func (s *set) turn(may func(*Upstream) bool) *Upstream {
	var best *Upstream
	total := 0
	for _, u := range s.all {
		if !may(u) {
			continue
		}
		u.share += u.Weight
		total += u.Weight
		if best == nil || u.share > best.share {
			best = u
		}
	}
	if best != nil {
		best.share -= total
	}
	return best
}

// failed notes that the upstream could not be reached, or broke off: it is left alone for a while.
func (u *Upstream) failed(rest time.Duration) {
	u.resting.Store(time.Now().Add(rest).UnixNano())
}

// succeeded notes that the upstream has answered.
func (u *Upstream) succeeded() {
	if u.resting.Load() != 0 {
		u.resting.Store(0)
	}
}
