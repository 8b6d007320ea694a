package hpack

// seenCount is how many fields an encoder remembers that it did not put into its
// table: some four to eight messages' worth. All are compared, so that nobody
// can choose fields that make it slow.
const seenCount = 32

// seen holds the hashes of the last fields that were not put into the table,
// in a ring. What two fields with one hash would cost is an entry.
type seen struct {
	hashes [seenCount]uint32 // half of the hash does
	next   int
}

// again reports whether the hash was seen before, and remembers it if not.
func (s *seen) again(hash uint64) bool {
	short := uint32(hash)
	for _, h := range s.hashes {
		if h == short {
			return true
		}
	}
	s.hashes[s.next] = short
	s.next = (s.next + 1) % seenCount
	return false
}

// worthAnEntry reports whether a field that is in no table is put into the
// dynamic one.
//
// An entry pays if the same field comes again before it has to go; a value that
// never does drives out those that would. A field's first value becomes an
// entry at once. A field that has changed before, or is known to change, has to
// be seen a second time first: a request's number never is, the date is for a
// second on a busy connection, a path is while somebody asks for it again. So no
// list of all such names is needed, and none goes out of date. The same holds
// for what would drive out half of the table.
func (e *Encoder) worthAnEntry(f *Field, p *place) bool {
	size := f.Size()
	if size > e.table.max {
		return false
	}
	if size <= e.table.max/2 && changing>>p.static&1 == 0 && !e.hasName(f, p) {
		return true
	}
	return e.seen.again(p.hash.field)
}

// hasName reports whether an entry of the dynamic table has the field's name.
func (e *Encoder) hasName(f *Field, p *place) bool {
	_, found := e.index.name(&e.table, p.hash.name, f.Name)
	return found
}

// changing is the names of the static table, each a bit at its first index, whose
// values belong to one message or to one resource.
const changing uint64 = 1<<4 | // :path
	1<<21 | // age
	1<<28 | // content-length
	1<<30 | // content-range
	1<<33 | // date
	1<<34 | // etag
	1<<36 | // expires
	1<<39 | // if-match
	1<<40 | // if-modified-since
	1<<41 | // if-none-match
	1<<42 | // if-range
	1<<43 | // if-unmodified-since
	1<<44 | // last-modified
	1<<46 | // location
	1<<50 | // range
	1<<53 | // retry-after
	1<<55 // set-cookie
