package hpack

// An Error is the rule that a field block has broken. Errors are compared with ==.
type Error uint8

const (
	ok Error = iota

	// Those after which the tables of the two sides may differ: nothing can be
	// decoded any more.

	Truncated      // the block ends within an instruction
	IntegerTooLong // an integer of more than 32 bits or 6 octets
	NoSuchEntry    // an index of 0 or behind the last entry
	HuffmanEOS     // the symbol EOS in a string
	HuffmanPadding // a string's last octet is not filled up as it must be
	UpdateTooLarge // a table size above what this side has allowed
	UpdateLate     // a change of the table's size behind a field
	UpdateRepeated // more than two changes of the table's size
	UpdateMissing  // no change of the table's size where it had to become smaller
	Unread         // not the peer's fault: Begin before the block was read to its end

	// Those after which the next block can be decoded.

	StringTooLong // a name or value is longer than the decoder takes
	ListTooLong   // all fields together are longer than the decoder takes
)

// Fatal reports whether the tables of the two sides may differ from now on, so
// that the connection has to end: "A decoding error in a field block MUST be
// treated as a connection error of type COMPRESSION_ERROR" (RFC 9113, Section
// 4.3). If it is false the block was decoded to its end, and only what it says
// is refused.
func (e Error) Fatal() bool { return e < StringTooLong }

// Error names the rule: its document, its section, and what was not as it must be.
func (e Error) Error() string {
	if int(e) < len(errorTexts) {
		return errorTexts[e]
	}
	return "hpack: no such rule"
}

var errorTexts = [...]string{
	ok:             "hpack: no error",
	Truncated:      "RFC 7541, Section 3.1: a block ends with a whole field",
	IntegerTooLong: "RFC 7541, Section 5.1: an integer within 32 bits and 6 octets",
	NoSuchEntry:    "RFC 7541, Section 2.3.3: an index from 1 to the last entry",
	HuffmanEOS:     "RFC 7541, Section 5.2: no EOS in a string",
	HuffmanPadding: "RFC 7541, Section 5.2: padding of at most 7 bits, all of them 1",
	UpdateTooLarge: "RFC 7541, Section 6.3: no table larger than was allowed",
	UpdateLate:     "RFC 7541, Section 4.2: changes of the table size stand before all fields",
	UpdateRepeated: "RFC 7541, Section 4.2: at most two changes of the table size in a block",
	UpdateMissing:  "RFC 7541, Section 4.2: a table that has to be smaller is made smaller first",
	Unread:         "hpack: Begin before the former block was read to its end",
	StringTooLong:  "RFC 7541, Section 7.4: a name or value within this side's limit",
	ListTooLong:    "RFC 9113, Section 6.5.2: a field section within this side's limit",
}
