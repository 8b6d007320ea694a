package hpack

import "errors"

// ErrListTooLong says that the field section is longer than the limit set by SetMaxListSize. The block has been
// decoded to its end all the same, and the next one can be.
var ErrListTooLong = errors.New("hpack: the field section is longer than its limit")

// A CompressionError says why a block cannot be decoded. Nothing that follows on the connection can be either
// (RFC 9113, Section 4.3: COMPRESSION_ERROR).
type CompressionError string

// Error names the rule that was broken.
func (e CompressionError) Error() string { return "hpack: " + string(e) }

const (
	errTruncated CompressionError = "RFC 7541, Section 6: the block ends inside a field"
	errInteger   CompressionError = "RFC 7541, Section 5.1: an integer is too large"
	errIndex     CompressionError = "RFC 7541, Section 2.3.3: there is no entry with that index"
	errHuffman   CompressionError = "RFC 7541, Section 5.2: a string is no Huffman code, or badly padded"
	errLate      CompressionError = "RFC 7541, Section 4.2: the size of the table changes only at the beginning of a block, twice at the most"
	errSize      CompressionError = "RFC 7541, Section 6.3: the table is larger than its limit"
)

// A Decoder decompresses field blocks. NewDecoder makes one.
type Decoder struct {
	table   table
	limit   int // of the table's size
	maxList int

	block   []byte // what is left of it
	fields  bool   // it has had a field
	updates int    // of the table's size, in this block
	list    int    // the size of what has been decoded of it (RFC 9113, Section 6.5.2)
	err     error
	buf     []byte
}

// NewDecoder makes a decoder whose dynamic table has no more than maxTableSize bytes, which is what
// SETTINGS_HEADER_TABLE_SIZE has told the peer.
func NewDecoder(maxTableSize uint32) *Decoder {
	d := &Decoder{limit: int(maxTableSize), maxList: 1<<31 - 1}
	d.table.max = d.limit
	return d
}

// SetMaxListSize bounds the size of a field section: the bytes of names and values and 32 for each line, as
// SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113, Section 6.5.2). The default is 2^31-1.
func (d *Decoder) SetMaxListSize(n int) { d.maxList = n }

// Begin begins a block, which must be whole. It is read by Next and must stay unchanged until Next returns false.
func (d *Decoder) Begin(block []byte) {
	d.block, d.fields, d.updates, d.list = block, false, 0, 0
	if !d.broken() {
		d.err = nil
	}
}

// broken reports whether nothing more can be decoded, ever.
func (d *Decoder) broken() bool {
	_, is := d.err.(CompressionError)
	return is
}

// Err returns why Next has ended before the block did: a CompressionError, or ErrListTooLong; nil if the
// block was decoded whole.
func (d *Decoder) Err() error { return d.err }

// Next decodes the next field line into f. It returns false at the end of the block, or when there is an error.
func (d *Decoder) Next(f *Field) bool {
	for len(d.block) > 0 && !d.broken() {
		b := d.block[0]
		var err error
		switch {
		case b >= 0x80:
			err = d.indexed(f)
		case b >= 0x40:
			err = d.literal(f, 6, true)
		case b >= 0x20:
			if err = d.update(); err == nil {
				continue
			}
		default:
			f.Sensitive = b >= 0x10
			err = d.literal(f, 4, false)
		}
		if err != nil {
			d.err = err
			return false
		}
		d.fields = true
		if d.list += f.size(); d.list <= d.maxList {
			return true
		}
		d.err = ErrListTooLong // and go on, for the table's sake
	}
	return false
}

// indexed decodes an indexed field (Section 6.1).
func (d *Decoder) indexed(f *Field) error {
	i, err := d.integer(7)
	if err != nil {
		return err
	}
	entry := d.entry(i)
	if entry == nil {
		return errIndex
	}
	*f = Field{Name: entry.Name, Value: entry.Value}
	return nil
}

// entry returns what has an index in both tables (Section 2.3.3), nil if nothing has.
func (d *Decoder) entry(i int) *Field {
	switch {
	case i == 0:
		return nil
	case i <= staticLen:
		return &staticTable[i-1]
	case i-staticLen <= d.table.n:
		return d.table.at(i - staticLen)
	}
	return nil
}

// literal decodes a literal field (Section 6.2).
func (d *Decoder) literal(f *Field, bits int, add bool) error {
	sensitive := !add && f.Sensitive
	i, err := d.integer(bits)
	if err != nil {
		return err
	}
	name := ""
	if i > 0 {
		entry := d.entry(i)
		if entry == nil {
			return errIndex
		}
		name = entry.Name
	} else if name, err = d.string(); err != nil {
		return err
	}
	value, err := d.string()
	if err != nil {
		return err
	}
	*f = Field{Name: name, Value: value, Sensitive: sensitive}
	if add {
		d.table.add(*f)
	}
	return nil
}

// update takes a change of the table's size (Section 6.3).
func (d *Decoder) update() error {
	n, err := d.integer(5)
	d.updates++
	switch {
	case err != nil:
		return err
	case d.fields || d.updates > 2:
		return errLate
	case n > d.limit:
		return errSize
	}
	d.table.resize(n)
	return nil
}

// maxInt bounds integers: no index and no length is larger.
const maxInt = 1 << 28

// integer decodes an integer with a prefix of so many bits (Section 5.1).
func (d *Decoder) integer(bits int) (int, error) {
	most := 1<<bits - 1
	n := int(d.block[0]) & most
	d.block = d.block[1:]
	if n < most {
		return n, nil
	}
	for shift := 0; len(d.block) > 0; shift += 7 {
		b := d.block[0]
		d.block = d.block[1:]
		if shift > 28 {
			return 0, errInteger
		}
		n += int(b&0x7f) << shift
		if n > maxInt {
			return 0, errInteger
		}
		if b < 0x80 {
			return n, nil
		}
	}
	return 0, errTruncated
}

// string decodes a string (Section 5.2).
func (d *Decoder) string() (string, error) {
	if len(d.block) == 0 {
		return "", errTruncated
	}
	coded := d.block[0] >= 0x80
	n, err := d.integer(7)
	if err != nil {
		return "", err
	}
	if n > len(d.block) {
		return "", errTruncated
	}
	raw := d.block[:n]
	d.block = d.block[n:]
	if !coded {
		return string(raw), nil
	}
	text, valid := appendDecoded(d.buf[:0], raw)
	if !valid {
		return "", errHuffman
	}
	if cap(text) <= keep {
		d.buf = text[:0]
	}
	return string(text), nil
}

// keep is how much memory for strings a decoder keeps between two of them.
const keep = 4 << 10
