package proxy

import (
	"slices"
	"sync"
	"time"
)

// A set is the upstreams of a Reverse. Which one is next is a matter of weights: in each round an upstream gets as many requests as it has
// weight, and those of different ones are mixed.
type set struct {
	all []*Upstream

	mu    sync.Mutex
	turns []turn // of all: they are the set's own, for an upstream may be in the set that comes after it, too
}

// A turn is what an upstream has of a round.
type turn struct{ weight, share int }

func (s *set) add(u *Upstream) {
	s.all, s.turns = append(s.all, u), append(s.turns, turn{weight: max(u.Weight, 1)})
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
	best, total := -1, 0
	for i, u := range s.all {
		if !may(u) {
			continue
		}
		t := &s.turns[i]
		t.share += t.weight
		total += t.weight
		if best < 0 || t.share > s.turns[best].share {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	s.turns[best].share -= total
	return s.all[best]
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
