package hpack

// sizes is what an encoder knows of the size of its table beside the size itself.
type sizes struct {
	peer uint64 // the most that the peer allows
	own  uint64 // the most that this side wants
	// The least that either has allowed since the last block.
	least   uint64
	pending bool // the peer has to be told
}

// SetMaxTableSize sets the largest table that the peer allows, its
// SETTINGS_HEADER_TABLE_SIZE; 4096 until it is called. It is called between
// blocks; the next one begins with what the peer's decoder has to know of it.
func (e *Encoder) SetMaxTableSize(n uint32) {
	e.prepare()
	e.sizes.peer = uint64(n)
	e.resize()
}

// SetTableLimit sets the largest table that this side wants, whatever the peer
// allows; 4096 until it is called, 0 for none. An encoder's table is memory that
// the peer could make it spend. It is called between blocks.
func (e *Encoder) SetTableLimit(n uint32) {
	e.prepare()
	e.sizes.own = uint64(n)
	e.resize()
}

func (e *Encoder) resize() {
	size := e.sizes.size()
	e.sizes.least = min(e.sizes.least, size)
	e.sizes.pending = e.sizes.least < e.table.max || size != e.table.max
}

// size returns what the table's size is to be.
func (s *sizes) size() uint64 { return min(s.peer, s.own) }

// appendSizes appends the changes of the table's size. "If there are several
// changes between two blocks the smallest maximum table size that occurs in that
// interval MUST be signaled [and] the final maximum size is always signaled"
// (RFC 7541, Section 4.2): the smallest one has made the peer drop entries.
func (e *Encoder) appendSizes(dst []byte) []byte {
	final := e.sizes.size()
	if e.sizes.least < e.table.max && e.sizes.least < final {
		dst = e.appendSize(dst, e.sizes.least)
	}
	dst = e.appendSize(dst, final)
	e.sizes.least, e.sizes.pending = final, false
	return dst
}

// appendSize appends one change (Section 6.3).
func (e *Encoder) appendSize(dst []byte, n uint64) []byte {
	e.table.setMax(n)
	return appendInteger(dst, 5, 0x20, n)
}
