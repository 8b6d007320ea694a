// Package hpack is the compression of field sections of HTTP/2: RFC 7541,
// without I/O, clock or goroutine. [Encoder] makes field blocks, [Decoder]
// reads them.
//
//	block = enc.AppendField(block, hpack.Field{Name: ":method", Value: "GET"})
//
//	dec.Begin(block)
//	for dec.Next(&f) {
//		fmt.Println(f.Name, f.Value)
//	}
//	if err := dec.Err(); err != nil { … }
//
// Both sides of a connection hold the same dynamic table (Section 2.3.2): each
// block that one encoder has made must be sent, whole and in the order in which
// it was made, and be read to its end by one decoder.
//
// # Where to find what
//
//	field.go         a field, and what a list of them counts
//	error.go         each rule that a block can break
//	decode.go        the decoder: a block as a sequence of instructions (Section 6)
//	decode_parts.go  names, values and strings of a block (Section 5)
//	arena.go         where decoded strings live
//	encode.go        the encoder, and which form a field takes (Section 6)
//	encode_size.go   changes of the size of the encoder's table (Section 4.2)
//	choose.go        which fields are put into the table
//	index.go         how the encoder finds a field in its table
//	table.go         the dynamic table, either side's (Section 4)
//	static.go        the static table (Appendix A)
//	integer.go       integers (Section 5.1)
//	huffman.go       the Huffman code, both ways (Section 5.2, Appendix B)
//
// # What is bounded
//
// Whoever may write blocks wants a decoder to work, or to remember, more than it
// costs to write them. A decoder reads each octet of a block once. It holds no
// more than its table (at worst five times the size that was allowed), some 30
// KB at worst for strings that come again and for work, and, while it reads, the
// list that [Decoder.SetLimits] allows. An index of one octet for an entry of
// thousands ("HPACK bomb") costs no memory, as the entry's strings are handed
// out themselves, and counts in full.
//
// Whoever may choose fields that an encoder sends wants its look-ups to be slow:
// they are hashed with a seed of the encoder's own. They may want to guess
// another's fields by the size of a block (Section 7.1): mark such fields as
// Sensitive.
//
// # What is left out
//
// What a name or value may contain, that names are in lower case and that
// pseudo-fields come first are rules of HTTP/2 and not of HPACK: whatever octets
// a block holds are handed out.
package hpack
