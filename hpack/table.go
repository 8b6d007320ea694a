package hpack

// A Field is one field line.
type Field struct {
	Name, Value string

	// Sensitive keeps the field out of every table, on this connection and on those that an intermediary
	// passes it on to (RFC 7541, Section 6.2.3).
	Sensitive bool
}

// overhead is what an entry counts beside its strings (RFC 7541, Section 4.1).
const overhead = 32

func (f *Field) size() int { return len(f.Name) + len(f.Value) + overhead }

// DefaultTableSize is the size of the dynamic table unless settings say otherwise (RFC 9113, Section 6.5.2).
const DefaultTableSize = 4096

// A table is the dynamic table (RFC 7541, Section 2.3.2): a ring of fields, the newest of which has the index 1.
type table struct {
	ring  []Field // its length is a power of two
	added uint32  // fields added so far; the newest is ring[(added-1) % len(ring)]
	n     int     // fields in the table
	size  int
	max   int
}

// at returns the entry with an index from 1 to n.
func (t *table) at(i int) *Field { return &t.ring[(t.added-uint32(i))&uint32(len(t.ring)-1)] }

// add adds a field, and evicts the oldest ones to make room (Section 4.4): one that is larger than the table
// empties it, and is not an error.
func (t *table) add(f Field) bool {
	size := f.size()
	t.evict(t.max - size)
	if size > t.max {
		return false
	}
	if t.n == len(t.ring) {
		t.grow()
	}
	t.added++
	t.n++
	t.size += size
	*t.at(1) = Field{Name: f.Name, Value: f.Value}
	return true
}

// evict drops the oldest entries until the table is no larger than size.
func (t *table) evict(size int) {
	for t.n > 0 && t.size > size {
		oldest := t.at(t.n)
		t.size -= oldest.size()
		*oldest = Field{}
		t.n--
	}
}

func (t *table) resize(max int) {
	t.max = max
	t.evict(max)
}

func (t *table) grow() {
	bigger := make([]Field, max(8, 2*len(t.ring)))
	for i := t.n; i >= 1; i-- {
		bigger[(t.added-uint32(i))&uint32(len(bigger)-1)] = *t.at(i)
	}
	t.ring = bigger
}
