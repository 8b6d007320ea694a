package mimic_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/paf-go/paf/mimic"
)

// FuzzResolve runs programs of Add, Replace, Fold, Merge and Resolve against the
// model in model_test.go. A program is a string of bytes; run says how it is read.
func FuzzResolve(f *testing.F) {
	f.Add([]byte{})
	for _, seed := range fuzzSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 200 {
			return // the model is slow
		}
		newMachine(t, program).run()
	})
}

// Programs worth beginning with; run says what the bytes mean.
var fuzzSeeds = []string{
	"\x00\x02\x05\x04",                                                         // one endpoint
	"\x00\x03\x04\x00\x02\x03\x00\x00\x01",                                     // the first endpoint fails
	"\x02\x02\x01\x04\x00\x01\x00\x00\x04\x01",                                 // c(e), e
	"\x02\x04\x01\x05\x00\x00\x00\x02\x05\x01\x04\x03\x00\x00",                 // e(f), f(e): a cycle through Map
	"\x02\x04\x01\x05\x00\x00\x00\x02\x05\x01\x04\x00\x00\x00\x02\x04\x00\x01", // with a way in
	"\x00\x00\x01\x00\x01\x02\x03\x00\x01\x00\x04\x03\x00\x00",                 // save, replace, merge
	"\x02\x00\x03\x04\x01\x05\x02\x06\x03\x01\x01\x02\x06\x00\x04\x03",         // kinds of arguments, failures
}

// A machine runs a program on both sides. It holds three contexts to choose from.
type machine struct {
	t       *testing.T
	program []byte
	keys    []mimic.Keyed[int]
	real    [3]mimic.Context
	model   [3]contextModel
	ran     int // functions, since the last reset
}

func newMachine(t *testing.T, program []byte) *machine {
	m := &machine{t: t, program: program}
	var r mimic.Registry
	connect := func(_ context.Context, v int) (*memory, error) {
		if v%3 == 0 {
			return nil, errClosed
		}
		return &memory{made: v}, nil
	}
	for _, k := range keyModels {
		switch {
		case !k.protocol:
			m.keys = append(m.keys, mimic.NewKey[int](k.name))
		case k.registry != 0:
			m.keys = append(m.keys, mimic.RegisterIn(&r, k.name, k.priority, connect))
		case k.priority == last:
			m.keys = append(m.keys, mimic.Register(k.name, mimic.NoPriority, connect))
		default:
			m.keys = append(m.keys, mimic.Register(k.name, k.priority, connect))
		}
	}
	return m
}

// next reads a number below n; 0 at the end of the program.
func (m *machine) next(n int) int {
	if len(m.program) == 0 {
		return 0
	}
	b := m.program[0]
	m.program = m.program[1:]
	return int(b) % n
}

func (m *machine) run() {
	for len(m.program) > 0 {
		switch m.next(6) {
		case 0:
			k, v := m.next(len(m.keys)), m.next(10)
			m.real[0] = mimic.Add(m.real[0], m.keys[k], v)
			m.model[0] = m.model[0].with(bindingModel{key: k, value: v})
		case 1:
			k, v := m.next(len(m.keys)), m.next(10)
			m.real[0] = mimic.Replace(m.real[0], m.keys[k], v)
			m.model[0] = m.model[0].replace(bindingModel{key: k, value: v})
		case 2:
			m.fold()
		case 3:
			i := m.next(3)
			m.real[0], m.real[i] = m.real[i], m.real[0]
			m.model[0], m.model[i] = m.model[i], m.model[0]
		case 4:
			i := m.next(3)
			if len(m.model[0])+len(m.model[i]) < 40 {
				m.real[0] = mimic.Merge(m.real[0], m.real[i])
				m.model[0] = append(m.model[0][:len(m.model[0]):len(m.model[0])], m.model[i]...)
			}
		case 5:
			i := m.next(3)
			m.real[i], m.model[i] = m.real[0], m.model[0]
		}
	}
	for i := range m.real {
		m.check(m.real[i], m.model[i])
	}
}

func (m *machine) fold() {
	k := m.next(len(m.keys))
	f := &functionModel{}
	var args []mimic.Arg[int]
	for range m.next(4) {
		a := argModel{m.next(len(m.keys)), argKind(m.next(int(argKinds)))}
		f.args = append(f.args, a)
		args = append(args, m.arg(a))
	}
	f.plus, f.outcome = m.next(10), outcome(m.next(int(outcomes)))
	m.real[0] = m.bind(m.real[0], m.keys[k], args, f)
	m.model[0] = m.model[0].with(bindingModel{key: k, fn: f})
}

