package hpack

import "math"

// A Decoder reads the field blocks of one direction of a connection, in the
// order in which they were made, each to its end. It is used by one goroutine
// at a time.
type Decoder struct {
	table   table
	allowed uint64 // the largest table size that the peer may choose
	least   uint64 // the smallest that allowed was since the peer has changed the size

	maxString, maxList uint64

	in      []byte // what is left of the block
	fault   Error  // why the block ended
	over    Error  // which limit it has exceeded
	mute    bool   // the rest is read for the table's sake only
	begun   bool   // a field has come
	updates int    // changes of the table size in this block
	list    uint64 // size of the fields that have come

	scratch []byte  // strings on their way from Huffman
	kept    arena   // of entries of the table
	passing arena   // of all else
	recent  *recent // nil until there is one
}

const (
	defaultMaxString = 16 << 10
	defaultMaxList   = 64 << 10

	// Memory that long strings have taken is not kept from one block to the next.
	memoryKept = 4 << 10
)

// NewDecoder makes a decoder whose table may have maxTableSize octets, and has
// so many from the beginning. In HTTP/2 that is 4096 until the peer has
// acknowledged another SETTINGS_HEADER_TABLE_SIZE: then call SetMaxTableSize.
// The limits are 16 KB for a string and 64 KB for a list; see SetLimits.
func NewDecoder(maxTableSize uint32) *Decoder {
	d := &Decoder{allowed: uint64(maxTableSize), least: math.MaxUint64}
	d.table.max = d.allowed
	d.SetLimits(defaultMaxString, defaultMaxList)
	return d
}

// SetMaxTableSize sets the largest table size that the peer's encoder may
// choose, once the peer has acknowledged it. If that is less than the encoder
// has chosen now, the next block must begin by making the table smaller. It is
// called between blocks.
func (d *Decoder) SetMaxTableSize(n uint32) {
	d.allowed = uint64(n)
	d.least = min(d.least, d.allowed)
}

// SetLimits sets how long a name or a value may be, and how large all fields of
// a block together, each counted by Field.Size (SETTINGS_MAX_HEADER_LIST_SIZE;
// RFC 9113, Section 6.5.2). What exceeds a limit is decoded, so that the next
// block can be, but neither handed out nor kept.
func (d *Decoder) SetLimits(stringLen, listSize uint32) {
	d.maxString, d.maxList = uint64(stringLen), uint64(listSize)
}

// A TableState tells whether a dynamic table has changed: while it is the same, a block that leaves it the same
// means what it has meant before.
type TableState struct {
	first, next, max uint64
	pending          bool // a change of the size is still to be said (Encoder)
}

// TableState returns the state of the table between two blocks.
func (d *Decoder) TableState() TableState {
	return TableState{first: d.table.first, next: d.table.next, max: d.table.max}
}

// Begin starts a block that is there whole. It must not be changed before Next
// has returned false; after that, nothing refers to it.
//
// If the former block was not read to its end the decoder is lost, and Err says
// so: whoever does not want the rest calls Skip.
func (d *Decoder) Begin(block []byte) {
	if d.fault.lost() {
		return
	}
	if len(d.in) > 0 {
		d.fail(Unread)
		return
	}
	d.in = block
	d.fault, d.over = ok, ok
	d.mute, d.begun = false, false
	d.updates, d.list = 0, 0
}

// Next puts the block's next field into f and reports whether there was one. If
// there was none f is as it was, and Err says whether the block was whole. The
// strings are valid for ever. Fields that came before a fault are handed out:
// nothing may be done with them before Next has returned false and Err nil.
func (d *Decoder) Next(f *Field) bool {
	for len(d.in) > 0 {
		switch b := d.in[0]; {
		case b&0xe0 == 0x20:
			d.update()
		case !d.begun && d.table.max > d.least:
			d.fail(UpdateMissing)
		case b >= 0x80:
			if d.indexed(f) {
				return true
			}
		default:
			if d.literal(f, b) {
				return true
			}
		}
	}
	d.end()
	return false
}

