package mimic

import "context"

// Fold0 binds to k a function that computes its value when it is needed.
//
// About all Folds: the arguments of f are what the [Arg]s ask for. f is run at most
// once in a resolution, when everything bound to the keys it asks for has been
// computed. It says "I cannot, do without me" by an error for which errors.Is(err,
// [ErrSkip]) holds; any other error is a failure. Both leave k without a value from
// f and are kept: a [*ResolveError] has them among its causes. A panic in f becomes
// a failure of the kind [*PanicError]. f may be run by several goroutines at the
// same time, if the Context is resolved by several.
func Fold0[T any](c Context, k Keyed[T], f func(context.Context) (T, error)) Context {
	fn := &function{call: func(ctx context.Context, _ *solver) (any, error) { return f(ctx) }}
	return Context{&binding{older: c.newest, key: k.def(), fn: fn}}
}

// Fold1 binds to k a function of one argument; see [Fold0].
func Fold1[T, A any](c Context, k Keyed[T], a Arg[A], f func(context.Context, A) (T, error)) Context {
	fn := &function{needs: a.needs, call: func(ctx context.Context, s *solver) (any, error) {
		x, err := a.get(s)
		if err != nil {
			return nil, err
		}
		return f(ctx, x)
	}}
	return Context{&binding{older: c.newest, key: k.def(), fn: fn}}
}

// Fold2 binds to k a function of two arguments; see [Fold0].
func Fold2[T, A, B any](c Context, k Keyed[T], a Arg[A], b Arg[B],
	f func(context.Context, A, B) (T, error)) Context {
	return Fold1(c, k, both(a, b), func(ctx context.Context, x pair[A, B]) (T, error) {
		return f(ctx, x.a, x.b)
	})
}

// Fold3 binds to k a function of three arguments; see [Fold0].
func Fold3[T, A, B, C any](c Context, k Keyed[T], a Arg[A], b Arg[B], d Arg[C],
	f func(context.Context, A, B, C) (T, error)) Context {
	return Fold2(c, k, both(a, b), d, func(ctx context.Context, x pair[A, B], y C) (T, error) {
		return f(ctx, x.a, x.b, y)
	})
}

// Fold4 binds to k a function of four arguments; see [Fold0].
func Fold4[T, A, B, C, D any](c Context, k Keyed[T], a Arg[A], b Arg[B], d Arg[C], e Arg[D],
	f func(context.Context, A, B, C, D) (T, error)) Context {
	return Fold2(c, k, both(a, b), both(d, e), func(ctx context.Context, x pair[A, B], y pair[C, D]) (T, error) {
		return f(ctx, x.a, x.b, y.a, y.b)
	})
}

// Fold5 binds to k a function of five arguments; see [Fold0].
func Fold5[T, A, B, C, D, E any](c Context, k Keyed[T], a Arg[A], b Arg[B], d Arg[C], e Arg[D], g Arg[E],
	f func(context.Context, A, B, C, D, E) (T, error)) Context {
	return Fold3(c, k, both(a, b), both(d, e), g, func(ctx context.Context, x pair[A, B], y pair[C, D], z E) (T, error) {
		return f(ctx, x.a, x.b, y.a, y.b, z)
	})
}

// Fold6 binds to k a function of six arguments; see [Fold0]. Who needs more nests
// them with [Map3].
func Fold6[T, A, B, C, D, E, F any](c Context, k Keyed[T], a Arg[A], b Arg[B], d Arg[C], e Arg[D], g Arg[E], h Arg[F],
	f func(context.Context, A, B, C, D, E, F) (T, error)) Context {
	return Fold3(c, k, both(a, b), both(d, e), both(g, h),
		func(ctx context.Context, x pair[A, B], y pair[C, D], z pair[E, F]) (T, error) {
			return f(ctx, x.a, x.b, y.a, y.b, z.a, z.b)
		})
}
