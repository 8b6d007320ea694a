package hpack

import (
	"hash/maphash"
	"math/bits"
)

// An index finds entries of an encoder's table by their hashes. Nothing is ever
// taken out of it: in each chain the newer entries come first, so where one has
// gone from the table all behind it have gone, too.
//
// Chains are short whoever chooses the fields, as nobody else knows the seed.
type index struct {
	links  []link   // entry n has links[n%len]; as many as the table's ring
	fields []uint64 // by hash: the number of the newest entry and 1; 0: none
	names  []uint64
}

// hashes are those of a field and of its name alone.
type hashes struct{ field, name uint64 }

// A link is an entry's place in its two chains.
type link struct {
	hash        hashes
	olderFields uint64 // as in fields
	olderNames  uint64
}

// hash returns the hashes of a field.
func (e *Encoder) hash(f *Field) hashes {
	name := maphash.String(e.seed, f.Name)
	return hashes{
		field: bits.RotateLeft64(name, 32) ^ maphash.String(e.seed, f.Value), // else a: b were b: a
		name:  name,
	}
}

// field returns the number of the entry that is f.
func (x *index) field(t *table, hash uint64, f *Field) (n uint64, found bool) {
	if len(x.links) == 0 {
		return 0, false
	}
	for at := x.fields[x.slot(hash)]; at != 0 && t.holds(at-1); {
		l := &x.links[x.slot(at-1)]
		if l.hash.field == hash {
			if e := t.entry(at - 1); e.value == f.Value && e.name == f.Name {
				return at - 1, true
			}
		}
		at = l.olderFields
	}
	return 0, false
}

// name returns the number of the newest entry of that name.
func (x *index) name(t *table, hash uint64, name string) (n uint64, found bool) {
	if len(x.links) == 0 {
		return 0, false
	}
	for at := x.names[x.slot(hash)]; at != 0 && t.holds(at-1); {
		l := &x.links[x.slot(at-1)]
		if l.hash.name == hash && t.entry(at-1).name == name {
			return at - 1, true
		}
		at = l.olderNames
	}
	return 0, false
}

// add takes in the newest entry of t.
func (x *index) add(t *table, hash hashes) {
	newest := t.next - 1
	if len(x.links) != len(t.ring) {
		old := *x
		size := len(t.ring)
		*x = index{make([]link, size), make([]uint64, size), make([]uint64, size)}
		for n := t.first; n != newest; n++ {
			x.link(n, old.links[old.slot(n)].hash)
		}
	}
	x.link(newest, hash)
}

// link puts entry n before the others in its chains.
func (x *index) link(n uint64, hash hashes) {
	field, name := &x.fields[x.slot(hash.field)], &x.names[x.slot(hash.name)]
	x.links[x.slot(n)] = link{hash: hash, olderFields: *field, olderNames: *name}
	*field, *name = n+1, n+1
}

// slot returns the place of a number or a hash.
func (x *index) slot(n uint64) uint64 { return n & uint64(len(x.links)-1) }