// Skip reads the rest of the block without handing out any more of it.
func (d *Decoder) Skip() {
	d.mute = true
	for d.Next(nil) {
		// Nothing is handed out, so nothing is written to the field.
	}
}

// Err returns nil or the [Error] that the block ended with, once Next has
// returned false. After one that is Fatal every block ends with it at once.
func (d *Decoder) Err() error {
	if d.fault == ok {
		return nil
	}
	return d.fault
}

// end lets go of the block and of what an unusual one has taken.
func (d *Decoder) end() {
	d.in = nil
	if d.fault == ok {
		d.fault = d.over
	}
	if cap(d.scratch) > memoryKept {
		d.scratch = nil
	}
	if d.passing.chunk.Cap() > memoryKept {
		d.passing = arena{}
	}
}

// lost reports whether no further block can be decoded.
func (e Error) lost() bool { return e != ok && e.Fatal() }

// fail ends the block.
func (d *Decoder) fail(e Error) {
	d.in, d.fault = nil, e
}

// exceed goes on without handing out anything.
func (d *Decoder) exceed(e Error) {
	d.mute, d.over = true, e
}

// update reads a change of the table's size (RFC 7541, Section 6.3).
func (d *Decoder) update() {
	v, n, fault := parseInteger(d.in, 5)
	switch {
	case fault != ok:
		d.fail(fault)
		return
	case d.begun:
		// "This dynamic table size update MUST occur at the beginning of the first
		// header block following the change" (Section 4.2).
		d.fail(UpdateLate)
		return
	case d.updates == 2:
		// "... the smallest maximum table size that occurs in that interval MUST be
		// signaled [and] the final maximum size is always signaled, resulting in at
		// most two dynamic table size updates" (Section 4.2).
		d.fail(UpdateRepeated)
		return
	case v > d.allowed:
		// "The new maximum size MUST be lower than or equal to the limit determined
		// by the protocol using HPACK. A value that exceeds this limit MUST be treated
		// as a decoding error."
		d.fail(UpdateTooLarge)
		return
	case d.table.max > d.least && v > d.least:
		d.fail(UpdateMissing)
		return
	}
	d.updates++
	d.least = math.MaxUint64
	d.table.setMax(v)
	d.in = d.in[n:]
}

// field notes that another field came, its strings of the lengths given, and
// reports whether it is to be handed out.
func (d *Decoder) field(name, value uint64) bool {
	d.begun = true
	d.list += name + value + entryOverhead
	switch {
	case d.mute:
	case max(name, value) > d.maxString:
		d.exceed(StringTooLong)
	case d.list > d.maxList:
		d.exceed(ListTooLong)
	}
	return !d.mute
}

// indexed reads a field that is in a table (Section 6.1) and reports whether it
// was put into f.
func (d *Decoder) indexed(f *Field) bool {
	i, n, fault := parseInteger(d.in, 7)
	if fault != ok {
		d.fail(fault)
		return false
	}
	e := d.entry(i)
	if e == nil {
		d.fail(NoSuchEntry)
		return false
	}
	d.in = d.in[n:]
	if !d.field(uint64(len(e.name)), uint64(len(e.value))) {
		return false
	}
	*f = Field{Name: e.name, Value: e.value}
	return true
}

// entry returns what is at an index (Section 2.3.3), or nil.
//
// "The index value of 0 is not used. It MUST be treated as a decoding error if
// found in an indexed header field representation" (Section 6.1). "Indices
// strictly greater than the sum of the lengths of both tables MUST be treated as
// a decoding error" (Section 2.3.3).
func (d *Decoder) entry(i uint64) *entry {
	if i-1 < staticCount {
		return &static[i]
	}
	if i -= staticCount + 1; i < d.table.count() { // of index 0 that makes a very large number
		return d.table.entry(d.table.next - 1 - i)
	}
	return nil
}
