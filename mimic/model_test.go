package mimic_test

import (
	"cmp"
	"slices"
)

// This file is a second, naive reading of what a context means, for FuzzResolve
// to compare with: flat lists, and everything computed at once.

// The keys of the model are numbers; keyModels says what they are.
type keyModel struct {
	name     string
	protocol bool
	priority int
	registry int // 0: none
	number   int // of the registration
}

const last = 1 << 20 // stands for no priority

var keyModels = []keyModel{
	{"a", true, 20, 1, 1},
	{"b", true, 20, 1, 2},
	{"c", true, 10, 0, 0},
	{"d", true, last, 0, 0},
	{"e", false, last, 0, 0},
	{"f", false, last, 0, 0},
	{"g", false, last, 0, 0},
}

type argKind int

const (
	required argKind = iota
	optional
	defaulted
	mapped
	argKinds
)

type argModel struct {
	key  int
	kind argKind
}

type outcome int

const (
	gives outcome = iota
	skips
	fails
	panics
	outcomes
)

type functionModel struct {
	args    []argModel
	plus    int
	outcome outcome
}

type bindingModel struct {
	key   int
	value int
	fn    *functionModel // nil: plain
}

// A contextModel lists bindings, oldest first.
type contextModel []bindingModel

func (c contextModel) with(b bindingModel) contextModel { return append(slices.Clone(c), b) }

func (c contextModel) replace(b bindingModel) contextModel {
	kept := slices.DeleteFunc(slices.Clone(c), func(o bindingModel) bool { return o.key == b.key && o.fn == nil })
	return append(kept, b)
}

func (c contextModel) get(key int) (int, bool) {
	for _, b := range slices.Backward(c) {
		if b.key == key && b.fn == nil {
			return b.value, true
		}
	}
	return 0, false
}

// An entry is a binding in the order of Unfold, and what came of it.
type entry struct {
	bindingModel
	done, ok bool
}

// order sorts the bindings by a tuple of numbers.
func (c contextModel) order() []entry {
	type ranked struct {
		entry
		rank []int
	}
	var rs []ranked
	group := map[int]int{}
	for age, b := range slices.Backward(c) {
		k := keyModels[b.key]
		g := -1 - b.key
		if k.registry != 0 {
			g = k.registry
		}
		if _, ok := group[g]; !ok {
			group[g] = len(group)
		}
		rs = append(rs, ranked{entry{bindingModel: b, done: b.fn == nil, ok: b.fn == nil},
			[]int{number(!k.protocol), k.priority, number(b.fn != nil), group[g], -k.number, -age}})
	}
	slices.SortFunc(rs, func(a, b ranked) int { return slices.CompareFunc(a.rank, b.rank, cmp.Compare) })
	es := make([]entry, len(rs))
	for i, r := range rs {
		es[i] = r.entry
	}
	return es
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A modelRun is what computing all of a context comes to.
type modelRun struct {
	es            []entry
	plain         func(key int) (int, bool)
	cycle, failed bool
}

func (c contextModel) run() *modelRun {
	r := &modelRun{es: c.order(), plain: c.get}
	for r.step() {
	}
	return r
}

// step runs one function, or ends one cycle; false when all is done.
func (r *modelRun) step() bool {
	var waiting []int
	for i, e := range r.es {
		if e.done {
			continue
		}
		if r.all(e, r.settled) {
			r.compute(i)
			return true
		}
		waiting = append(waiting, i)
	}
	if len(waiting) == 0 {
		return false
	}
	knot := r.knot(waiting)
	for _, i := range knot {
		if r.all(r.es[i], func(key int) bool { return r.settled(key) || r.has(key) }) {
			r.compute(i)
			return true
		}
	}
	r.cycle = true
	for _, i := range r.loop(knot[0]) {
		r.es[i].done = true
	}
	return true
}

func (r *modelRun) all(e entry, is func(key int) bool) bool {
	return !slices.ContainsFunc(e.fn.args, func(a argModel) bool { return !is(a.key) })
}

func (r *modelRun) settled(key int) bool { return len(r.open(key)) == 0 }

func (r *modelRun) has(key int) bool {
	_, ok := r.lookup(key)
	return ok
}

// open returns the functions that have to run before key is settled.
func (r *modelRun) open(key int) (is []int) {
	if _, ok := r.plain(key); ok {
		return nil
	}
	for i, e := range r.es {
		if e.key == key && !e.done {
			is = append(is, i)
		}
	}
	return is
}

func (r *modelRun) lookup(key int) (int, bool) {
	if v, ok := r.plain(key); ok {
		return v, true
	}
	for _, e := range r.es {
		if e.key == key && e.ok {
			return e.value, true
		}
	}
	return 0, false
}

// compute does by hand what the functions of FuzzResolve do.
func (r *modelRun) compute(i int) {
	e := &r.es[i]
	e.done = true
	sum := e.fn.plus
	for _, a := range e.fn.args {
		v, ok := r.lookup(a.key)
		switch {
		case !ok && (a.kind == required || a.kind == mapped):
			return
		case !ok:
			v = 7
		case a.kind == mapped:
			v = 2*v + 1
		}
		sum += v
	}
	e.value, e.ok = sum, e.fn.outcome == gives
	r.failed = r.failed || e.fn.outcome == fails || e.fn.outcome == panics
}

// knot returns functions that reach each other and nothing else, by the transitive
// closure of who waits for whom.
func (r *modelRun) knot(waiting []int) []int {
	reach := map[[2]int]bool{}
	for _, i := range waiting {
		for _, a := range r.es[i].fn.args {
			for _, j := range r.open(a.key) {
				reach[[2]int{i, j}] = true
			}
		}
	}
	for _, k := range waiting {
		for _, i := range waiting {
			for _, j := range waiting {
				if reach[[2]int{i, k}] && reach[[2]int{k, j}] {
					reach[[2]int{i, j}] = true
				}
			}
		}
	}
	for _, i := range waiting {
		var knot []int
		bottom := true
		for _, j := range waiting {
			if reach[[2]int{i, j}] {
				knot = append(knot, j)
				bottom = bottom && reach[[2]int{j, i}]
			}
		}
		if bottom {
			return knot
		}
	}
	panic("model: no knot")
}

// loop follows what blocks i until a key comes twice.
func (r *modelRun) loop(i int) []int {
	var path []int
	for {
		if at := slices.IndexFunc(path, func(j int) bool { return r.es[j].key == r.es[i].key }); at >= 0 {
			return path[at:]
		}
		path = append(path, i)
		for _, a := range r.es[i].fn.args {
			if !r.settled(a.key) && !r.has(a.key) {
				i = r.open(a.key)[0]
				break
			}
		}
	}
}
