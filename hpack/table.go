package hpack

// An entry is a name and a value in a table.
type entry struct{ name, value string }

func (e *entry) size() uint64 { return sizeOf(len(e.name), len(e.value)) }

// A table is the dynamic table of one direction (RFC 7541, Sections 2.3.2 and
// 4): first in, first out. Entries are numbered in the order in which they came,
// and keep their number while they are there.
type table struct {
	ring  []entry // entry n is in ring[n%len]; len is 0 or a power of two
	first uint64  // the number of the oldest entry
	next  uint64  // the number that the next one will have
	size  uint64  // of all entries (Section 4.1)
	max   uint64
}

// count returns how many entries there are.
func (t *table) count() uint64 { return t.next - t.first }

// entry returns an entry by its number.
func (t *table) entry(n uint64) *entry { return &t.ring[n&uint64(len(t.ring)-1)] }

// holds reports whether the entry of that number is still there.
func (t *table) holds(n uint64) bool { return n-t.first < t.count() }

// add puts e behind all others once there is room for it. "An attempt to add an
// entry larger than the maximum size causes the table to be emptied of all
// existing entries and results in an empty table", which is not an error
// (Section 4.4): add then reports false.
func (t *table) add(e entry) bool {
	size := e.size()
	if size > t.max {
		t.evict(0)
		return false
	}
	t.evict(t.max - size)
	if t.count() == uint64(len(t.ring)) {
		t.grow()
	}
	*t.entry(t.next) = e
	t.next++
	t.size += size
	return true
}

// setMax changes the size that the table may have: "entries are evicted from the
// end of the dynamic table until the size of the dynamic table is less than or
// equal to the maximum size" (Section 4.3).
func (t *table) setMax(n uint64) {
	t.max = n
	t.evict(n)
}

// evict drops the oldest entries until the table is not larger than size. Their
// strings are let go at once.
func (t *table) evict(size uint64) {
	for t.size > size {
		e := t.entry(t.first)
		t.size -= e.size()
		*e = entry{}
		t.first++
	}
}

// grow doubles the ring. It is never made larger than twice what the table's
// size asks for, as each entry counts 32 and more.
func (t *table) grow() {
	old := *t
	t.ring = make([]entry, max(8, 2*len(old.ring)))
	for n := t.first; n != t.next; n++ {
		*t.entry(n) = *old.entry(n)
	}
}
