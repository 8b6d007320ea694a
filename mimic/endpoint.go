package mimic

import (
	"cmp"
	"slices"
)

// An Endpoint is a key with one value: what [Context.Unfold] returns and [Connect] walks.
type Endpoint struct {
	key      *definition
	value    any
	computed bool
}

// Name returns the name of the key.
func (e Endpoint) Name() string {
	if e.key == nil {
		return ""
	}
	return e.key.name
}

// String returns the name. The value is not shown, for it may be a secret.
func (e Endpoint) String() string { return e.Name() }

// Priority returns the priority that the protocol was registered with; NoPriority
// if it has none or the key is an ordinary one.
func (e Endpoint) Priority() int {
	if e.key == nil {
		return NoPriority
	}
	return e.key.priority
}

// Value returns the value. [Key.Of] is its typed view.
func (e Endpoint) Value() any { return e.value }

// Connectable reports whether the key is a protocol's. [Connect] skips the others.
func (e Endpoint) Connectable() bool { return e.key != nil && e.key.open != nil }

// Computed reports whether the value is the result of a function.
func (e Endpoint) Computed() bool { return e.computed }

// A candidate is a binding in the place that it has among all others.
type candidate struct {
	*binding
	group int // recency of the key's registry, or of the key: 0 is the newest
	task  *task
}

// sorted returns the bindings of a context in the order of Unfold.
func sorted(newestFirst []*binding) []candidate {
	cs := make([]candidate, len(newestFirst))
	groups := make(map[any]int)
	for i, b := range newestFirst {
		var group any = b.key
		if b.key.registry != nil {
			group = b.key.registry
		}
		if _, known := groups[group]; !known {
			groups[group] = len(groups)
		}
		cs[i] = candidate{binding: b, group: groups[group]}
	}
	slices.SortStableFunc(cs, compare)
	return cs
}

// compare is stable for the bindings of one key: they stay newest first.
func compare(a, b candidate) int {
	return cmp.Or(
		before(a.key.open != nil, b.key.open != nil),
		cmp.Compare(a.key.priority, b.key.priority),
		before(a.fn == nil, b.fn == nil),
		cmp.Compare(a.group, b.group),
		cmp.Compare(b.key.number, a.key.number),
	)
}

// before compares by one question: whoever can say yes alone comes first.
func before(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}
