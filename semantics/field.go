package semantics

import (
	"iter"
	"strings"
)

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
// to use. Names are compared without regard to case; nothing is validated here
// (see [ValidName] and [ValidValue]): engines do that where lines enter or
// leave.
//
// Two Fields made from one by assignment must not both be used once one has
// been changed. [Fields.Share] makes a copy that may, and costs nothing: the
// lines are copied the first time either side changes them.
//
// Fields may be read by several goroutines at once, and be changed by one while
// no other uses it. Share counts as a change.
type Fields struct {
	list   []Field
	shared bool // another Fields has the same memory
}

// FieldsOf makes a section of alternating names and values. It panics on an
// odd number of arguments.
func FieldsOf(pairs ...string) Fields {
	if len(pairs)%2 != 0 {
		panic("semantics: FieldsOf: a name without a value")
	}
	list := make([]Field, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return FieldsFrom(list)
}

// FieldsFrom makes a section that takes ownership of list.
func FieldsFrom(list []Field) Fields { return Fields{list: list} }

// Len returns the number of field lines.
func (f *Fields) Len() int { return len(f.list) }

// List returns the lines themselves, for reading only: it is valid until the
// next change of f.
func (f *Fields) List() []Field { return f.list }

// Get returns the value of the first line named name, or "". It is the line
// that stood first, as Go's users expect of a Get, and not the last. Where a
// field may stand once only, its reader must check that with [Fields.Count].
func (f *Fields) Get(name string) string {
	v, _ := f.Lookup(name)
	return v
}

// Lookup returns the value of the first line named name and whether there is one.
func (f *Fields) Lookup(name string) (string, bool) {
	if i := f.index(name); i >= 0 {
		return f.list[i].Value, true
	}
	return "", false
}

// Has reports whether a line is named name.
func (f *Fields) Has(name string) bool { return f.index(name) >= 0 }

// Count returns the number of lines named name.
func (f *Fields) Count(name string) int {
	n := 0
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) {
			n++
		}
	}
	return n
}

// Values returns the values of all lines named name, in order; nil if none.
func (f *Fields) Values(name string) []string {
	n := f.Count(name)
	if n == 0 {
		return nil
	}
	vs := make([]string, 0, n)
	for i := range f.list {
		if EqualFold(f.list[i].Name, name) {
			vs = append(vs, f.list[i].Value)
		}
	}
	return vs
}

// All iterates over names and values in order. f must not be changed meanwhile.
func (f *Fields) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range f.list {
			if !yield(f.list[i].Name, f.list[i].Value) {
				return
			}
		}
	}
}

// Add appends a line, whether or not others have its name.
func (f *Fields) Add(name, value string) { f.AddField(Field{Name: name, Value: value}) }

// AddField appends a line.
func (f *Fields) AddField(l Field) {
	f.own()
	f.list = append(f.list, l)
}

// AddMissing appends a line unless one has the name already, and reports
// whether it did.
func (f *Fields) AddMissing(name, value string) bool {
	if f.Has(name) {
		return false
	}
	f.Add(name, value)
	return true
}

// Set makes name and value the only line of that name: it replaces the first
// one, in its place and as sensitive as it was, and deletes the others; if
// there is none it appends one.
func (f *Fields) Set(name, value string) {
	l := Field{Name: name, Value: value}
	if i := f.index(name); i >= 0 {
		l.Sensitive = f.list[i].Sensitive
	}
	f.SetField(l)
}

// SetField makes l the only line of its name: it replaces the first one in its
// place and deletes the others; if there is none it appends l.
func (f *Fields) SetField(l Field) {
	f.own()
	i := f.index(l.Name)
	if i < 0 {
		f.list = append(f.list, l)
		return
	}
	f.list[i] = l
	f.list = f.list[:i+1+len(deleteFold(f.list[i+1:], l.Name))]
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
	if !f.shared { // what is shared already may be shared by several goroutines at once
		f.shared = true
	}
	return *f
}

// Clone returns a copy that shares no memory with f but the strings.
func (f *Fields) Clone() Fields {
	return Fields{list: append([]Field(nil), f.list...)}
}

// Equal reports whether f and g have the same lines in the same order: names
// without regard to case, values byte by byte.
func (f *Fields) Equal(g *Fields) bool {
	if len(f.list) != len(g.list) {
		return false
	}
	if len(f.list) == 0 || &f.list[0] == &g.list[0] {
		return true // by Share
	}
	for i := range f.list {
		if f.list[i].Value != g.list[i].Value || !EqualFold(f.list[i].Name, g.list[i].Name) {
			return false
		}
	}
	return true
}

// String returns the section for people to read: a line "name: value" for each
// field, values of sensitive fields and of credentials hidden.
func (f Fields) String() string {
	var b strings.Builder
	for _, l := range f.list {
		b.WriteString(l.Name)
		b.WriteString(": ")
		if l.Sensitive || Credential(l.Name) {
			b.WriteString("(sensitive)")
		} else {
			b.WriteString(l.Value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Credential reports whether a field of this name gives whoever has it the rights of somebody else (RFC 9110, Sections
// 11.6.2 and 11.7.2; RFC 6265, Section 8).
func Credential(name string) bool {
	return EqualFold(name, "Authorization") || EqualFold(name, "Proxy-Authorization") || EqualFold(name, "Cookie") || EqualFold(name, "Set-Cookie")
}

// index returns the place of the first line named name, or -1.
func (f *Fields) index(name string) int {
	for i := range f.list {
		if len(f.list[i].Name) == len(name) && EqualFold(f.list[i].Name, name) {
			return i
		}
	}
	return -1
}

// own makes the lines f's alone before a change.
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
