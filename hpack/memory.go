package hpack

// A DecoderMemory is what a Decoder has to remember between two blocks.
type DecoderMemory struct {
	entries             []entry // the oldest first
	max, allowed, least uint64
}

// Memory returns what d has to remember, in memory of its own. It is called between blocks.
func (d *Decoder) Memory() DecoderMemory {
	m := DecoderMemory{max: d.table.max, allowed: d.allowed, least: d.least}
	if n := d.table.count(); n > 0 {
		m.entries = make([]entry, 0, n)
		for i := d.table.first; i != d.table.next; i++ {
			m.entries = append(m.entries, *d.table.entry(i))
		}
	}
	return m
}

// Decoder makes a decoder that goes on where that one was, but for limits, which are the defaults, and faults.
func (m *DecoderMemory) Decoder() *Decoder {
	d := NewDecoder(0)
	d.allowed, d.least, d.table.max = m.allowed, m.least, m.max
	for _, e := range m.entries {
		d.table.add(e)
	}
	return d
}

// An EncoderMemory is what an Encoder has to remember between two blocks if it gives up its table.
type EncoderMemory struct {
	ready bool
	max   uint64
	sizes sizes
}

// Memory returns what e has to remember. It is called between blocks.
func (e *Encoder) Memory() EncoderMemory {
	m := EncoderMemory{e.ready, e.table.max, e.sizes}
	if e.table.count() > 0 {
		m.sizes.least, m.sizes.pending = 0, true
	}
	return m
}

// Encoder makes an encoder that goes on where that one was, with an empty table. Its next block begins by telling the peer to give up
// its own: a change of the size to nothing, and back (RFC 7541, Section 4.2).
func (m *EncoderMemory) Encoder() (e Encoder) {
	if m.ready {
		e.prepare()
		e.table.max, e.sizes = m.max, m.sizes
	}
	return e
}
