package mimic

import (
	"context"
	"slices"
)

// This file decides which function runs when. A function waits until everything
// bound to the keys it asks for is settled: a plain value settles a key at once,
// for it wins over anything computed; else all functions of the key must have
// run. So each function runs once, after those it needs.
//
// When all that is left waits, there is a knot: functions that wait for each other.
// A knot may have a way in: a key with two functions, one of which is
// outside and has given a value. Then that value will do, and the knot
// unravels from there. If not, it holds a cycle; the functions on it fail.
//
// Knots are looked for where nothing else is waited for, so that what a function is
// given does not depend on which of them was asked for first. Thereby Resolve, which
// computes an endpoint when its turn comes, sees the values that Unfold shows.

// A solver is one resolution. It is used by one goroutine.
type solver struct {
	ctx    context.Context
	keys   map[*definition]*slot
	tasks  []*task // in the order of Unfold
	causes []error
}

// A slot is what a context binds to one key.
type slot struct {
	plain *binding // the newest plain value, or nil
	tasks []*task  // newest first
}

// A task is one function in one resolution.
type task struct {
	*binding
	settled bool
	ok      bool // it has given a value
	value   any
}

func newSolver(ctx context.Context, cs []candidate) *solver {
	s := &solver{ctx: ctx, keys: make(map[*definition]*slot)}
	for i, c := range cs {
		k := s.keys[c.key]
		if k == nil {
			k = new(slot)
			s.keys[c.key] = k
		}
		switch {
		case c.fn != nil:
			t := &task{binding: c.binding}
			cs[i].task = t
			k.tasks = append(k.tasks, t)
			s.tasks = append(s.tasks, t)
		case k.plain == nil:
			k.plain = c.binding
		}
	}
	return s
}

// lookup returns the value that functions are given for d.
func (s *solver) lookup(d *definition) (any, bool) {
	k := s.keys[d]
	if k == nil {
		return nil, false
	}
	if k.plain != nil {
		return k.plain.value, true
	}
	for _, t := range k.tasks {
		if t.ok {
			return t.value, true
		}
	}
	return nil, false
}

// settle runs the functions of wanted and all they wait for. It stops with an
// error when the context.Context has ended.
func (s *solver) settle(wanted ...*task) error {
	waiting := s.reach(wanted...)
	for len(waiting) > 0 {
		if err := ended(s.ctx); err != nil {
			return err
		}
		if i := slices.IndexFunc(waiting, s.ready); i >= 0 {
			s.run(waiting[i])
		} else {
			s.untie(s.knot(waiting))
		}
		waiting = slices.DeleteFunc(waiting, func(t *task) bool { return t.settled })
	}
	return nil
}

// reach returns those of from, and of all they wait for, that are not settled,
// in the order of tasks.
func (s *solver) reach(from ...*task) []*task {
	seen := make(map[*task]bool)
	next := slices.Clone(from)
	for len(next) > 0 {
		t := next[len(next)-1]
		next = next[:len(next)-1]
		if t.settled || seen[t] {
			continue
		}
		seen[t] = true
		for _, d := range t.fn.needs {
			next = append(next, s.awaited(d)...)
		}
	}
	return slices.DeleteFunc(slices.Clone(s.tasks), func(t *task) bool { return !seen[t] })
}

// awaited returns the functions that are waited for by who asks for d.
func (s *solver) awaited(d *definition) []*task {
	if s.settled(d) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.keys[d].tasks), func(t *task) bool { return t.settled })
}

// settled reports whether nobody has to wait for d.
func (s *solver) settled(d *definition) bool {
	k := s.keys[d]
	return k == nil || k.plain != nil ||
		!slices.ContainsFunc(k.tasks, func(t *task) bool { return !t.settled })
}

// ready reports whether everything t asks for is settled.
func (s *solver) ready(t *task) bool {
	return !slices.ContainsFunc(t.fn.needs, func(d *definition) bool { return !s.settled(d) })
}

// run runs the function of t.
func (s *solver) run(t *task) {
	v, err := guard(func() (any, error) { return t.fn.call(s.ctx, s) })
	t.settled, t.ok, t.value = true, err == nil, v
	if err != nil {
		s.causes = append(s.causes, &KeyError{Computing, t.key.name, err})
	}
}

// knot returns functions of waiting, none of which is ready, that wait for each
// other and for nothing else.
func (s *solver) knot(waiting []*task) []*task {
	first := waiting[0]
	for {
		all := s.reach(first)
		i := slices.IndexFunc(all, func(t *task) bool { return !slices.Contains(s.reach(t), first) })
		if i < 0 {
			return all
		}
		first = all[i] // it waits for fewer: not for the one before
	}
}

// untie runs the first function of a knot for which there is a value wherever it
// waits; failing that it ends a cycle.
func (s *solver) untie(knot []*task) {
	for _, t := range knot {
		if s.blocked(t) == nil {
			s.run(t)
			return
		}
	}
	cycle := s.cycle(knot[0])
	err := &CycleError{}
	for _, t := range cycle {
		err.Keys = append(err.Keys, t.key.name)
		t.settled = true
	}
	s.causes = append(s.causes, err)
}

// blocked returns the first key t waits for that has no value yet.
func (s *solver) blocked(t *task) *definition {
	for _, d := range t.fn.needs {
		if _, ok := s.lookup(d); !ok && !s.settled(d) {
			return d
		}
	}
	return nil
}

// cycle follows from t what blocks it until it comes to a key for the second
// time. All that it comes by is of one knot, hence blocked.
func (s *solver) cycle(t *task) []*task {
	var path []*task
	for {
		same := func(u *task) bool { return u.key == t.key }
		if i := slices.IndexFunc(path, same); i >= 0 {
			return path[i:]
		}
		path = append(path, t)
		t = s.awaited(s.blocked(t))[0]
	}
}
