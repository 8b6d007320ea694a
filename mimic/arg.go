package mimic

import (
	"context"
	"slices"
)

// An Arg says what a function bound by one of the Folds asks for: made by [Req],
// [Opt], [Default], or from other arguments by [Map1] to [Map3].
type Arg[A any] struct {
	needs []*definition
	get   func(s *solver) (A, error)
}

// Req asks for the value of k. Without one the function is not run: its key
// has no value from it, for the reason [*MissingError].
func Req[A any](k Keyed[A]) Arg[A] {
	d := k.def()
	return Arg[A]{[]*definition{d}, func(s *solver) (A, error) {
		v, ok := s.lookup(d)
		if !ok {
			var none A
			return none, &MissingError{d.name}
		}
		return typed[A](v), nil
	}}
}

// Opt asks for the value of k, or nil if there is none.
func Opt[A any](k Keyed[A]) Arg[*A] {
	d := k.def()
	return Arg[*A]{[]*definition{d}, func(s *solver) (*A, error) {
		v, ok := s.lookup(d)
		if !ok {
			return nil, nil
		}
		a := typed[A](v)
		return &a, nil
	}}
}

// Default asks for the value of k, or v if there is none.
func Default[A any](k Keyed[A], v A) Arg[A] {
	d := k.def()
	return Arg[A]{[]*definition{d}, func(s *solver) (A, error) {
		if w, ok := s.lookup(d); ok {
			return typed[A](w), nil
		}
		return v, nil
	}}
}

// Map1 asks for what f makes of another argument, as in
//
//	mimic.Map1(mimic.Req(host), netip.ParseAddr)
//
// An error of f counts as one of the function whose argument it is. What the
// arguments inside ask for is asked for by that function, however deeply they
// are nested. f should be quick: what takes time belongs into a Fold, which is
// given a context.Context.
func Map1[A, R any](a Arg[A], f func(A) (R, error)) Arg[R] {
	return Arg[R]{a.needs, func(s *solver) (r R, err error) {
		x, err := a.get(s)
		if err != nil {
			return r, err
		}
		return f(x)
	}}
}

// Map2 is Map1 over two arguments.
func Map2[A, B, R any](a Arg[A], b Arg[B], f func(A, B) (R, error)) Arg[R] {
	return Arg[R]{join(a.needs, b.needs), func(s *solver) (r R, err error) {
		x, err := a.get(s)
		if err != nil {
			return r, err
		}
		y, err := b.get(s)
		if err != nil {
			return r, err
		}
		return f(x, y)
	}}
}

// Map3 is Map1 over three arguments.
func Map3[A, B, C, R any](a Arg[A], b Arg[B], c Arg[C], f func(A, B, C) (R, error)) Arg[R] {
	return Map2(both(a, b), c, func(ab pair[A, B], c C) (R, error) { return f(ab.a, ab.b, c) })
}

// both makes one argument of two.
func both[A, B any](a Arg[A], b Arg[B]) Arg[pair[A, B]] {
	return Map2(a, b, func(a A, b B) (pair[A, B], error) { return pair[A, B]{a, b}, nil })
}

type pair[A, B any] struct {
	a A
	b B
}

// join returns the keys of a and b, each once, in order.
func join(a, b []*definition) []*definition {
	all := slices.Clone(a)
	for _, d := range b {
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

// A function computes the value of the key it is bound to.
type function struct {
	needs []*definition // the keys it asks for, each once
	call  func(ctx context.Context, s *solver) (any, error)
}
