package mimic_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/paf-go/paf/mimic"
)

func cycleOf(t *testing.T, err error) []string {
	t.Helper()
	var cycle *mimic.CycleError
	if !errors.As(err, &cycle) {
		t.Fatalf("error %v: is no CycleError", err)
	}
	return cycle.Keys
}

func TestCycleIsDetectedThroughEveryKindOfArgument(t *testing.T) {
	ip, name := mimic.NewKey[int]("ip"), mimic.NewKey[int]("name")
	for claim, arg := range map[string]mimic.Arg[int]{
		"Req":     mimic.Req(ip),
		"Opt":     mimic.Map1(mimic.Opt(ip), func(*int) (int, error) { return 1, nil }),
		"Default": mimic.Default(ip, 1),
		"Map":     mimic.Map1(mimic.Map1(mimic.Req(ip), double), double),
	} {
		c := mimic.Fold1(mimic.Context{}, ip, mimic.Req(name), succ)
		c = mimic.Fold1(c, name, arg, succ)
		_, err := c.Resolve(t.Context())
		is(t, err, mimic.ErrCycle, mimic.ErrNotFound)
		equals(t, claim, cycleOf(t, err), "name", "ip")
		if !strings.Contains(err.Error(), "name → ip → name") {
			t.Errorf("%s: error %q does not draw the cycle", claim, err)
		}
		_, err = c.Unfold(t.Context())
		is(t, err, mimic.ErrCycle)
		for _, k := range []mimic.Key[int]{ip, name} { // either value breaks it
			if _, err := mimic.Add(c, k, 1).Unfold(t.Context()); err != nil {
				t.Errorf("%s with %s: %v", claim, k.Name(), err)
			}
		}
	}
}

func double(n int) (int, error) { return 2 * n, nil }

func TestAKeyThatNeedsItselfIsACycle(t *testing.T) {
	n := mimic.NewKey[int]("n")
	_, err := mimic.Fold1(mimic.Context{}, n, mimic.Default(n, 1), succ).Resolve(t.Context())
	equals(t, "cycle", cycleOf(t, err), "n")
}

func TestACycleLeavesOtherEndpointsAlone(t *testing.T) {
	ip, name := mimic.NewKey[int]("ip"), mimic.NewKey[int]("name")
	out := mimic.Register("out", 1, remember[int])
	c := mimic.Fold1(mimic.Context{}, ip, mimic.Req(name), succ)
	c = mimic.Fold1(c, name, mimic.Req(ip), succ)
	c = mimic.Fold1(c, out, mimic.Default(ip, 41), succ)
	equal(t, "a key on a cycle has no value", made(t, c), any(42))
}

func TestAWayIntoACycleMakesItNone(t *testing.T) {
	a, b, x := mimic.NewKey[int]("a"), mimic.NewKey[int]("b"), mimic.NewKey[int]("x")
	c := mimic.Fold1(mimic.Context{}, a, mimic.Req(b), succ)
	c = mimic.Fold1(c, b, mimic.Req(a), succ)
	c = mimic.Fold1(c, a, mimic.Req(x), succ) // the way in
	equals(t, "unfolded", unfold(t, mimic.Add(c, x, 1)), "x=1", "a=2", "a=4", "b=3")
	_, err := c.Unfold(t.Context())
	equals(t, "without it", cycleOf(t, err), "a", "b")
}

// x and y need each other, and z, which is in a knot of its own with w. Each has a
// way in. z must have all its values before x is computed from it.
func TestAKnotIsUntiedBeforeWhatWaitsForIt(t *testing.T) {
	w, x, y, z := mimic.NewKey[int]("w"), mimic.Register("x", 1, remember[int]), mimic.NewKey[int]("y"), mimic.NewKey[int]("z")
	constant := func(n int) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { return n, nil }
	}
	c := mimic.Fold0(mimic.Context{}, z, constant(1))
	c = mimic.Fold1(c, z, mimic.Req(w), func(_ context.Context, w int) (int, error) { return w + 100, nil })
	c = mimic.Fold1(c, w, mimic.Req(z), succ)
	c = mimic.Fold0(c, x, constant(5))
	c = mimic.Fold2(c, x, mimic.Req(y), mimic.Req(z), func(_ context.Context, y, z int) (int, error) { return y + z, nil })
	c = mimic.Fold1(c, y, mimic.Req(x), succ)
	equals(t, "unfolded", unfold(t, c), "x=108", "x=5", "y=6", "w=2", "z=102", "z=1")
	equal(t, "resolved", made(t, c), any(108))
}

