package hpack

import "hash/maphash"

// An Encoder makes the field blocks of one direction of a connection. The zero
// value is ready to use, with a table of 4096 octets. It is used by one
// goroutine at a time.
type Encoder struct {
	table table
	index index
	kept  arena // the strings of entries: nobody's larger ones are kept alive
	seen  seen
	sizes sizes

	seed  maphash.Seed
	ready bool
}

// A form is how a field is written (RFC 7541, Section 6): the highest bits of
// its first octet, and how many bits there are left to an integer.
type form struct {
	flags  byte
	prefix uint
}

// AppendField appends the form of f that says it in the fewest octets, or the
// one that keeps it out of all tables if f is Sensitive. It does not keep f's
// strings. What it appends has to be sent, in order: the peer's table changes
// with it.
//
// The octets depend on nothing but what was appended before.
func (e *Encoder) AppendField(dst []byte, f Field) []byte {
	e.prepare()
	if e.sizes.pending {
		dst = e.appendSizes(dst)
	}
	p := e.find(&f)
	switch {
	case f.Sensitive:
		return e.appendLiteral(dst, form{0x10, 4}, &f, &p) // Section 6.2.3
	case p.whole != 0:
		return appendInteger(dst, 7, 0x80, p.whole) // Section 6.1
	case e.worthAnEntry(&f, &p):
		return e.appendEntering(dst, &f, &p)
	}
	return e.appendLiteral(dst, form{0x00, 4}, &f, &p) // Section 6.2.2
}

// TableState returns the state of the table between two blocks.
func (e *Encoder) TableState() TableState {
	return TableState{e.table.first, e.table.next, e.table.max, e.sizes.pending}
}

// prepare makes the zero value usable.
func (e *Encoder) prepare() {
	if e.ready {
		return
	}
	e.ready = true
	e.seed = maphash.MakeSeed()
	e.table.max = initialTableSize
	e.sizes = sizes{peer: initialTableSize, own: initialTableSize, least: initialTableSize}
}

// A place is where a field was found.
type place struct {
	static uint64 // first index of its name in the static table; 0: none
	name   uint64 // an index of its name; 0: none
	whole  uint64 // the index of name and value; 0: none
	hash   hashes // for the dynamic table; not set if whole is static
}

// find looks a field up in both tables.
func (e *Encoder) find(f *Field) (p place) {
	p.static, p.whole = findStatic(f.Name, f.Value)
	p.name = p.static
	if p.whole != 0 || e.table.max == 0 {
		return p
	}
	p.hash = e.hash(f)
	if n, found := e.index.field(&e.table, p.hash.field, f); found {
		p.whole = e.position(n)
	} else if p.name == 0 {
		if n, found := e.index.name(&e.table, p.hash.name, f.Name); found {
			p.name = e.position(n)
		}
	}
	return p
}

// position returns the index that the entry of that number has now (Section 2.3.3).
func (e *Encoder) position(n uint64) uint64 { return staticCount + e.table.next - n }

// appendEntering appends a field that becomes an entry of the table (Section 6.2.1).
func (e *Encoder) appendEntering(dst []byte, f *Field, p *place) []byte {
	dst = e.appendLiteral(dst, form{0x40, 6}, f, p)
	name := f.Name
	if p.static != 0 {
		name = static[p.static].name
		e.kept.reserve(len(f.Value), encoderAhead)
	} else {
		e.kept.reserve(len(f.Name)+len(f.Value), encoderAhead)
		name = e.kept.string(name)
	}
	if e.table.add(entry{name, e.kept.string(f.Value)}) {
		e.index.add(&e.table, p.hash)
	}
	return dst
}

// appendLiteral appends a field by the index of its name, or by its name, and
// its value (Section 6.2).
func (e *Encoder) appendLiteral(dst []byte, as form, f *Field, p *place) []byte {
	dst = appendInteger(dst, as.prefix, as.flags, p.name)
	if p.name == 0 {
		dst = appendString(dst, f.Name)
	}
	return appendString(dst, f.Value)
}

// appendString appends s in the shorter of its two forms (Section 5.2).
func appendString(dst []byte, s string) []byte {
	if n := huffmanLen(s); n < len(s) {
		dst = appendInteger(dst, 7, 0x80, uint64(n))
		return appendHuffman(dst, s, n)
	}
	dst = appendInteger(dst, 7, 0, uint64(len(s)))
	return append(dst, s...)
}