func (m *machine) arg(a argModel) mimic.Arg[int] {
	k := m.keys[a.key]
	switch a.kind {
	case optional:
		return mimic.Map1(mimic.Opt(k), func(p *int) (int, error) {
			if p == nil {
				return 7, nil
			}
			return *p, nil
		})
	case defaulted:
		return mimic.Default(k, 7)
	case mapped:
		return mimic.Map1(mimic.Req(k), func(v int) (int, error) { return 2*v + 1, nil })
	}
	return mimic.Req(k)
}

var errFuzz = errors.New("fuzz: a function failed")

func (m *machine) bind(c mimic.Context, k mimic.Keyed[int], args []mimic.Arg[int], f *functionModel) mimic.Context {
	call := func(vs ...int) (int, error) {
		m.ran++
		switch f.outcome {
		case skips:
			return 0, fmt.Errorf("%w: why not", mimic.ErrSkip)
		case fails:
			return 0, errFuzz
		case panics:
			panic(errFuzz)
		}
		sum := f.plus
		for _, v := range vs {
			sum += v
		}
		return sum, nil
	}
	switch len(args) {
	case 0:
		return mimic.Fold0(c, k, func(context.Context) (int, error) { return call() })
	case 1:
		return mimic.Fold1(c, k, args[0], func(_ context.Context, x int) (int, error) { return call(x) })
	case 2:
		return mimic.Fold2(c, k, args[0], args[1], func(_ context.Context, x, y int) (int, error) { return call(x, y) })
	}
	return mimic.Fold3(c, k, args[0], args[1], args[2],
		func(_ context.Context, x, y, z int) (int, error) { return call(x, y, z) })
}

// check compares what both sides say of one context.
func (m *machine) check(c mimic.Context, model contextModel) {
	t := m.t
	for i, k := range m.keys {
		got, ok := mimic.Get(c, k)
		if want, found := model.get(i); got != want || ok != found {
			t.Fatalf("%v: Get(%s): %d, %v; want %d, %v", c, k.Name(), got, ok, want, found)
		}
	}
	want := model.run()
	m.checkUnfold(c, want)
	m.checkResolve(c, want)
}

func (m *machine) checkUnfold(c mimic.Context, want *modelRun) {
	m.ran = 0
	es, err := c.Unfold(m.t.Context())
	m.atMostOnce(c, want)
	var list []string
	for _, e := range want.es {
		if e.ok {
			list = append(list, fmt.Sprintf("%s=%d", keyModels[e.key].name, e.value))
		}
	}
	var got []string
	for _, e := range es {
		got = append(got, fmt.Sprintf("%s=%d", e.Name(), e.Value()))
	}
	if fmt.Sprint(got) != fmt.Sprint(list) {
		m.t.Fatalf("%v: Unfold: %v; want %v", c, got, list)
	}
	if errors.Is(err, mimic.ErrCycle) != want.cycle || errors.Is(err, errFuzz) != want.failed ||
		(err == nil) != (!want.cycle && !want.failed) {
		m.t.Fatalf("%v: Unfold: error %v; want cycle %v, failure %v", c, err, want.cycle, want.failed)
	}
}

func (m *machine) checkResolve(c mimic.Context, want *modelRun) {
	m.ran = 0
	f, err := c.Resolve(m.t.Context())
	m.atMostOnce(c, want)
	for _, e := range want.es {
		k := keyModels[e.key]
		if !e.ok || !k.protocol || e.value%3 == 0 {
			continue
		}
		if err != nil {
			m.t.Fatalf("%v: Resolve: error %v; want %s=%d", c, err, k.name, e.value)
		}
		got, _ := mimic.EndpointOf(f)
		if got.Name() != k.name || got.Value() != e.value {
			m.t.Fatalf("%v: Resolve: %s=%v; want %s=%d", c, got.Name(), got.Value(), k.name, e.value)
		}
		return
	}
	if !errors.Is(err, mimic.ErrNotFound) || errors.Is(err, mimic.ErrCycle) != want.cycle {
		m.t.Fatalf("%v: Resolve: error %v; want not found, cycle %v", c, err, want.cycle)
	}
}

func (m *machine) atMostOnce(c mimic.Context, want *modelRun) {
	functions := 0
	for _, e := range want.es {
		functions += number(e.fn != nil)
	}
	if m.ran > functions {
		m.t.Fatalf("%v: %d functions ran %d times", c, functions, m.ran)
	}
}

func TestRandomProgramsAgreeWithTheModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cyclic := 0
	for range 3000 {
		program := make([]byte, r.IntN(120))
		for i := range program {
			program[i] = byte(r.Uint32())
		}
		m := newMachine(t, program)
		m.run()
		cyclic += number(m.model[0].run().cycle)
	}
	if cyclic < 50 {
		t.Errorf("%d of 3000 programs have a cycle: the test has become one-sided", cyclic)
	}
}
