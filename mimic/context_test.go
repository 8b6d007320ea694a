package mimic_test

import (
	"context"
	"io"
	"strconv"
	"sync"
	"testing"

	"github.com/paf-go/paf/mimic"
)

func TestAddNewestWinsInGetAndResolve(t *testing.T) {
	port := mimic.Register("port", mimic.NoPriority, remember[int])
	c := mimic.Add(mimic.Add(mimic.Context{}, port, 80), port, 8080)
	got, ok := mimic.Get(c, port)
	equal(t, "Get", got, 8080)
	equal(t, "Get", ok, true)
	equal(t, "Resolve", made(t, c), any(8080))
	equals(t, "the older one stays to fall back on", unfold(t, c), "port=8080", "port=80")
}

func TestFunctionsAreGivenTheNewestValue(t *testing.T) {
	strs, n := mimic.Register("string", mimic.NoPriority, remember[string]), mimic.NewKey[int]("n")
	c := mimic.Add(mimic.Context{}, n, 1)
	c = mimic.Fold1(c, strs, mimic.Req(n), itoa)
	equal(t, "argument", made(t, mimic.Add(c, n, 2)), any("2"))
}

func TestGetIgnoresFunctions(t *testing.T) {
	n := mimic.NewKey[int]("n")
	c := mimic.Fold0(mimic.Context{}, n, func(context.Context) (int, error) { return 1, nil })
	if _, ok := mimic.Get(c, n); ok {
		t.Error("Get ran a function")
	}
	if _, ok := mimic.Get(mimic.Context{}, n); ok {
		t.Error("the zero Context is not empty")
	}
}

func TestReplaceKeepsFunctionsAndDropsValues(t *testing.T) {
	n, other := mimic.NewKey[int]("n"), mimic.NewKey[int]("other")
	c := mimic.Add(mimic.Context{}, n, 1)
	c = mimic.Fold1(c, n, mimic.Req(other), succ)
	c = mimic.Add(c, other, 10)
	c = mimic.Add(c, n, 2)
	before := c.String()
	c = mimic.Replace(c, n, 3)
	equals(t, "after Replace", unfold(t, c), "n=3", "other=10", "n=11")
	equal(t, "others in order", c.String(), "n(other), other, n")
	equal(t, "before", before, "n, n(other), other, n")
}

func TestReplaceOfAnAbsentKeyIsAdd(t *testing.T) {
	n := mimic.NewKey[int]("n")
	got, ok := mimic.Get(mimic.Replace(mimic.Context{}, n, 7), n)
	equal(t, "Get", got, 7)
	equal(t, "Get", ok, true)
}

func TestReplaceDoesNotGrowAContext(t *testing.T) {
	n, host := mimic.NewKey[int]("n"), mimic.NewKey[string]("host")
	var c mimic.Context
	for i := range 1000 {
		c = mimic.Replace(mimic.Replace(c, n, i), host, "h")
	}
	equal(t, "bindings", c.String(), "n, host")
}

func TestMergeSecondIsNewer(t *testing.T) {
	n, m := mimic.NewKey[int]("n"), mimic.NewKey[int]("m")
	a := mimic.Fold1(mimic.Add(mimic.Context{}, n, 1), n, mimic.Default(m, 10), succ)
	b := mimic.Fold1(mimic.Add(mimic.Context{}, n, 2), n, mimic.Default(m, 20), succ)
	c := mimic.Merge(a, b)
	equals(t, "values of b, of a, functions of both", unfold(t, c), "n=2", "n=1", "n=21", "n=11")
	got, _ := mimic.Get(c, n)
	equal(t, "Get", got, 2)
	got, _ = mimic.Get(mimic.Merge(b, a), n)
	equal(t, "Get of the reverse", got, 1)
}

func TestMergeWithTheEmptyContext(t *testing.T) {
	c := mimic.Add(mimic.Context{}, mimic.NewKey[int]("n"), 1)
	equal(t, "left", mimic.Merge(mimic.Context{}, c), c)
	equal(t, "right", mimic.Merge(c, mimic.Context{}), c)
}

func TestMergeLeavesBothAsTheyWere(t *testing.T) {
	n := mimic.NewKey[int]("n")
	a, b := mimic.Add(mimic.Context{}, n, 1), mimic.Add(mimic.Context{}, n, 2)
	_ = mimic.Replace(mimic.Merge(a, b), n, 3)
	equals(t, "a", unfold(t, a), "n=1")
	equals(t, "b", unfold(t, b), "n=2")
}

func TestSameNamedKeysDoNotCollide(t *testing.T) {
	one, two := mimic.NewKey[int]("port"), mimic.NewKey[int]("port")
	if one == two {
		t.Fatal("two calls of NewKey made one key")
	}
	c := mimic.Add(mimic.Add(mimic.Context{}, one, 1), two, 2)
	v1, _ := mimic.Get(c, one)
	v2, _ := mimic.Get(c, two)
	equal(t, "first", v1, 1)
	equal(t, "second", v2, 2)
	_, ok := mimic.Get(mimic.Add(mimic.Context{}, one, 1), two)
	equal(t, "found by the other key", ok, false)
}

func TestANilInterfaceIsAValue(t *testing.T) {
	r := mimic.NewKey[io.Reader]("r")
	v, ok := mimic.Get(mimic.Add(mimic.Context{}, r, nil), r)
	equal(t, "found", ok, true)
	equal(t, "value", v, nil)
}

func TestAKeyThatNobodyMadePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	mimic.Add(mimic.Context{}, mimic.Key[int]{}, 1)
}

func TestDerivingLeavesTheBaseAsItWas(t *testing.T) {
	ints := mimic.Register("int", mimic.NoPriority, remember[int])
	base := mimic.Add(mimic.Context{}, ints, 1)
	_ = mimic.Replace(base, ints, 2)
	_ = mimic.Add(base, ints, 3)
	_ = mimic.Fold0(base, ints, func(context.Context) (int, error) { return 4, nil })
	equals(t, "base", unfold(t, base), "int=1")
}

func TestContextsAreComparedByIdentity(t *testing.T) {
	n := mimic.NewKey[int]("n")
	a := mimic.Add(mimic.Context{}, n, 1)
	equal(t, "copy", a, a)
	equal(t, "same content", a == mimic.Add(mimic.Context{}, n, 1), false)
	pools := map[mimic.Context]string{a: "a", {}: "empty"}
	equal(t, "as a map's key", pools[a]+pools[mimic.Context{}], "aempty")
}

func TestBaseContextSharedByGoroutines(t *testing.T) {
	strs, n := mimic.Register("string", 10, remember[string]), mimic.NewKey[int]("n")
	m := mimic.NewKey[int]("m")
	base := mimic.Fold1(mimic.Context{}, strs, mimic.Req(n), itoa)
	base = mimic.Fold1(base, n, mimic.Req(m), succ)
	base = mimic.Add(base, m, -1)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			c := mimic.Replace(base, m, i)
			if i%2 == 0 {
				c = mimic.Merge(base, mimic.Add(mimic.Context{}, m, i))
			}
			f, err := c.Resolve(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			e, _ := mimic.EndpointOf(f)
			equal(t, "endpoint", e.Value(), any(strconv.Itoa(i+1)))
		})
	}
	wg.Wait()
	equal(t, "base", made(t, base), any("0"))
}
