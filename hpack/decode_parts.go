package hpack

// A literal is a field in the form that spells it out (RFC 7541, Section 6.2).
type literal struct {
	index uint64 // of the name; 0: the name is spelled out, too
	known string // the name that is there. The entry may go before this field comes (Section 4.4).
	name  text
	value text

	enters bool // becomes an entry: with incremental indexing (6.2.1)
	never  bool // never indexed (6.2.3)
}

// A text is a string of a block, decoded.
type text struct {
	bytes []byte // all of it, or as much as is of use
	size  uint64
}

// literal reads a literal field that begins with the octet b and reports whether
// it was put into f.
func (d *Decoder) literal(f *Field, b byte) bool {
	l := literal{enters: b >= 0x40, never: b&0xf0 == 0x10}
	if fault := d.parse(&l); fault != ok {
		d.fail(fault)
		return false
	}
	size := l.name.size + l.value.size + entryOverhead
	enters := l.enters && size <= d.table.max
	if l.enters && !enters {
		d.table.evict(0) // Section 4.4: not an error
	}
	handed := d.field(l.name.size, l.value.size)
	switch {
	case enters:
		e := d.makeEntry(&l)
		d.table.add(e)
		if handed {
			*f = Field{Name: e.name, Value: e.value}
		}
	case handed:
		e := d.makePassing(&l)
		*f = Field{Name: e.name, Value: e.value, Sensitive: l.never}
	}
	return handed
}

// parse takes a literal from the block.
func (d *Decoder) parse(l *literal) Error {
	prefix := uint(4)
	if l.enters {
		prefix = 6
	}
	i, n, fault := parseInteger(d.in, prefix)
	if fault != ok {
		return fault
	}
	d.in = d.in[n:]
	// Nothing longer is of use: not to whoever reads the block, nor to the table.
	most := uint64(0)
	if !d.mute {
		most = min(d.maxString, d.maxList)
	}
	if l.enters {
		most = max(most, d.table.max)
	}
	used := 0
	if i == 0 {
		if l.name, fault = d.text(most, 0); fault != ok {
			return fault
		}
		used = len(l.name.bytes)
	} else {
		e := d.entry(i)
		if e == nil {
			return NoSuchEntry
		}
		l.index, l.known = i, e.name
		l.name.size = uint64(len(e.name))
	}
	l.value, fault = d.text(most, used)
	return fault
}

// text takes a string (Section 5.2) from the block: all of it if it is not longer
// than most. The first octets of scratch that are used stay as they are.
func (d *Decoder) text(most uint64, used int) (t text, fault Error) {
	if len(d.in) == 0 {
		return t, Truncated
	}
	huffman := d.in[0] >= 0x80
	size, n, fault := parseInteger(d.in, 7)
	if fault != ok {
		return t, fault
	}
	d.in = d.in[n:]
	if size > uint64(len(d.in)) {
		return t, Truncated
	}
	raw := d.in[:size]
	d.in = d.in[size:]
	if !huffman {
		return text{raw, size}, ok
	}
	room := int(min(uint64(decodedMost(len(raw))), most))
	if used+room > cap(d.scratch) {
		// Where the name is in the old one it stays there.
		d.scratch = make([]byte, max(256, used+room, min(2*cap(d.scratch), memoryKept)))
	}
	out := d.scratch[used : used+room]
	length, fault := decodeHuffman(out, raw)
	return text{out[:min(length, room)], uint64(length)}, fault
}

// makeEntry makes a literal's strings for the table. Also a name that another
// entry has is copied; arena.go says why. A long one is not, for two octets are
// enough to ask for that: it is in no chunk, and keeps alive nothing but itself.
func (d *Decoder) makeEntry(l *literal) (e entry) {
	size, more := len(l.value.bytes), decodedMost(len(d.in))
	switch {
	case l.index == 0 && len(l.name.bytes) > nameCopied:
		d.kept.reserve(size, more)
		e.name = string(l.name.bytes)
	case l.index == 0:
		d.kept.reserve(size+len(l.name.bytes), more)
		e.name = d.kept.bytes(l.name.bytes)
	case l.index <= staticCount, len(l.known) > nameCopied:
		d.kept.reserve(size, more)
		e.name = l.known
	default:
		d.kept.reserve(size+len(l.known), more)
		e.name = d.kept.string(l.known)
	}
	e.value = d.kept.bytes(l.value.bytes)
	return e
}

// makePassing makes the strings of a literal that is in no table, unless they
// came before.
func (d *Decoder) makePassing(l *literal) (e entry) {
	if l.index == 0 {
		d.passing.reserve(len(l.name.bytes)+len(l.value.bytes), decodedMost(len(d.in)))
		return entry{d.passing.bytes(l.name.bytes), d.passing.bytes(l.value.bytes)}
	}
	e.name = l.known
	remember := l.index <= staticCount && !l.never
	if remember {
		if s, found := d.recent.find(l.index, l.value.bytes); found {
			e.value = s
			return e
		}
	}
	d.passing.reserve(len(l.value.bytes), decodedMost(len(d.in)))
	e.value = d.passing.bytes(l.value.bytes)
	if remember {
		if d.recent == nil {
			d.recent = &recent{}
		}
		d.recent.keep(l.index, e.value)
	}
	return e
}