// TestCyclesAgainstTopologicalSort builds random graphs of keys and compares what
// Unfold says of them with Kahn's algorithm.
func TestCyclesAgainstTopologicalSort(t *testing.T) {
	cyclic := 0
	for seed := range uint64(3000) {
		g := randomGraph(rand.New(rand.NewPCG(seed, 0)))
		es, err := g.context().Unfold(t.Context())
		computable := g.kahn()
		var got []string
		for _, e := range es {
			got = append(got, e.Name())
		}
		slices.Sort(got)
		slices.Sort(computable)
		if !slices.Equal(got, computable) {
			t.Fatalf("graph %v: computed %v, want %v", g, got, computable)
		}
		if len(computable) == len(g) {
			if err != nil {
				t.Fatalf("graph %v: %v", g, err)
			}
			continue
		}
		cyclic++
		is(t, err, mimic.ErrCycle)
		g.checkCycle(t, cycleOf(t, err))
	}
	if cyclic < 500 || cyclic > 2500 {
		t.Errorf("%d of 3000 graphs are cyclic: the test has become one-sided", cyclic)
	}
}

// A graph says which keys each key needs; a key that needs none has a value.
type graph [][]int

func randomGraph(r *rand.Rand) graph {
	g := make(graph, 1+r.IntN(12))
	for i := range g {
		for j := range g {
			if r.IntN(len(g)+6) == 0 {
				g[i] = append(g[i], j)
			}
		}
	}
	return g
}

// context binds the keys of g, each with all it needs nested in Maps.
func (g graph) context() mimic.Context {
	keys := make([]mimic.Key[int], len(g))
	for i := range g {
		keys[i] = mimic.NewKey[int](fmt.Sprint(i))
	}
	var c mimic.Context
	for i, needs := range g {
		if len(needs) == 0 {
			c = mimic.Add(c, keys[i], i)
			continue
		}
		arg := mimic.Req(keys[needs[0]])
		for _, n := range needs[1:] {
			arg = mimic.Map2(arg, mimic.Req(keys[n]), func(a, b int) (int, error) { return a + b, nil })
		}
		c = mimic.Fold1(c, keys[i], arg, func(_ context.Context, n int) (int, error) { return n, nil })
	}
	return c
}

// kahn returns the keys that come out of a topological sort.
func (g graph) kahn() []string {
	missing := make([]int, len(g))
	var queue []int
	for i, needs := range g {
		if missing[i] = len(needs); missing[i] == 0 {
			queue = append(queue, i)
		}
	}
	var sorted []string
	for ; len(queue) > 0; queue = queue[1:] {
		sorted = append(sorted, fmt.Sprint(queue[0]))
		for i, needs := range g {
			if slices.Contains(needs, queue[0]) {
				if missing[i]--; missing[i] == 0 {
					queue = append(queue, i)
				}
			}
		}
	}
	return sorted
}

func (g graph) checkCycle(t *testing.T, keys []string) {
	t.Helper()
	for i, name := range keys {
		var from, to int
		_, _ = fmt.Sscan(name, &from)
		_, _ = fmt.Sscan(keys[(i+1)%len(keys)], &to)
		if !slices.Contains(g[from], to) {
			t.Fatalf("graph %v: %v is no cycle: %d does not need %d", g, keys, from, to)
		}
		if slices.Index(keys, name) != i {
			t.Fatalf("graph %v: cycle %v names a key twice", g, keys)
		}
	}
}
