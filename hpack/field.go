package hpack

// A Field is one field line: a name and a value, of any octets.
//
// It has the fields of semantics.Field in the same order, so that one converts
// to the other, pointers included.
type Field struct {
	Name  string // sent as it is: HTTP/2 wants lower case
	Value string

	// Sensitive keeps the value out of every compression table, here and at
	// every hop behind: "this representation is used to protect field values that
	// are not to be put at risk by compressing them" (RFC 7541, Sections 6.2.3 and
	// 7.1.3). A decoder sets it where the block says so.
	Sensitive bool
}

// Size returns what the field counts in a table and in the size of a list: "the
// sum of its name's length in octets, its value's length in octets, and 32"
// (RFC 7541, Section 4.1; RFC 9113, Section 6.5.2), strings as they are before
// Huffman.
func (f *Field) Size() uint64 { return sizeOf(len(f.Name), len(f.Value)) }

func sizeOf(name, value int) uint64 { return uint64(name) + uint64(value) + entryOverhead }

const (
	// RFC 7541, Section 4.1: "The additional 32 octets account for an estimated
	// overhead associated with an entry."
	entryOverhead = 32

	// RFC 9113, Section 6.5.2, SETTINGS_HEADER_TABLE_SIZE: "The initial value is
	// 4,096 octets."
	initialTableSize = 4096
)
