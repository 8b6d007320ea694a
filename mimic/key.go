package mimic

// A Key names a value of type T in a [Context]. Two keys are the same only if
// they come from one call of [NewKey] or [Register]: the name is for people and
// identifies nothing, so keys of equal name and type never collide. Keys are
// comparable and safe for concurrent use.
type Key[T any] struct{ d *definition }

// NewKey makes a key that is equal to no other key. What it names is a plain fact,
// nothing that could be connected to; for that there is [Register].
func NewKey[T any](name string) Key[T] {
	return Key[T]{&definition{name: name, priority: NoPriority}}
}

// Name returns the name that the key was made with.
func (k Key[T]) Name() string { return k.def().name }

// Of returns the value of e if e belongs to this key. It is the typed view of
// what [Context.Unfold] returns.
func (k Key[T]) Of(e Endpoint) (T, bool) {
	if e.key != k.def() {
		var none T
		return none, false
	}
	return typed[T](e.value), true
}

func (k Key[T]) def() *definition {
	if k.d == nil {
		panic("mimic: a Key that neither NewKey nor Register has made")
	}
	return k.d
}

// A Keyed is what stands for a key of type T: a [Key] or a [Protocol].
type Keyed[T any] interface {
	Name() string
	Of(Endpoint) (T, bool)
	def() *definition
}

// A definition is what a key is: its address is the key's identity. It never
// changes after it is made.
type definition struct {
	name     string
	priority int
	open     opener    // nil: an ordinary key
	registry *Registry // nil: none, or an ordinary key
	number   int       // of the registration in registry
}

// typed undoes the conversion of a T to any. The zero T stands for a nil
// interface, which any does not tell from no value at all.
func typed[T any](v any) T {
	t, _ := v.(T)
	return t
}
