package semantics

import "iter"

// A Field is one field line (RFC 9110, Section 5): a name and a value.
type Field struct {
	Name  string // a token; case is kept, and ignored when compared
	Value string // without leading or trailing white space

	// Sensitive asks that the value never enter a compression table
	// (RFC 7541, Section 7.1.3). HTTP/1 has none and ignores it.
	Sensitive bool
}

// Fields is a field section: field lines in the order in which they were
// received or added (RFC 9110, Section 5.2). The zero value is empty and ready
// to use.
//
// A copy made by [Fields.Share] costs nothing: the lines are copied the first
// time either side changes them.
type Fields struct {
	list   []Field
	shared bool
}

// FieldsOf makes a section of alternating names and values. It panics on an
// odd number of arguments.
func FieldsOf(pairs ...string) Fields {
	if len(pairs)%2 != 0 {
		panic("semantics: FieldsOf: a name without a value")
	}
	f := Fields{list: make([]Field, 0, len(pairs)/2)}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

// FieldsFrom makes a section that takes ownership of list.
func FieldsFrom(list []Field) Fields { return Fields{list: list} }

// Len returns the number of field lines.
func (f *Fields) Len() int { return len(f.list) }

// List returns the lines themselves, for reading only: it is valid until the
// next change of f.
func (f *Fields) List() []Field { return f.list }

// Get returns the value of the first line named name, or "".
func (f *Fields) Get(name string) string {
	v, _ := f.Lookup(name)
	return v
}

// Lookup returns the value of the first line named name and whether there is one.
func (f *Fields) Lookup(name string) (string, bool) {
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) {
			return f.list[i].Value, true
		}
	}
	return "", false
}

// Has reports whether a line is named name.
func (f *Fields) Has(name string) bool {
	_, ok := f.Lookup(name)
	return ok
}

// Values returns the values of all lines named name, in order; nil if none.
func (f *Fields) Values(name string) []string {
	var vs []string
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) {
			vs = append(vs, f.list[i].Value)
		}
	}
	return vs
}

// All iterates over names and values in order.
func (f *Fields) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range f.list {
			if !yield(f.list[i].Name, f.list[i].Value) {
				return
			}
		}
	}
}

// Add appends a line.
func (f *Fields) Add(name, value string) { f.AddField(Field{Name: name, Value: value}) }

// AddField appends a line.
func (f *Fields) AddField(l Field) {
	f.own()
	f.list = append(f.list, l)
}

// Set gives the first line named name the value and deletes the others; it
// appends a line if there is none.
func (f *Fields) Set(name, value string) {
	f.own()
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) {
			f.list[i].Value = value
			f.list = f.list[:i+1+len(deleteFold(f.list[i+1:], name))]
			return
		}
	}
	f.list = append(f.list, Field{Name: name, Value: value})
}

// Del deletes all lines named name.
func (f *Fields) Del(name string) {
	if f.Has(name) {
		f.own()
		f.list = deleteFold(f.list, name)
	}
}

// Reset empties f and keeps its memory when f owns it.
func (f *Fields) Reset() {
	if f.shared {
		f.list, f.shared = nil, false
		return
	}
	clear(f.list)
	f.list = f.list[:0]
}

// Share returns a section with the same lines. Both are copied on their next change.
func (f *Fields) Share() Fields {
	f.shared = true
	return *f
}

// Clone returns a copy that shares no memory with f.
func (f *Fields) Clone() Fields {
	return Fields{list: append([]Field(nil), f.list...)}
}

func (f *Fields) own() {
	if f.shared {
		f.list = append(make([]Field, 0, len(f.list)+4), f.list...)
		f.shared = false
	}
}

// deleteFold deletes the lines named name in place.
func deleteFold(list []Field, name string) []Field {
	kept := list[:0]
	for _, l := range list {
		if !EqualFold(l.Name, name) {
			kept = append(kept, l)
		}
	}
	clear(list[len(kept):])
	return kept
}

// EqualFold reports whether two field names are the same: "field names are
// case-insensitive" (RFC 9110, Section 5.1). Only ASCII letters fold.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x != y {
			x |= 0x20
			if x != y|0x20 || x < 'a' || x > 'z' {
				return false
			}
		}
	}
	return true
}
