package hpack

// An Encoder compresses field lines. Its zero value is ready, with a dynamic table of DefaultTableSize.
type Encoder struct {
	table table
	begun bool
	// What is to be said about the size of the table at the beginning of the next block: the smallest it has been
	// since the last one, and what it is now (RFC 7541, Section 4.2).
	least   int
	resized bool

	// The last entry that was added with a certain hash, counted as table.added does: a memory that forgets, which
	// costs bytes and not time when many fields have one hash.
	fields [slots]uint32
	names  [slots]uint32
}

const slots = 256

// SetMaxTableSize obeys the peer's SETTINGS_HEADER_TABLE_SIZE. The table is never larger than
// DefaultTableSize, whatever the peer allows. What changes is said in the next block.
func (e *Encoder) SetMaxTableSize(n uint32) {
	e.begin()
	size := int(min(n, DefaultTableSize))
	if size == e.table.max && !e.resized {
		return
	}
	if !e.resized || size < e.least {
		e.least = size
	}
	e.resized = true
	e.table.resize(size)
}

func (e *Encoder) begin() {
	if !e.begun {
		e.begun = true
		e.table.max = DefaultTableSize
	}
}

// AppendField appends a field line to a block. Its name should be in lower case; nothing is checked.
func (e *Encoder) AppendField(dst []byte, f Field) []byte {
	e.begin()
	if e.resized {
		dst = e.appendSizes(dst)
	}
	static := findStatic(f.Name, f.Value)
	switch {
	case f.Sensitive || secret(&f):
		return e.appendLiteral(dst, 0x10, 4, &f, e.nameIndex(static, f.Name))
	case static.field != 0:
		return appendInt(dst, 0x80, 7, int(static.field))
	case volatile(f.Name) || f.size() > e.table.max/2:
		return e.appendLiteral(dst, 0x00, 4, &f, e.nameIndex(static, f.Name))
	}
	slot := hashField(&f) % slots
	if i := e.live(e.fields[slot]); i > 0 {
		if entry := e.table.at(i); entry.Value == f.Value && entry.Name == f.Name {
			return appendInt(dst, 0x80, 7, staticLen+i)
		}
	}
	dst = e.appendLiteral(dst, 0x40, 6, &f, e.nameIndex(static, f.Name))
	if e.table.add(f) {
		e.fields[slot] = e.table.added
		e.names[hashName(f.Name)%slots] = e.table.added
	}
	return dst
}

// live returns the index of the entry that was added as the one numbered added, 0 if it is gone.
func (e *Encoder) live(added uint32) int {
	if age := e.table.added - added; added != 0 && age < uint32(e.table.n) {
		return int(age) + 1
	}
	return 0
}

// nameIndex returns the index of an entry that has a name, 0 if there is none.
func (e *Encoder) nameIndex(static place, name string) int {
	if static.name != 0 {
		return int(static.name)
	}
	if i := e.live(e.names[hashName(name)%slots]); i > 0 && e.table.at(i).Name == name {
		return staticLen + i
	}
	return 0
}

// appendLiteral appends one of the literal representations (Section 6.2).
func (e *Encoder) appendLiteral(dst []byte, pattern byte, bits int, f *Field, name int) []byte {
	dst = appendInt(dst, pattern, bits, name)
	if name == 0 {
		dst = appendString(dst, f.Name)
	}
	return appendString(dst, f.Value)
}

func (e *Encoder) appendSizes(dst []byte) []byte {
	if e.least < e.table.max {
		dst = appendInt(dst, 0x20, 5, e.least)
	}
	e.resized = false
	return appendInt(dst, 0x20, 5, e.table.max)
}

// volatile says which fields are seldom the same twice.
func volatile(name string) bool {
	switch name {
	case ":path", "age", "content-length", "content-range", "etag", "if-match", "if-modified-since", "if-none-match",
		"if-range", "if-unmodified-since", "last-modified", "location", "range", "traceparent", "x-request-id":
		return true
	}
	return false
}

// secret says which fields are sensitive though nobody has said so.
func secret(f *Field) bool {
	switch f.Name {
	case "authorization", "proxy-authorization", "set-cookie":
		return true
	case "cookie":
		return len(f.Value) < 20 // long ones cannot be guessed, and are worth compressing
	}
	return false
}

// appendInt appends an integer whose first bits follow a pattern (Section 5.1).
func appendInt(dst []byte, pattern byte, bits, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(dst, pattern|byte(n))
	}
	dst = append(dst, pattern|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}

// appendString appends a string, in Huffman code if that is shorter (Section 5.2).
func appendString(dst []byte, s string) []byte {
	if n := huffmanLen(s); n < len(s) {
		return appendHuffman(appendInt(dst, 0x80, 7, n), s)
	}
	return append(appendInt(dst, 0, 7, len(s)), s...)
}

// hashField is FNV-1a over name and value.
func hashField(f *Field) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(f.Name); i++ {
		h = (h ^ uint32(f.Name[i])) * 16777619
	}
	h = (h ^ ':') * 16777619
	for i := 0; i < len(f.Value); i++ {
		h = (h ^ uint32(f.Value[i])) * 16777619
	}
	return h ^ h>>16
}
