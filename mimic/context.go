package mimic

import (
	"slices"
	"strings"
)

// A Context is an immutable map from keys to what is bound to them: any number
// of plain values and of functions that compute one, in the order in which they
// were added. The zero Context is empty. Add, Replace, Merge and the Folds return
// a new Context and leave the old one as it was, so one Context may be the base of
// many and may be shared by any number of goroutines.
//
// A Context is comparable: two are == if one is a copy of the other. That is its
// identity, as cheap as a pointer, and what a pool of connections may be keyed by.
// Contexts that
// were put together separately are different even if they hold the same. A
// Context in a map keeps its values alive.
type Context struct{ newest *binding }

// A binding is one value or one function of a key. Bindings are never changed,
// and shared by all the contexts derived from one.
type binding struct {
	older *binding
	key   *definition
	value any
	fn    *function // nil: value is a plain value
}

// Add binds v to k. Earlier bindings of k stay, but the newest plain value wins;
// for the key of a protocol the older ones are endpoints to fall back on.
func Add[T any](c Context, k Keyed[T], v T) Context {
	return Context{&binding{older: c.newest, key: k.def(), value: v}}
}

// Replace binds v to k and drops the other plain values of k. Its functions stay.
func Replace[T any](c Context, k Keyed[T], v T) Context {
	return Context{&binding{older: c.without(k.def()), key: k.def(), value: v}}
}

// Get returns the newest plain value of k. Functions are not run for it.
func Get[T any](c Context, k Keyed[T]) (T, bool) {
	d := k.def()
	for b := c.newest; b != nil; b = b.older {
		if b.key == d && b.fn == nil {
			return typed[T](b.value), true
		}
	}
	var none T
	return none, false
}

// Merge returns a Context with what a and b hold, b's being newer: its plain
// values win over a's. The functions of both are kept.
func Merge(a, b Context) Context {
	switch {
	case a.newest == nil:
		return b
	case b.newest == nil:
		return a
	}
	return Context{stack(a.newest, b.bindings())}
}

// String lists the names of the keys that something is bound to, oldest first;
// a function shows what it asks for: "host, port, tcp(host, port)". Values are not
// shown, for they may be secrets.
func (c Context) String() string {
	var s []string
	for _, b := range c.bindings() {
		s = append(s, b.String())
	}
	slices.Reverse(s)
	return strings.Join(s, ", ")
}

func (b *binding) String() string {
	if b.fn == nil {
		return b.key.name
	}
	var needs []string
	for _, d := range b.fn.needs {
		needs = append(needs, d.name)
	}
	return b.key.name + "(" + strings.Join(needs, ", ") + ")"
}

// bindings returns all bindings, newest first.
func (c Context) bindings() []*binding {
	var all []*binding
	for b := c.newest; b != nil; b = b.older {
		all = append(all, b)
	}
	return all
}

// without returns the bindings of c but for the plain values of d. What is older
// than all of these is shared with c.
func (c Context) without(d *definition) *binding {
	var oldest *binding
	for b := c.newest; b != nil; b = b.older {
		if b.key == d && b.fn == nil {
			oldest = b
		}
	}
	if oldest == nil {
		return c.newest
	}
	var kept []*binding
	for b := c.newest; b != oldest; b = b.older {
		if b.key != d || b.fn != nil {
			kept = append(kept, b)
		}
	}
	return stack(oldest.older, kept)
}

// stack returns base with copies of bs, which are given newest first, on top.
func stack(base *binding, bs []*binding) *binding {
	for _, b := range slices.Backward(bs) {
		base = &binding{older: base, key: b.key, value: b.value, fn: b.fn}
	}
	return base
}
