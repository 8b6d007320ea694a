// Package hpack compresses field sections as HTTP/2 does: RFC 7541.
//
// An [Encoder] and the peer's [Decoder] keep a table of the fields that were sent, so that one which comes again
// costs a byte or two. Both must see every field block of a connection, in order:
//
//	var e hpack.Encoder
//	block = e.AppendField(block[:0], hpack.Field{Name: ":status", Value: "200"})
//
//	d := hpack.NewDecoder(4096)
//	d.Begin(block)
//	for f := (hpack.Field{}); d.Next(&f); {
//		…
//	}
//	err := d.Err()
//
// Strings that a Decoder returns stay valid; those of a field that comes from a table are the table's own, and cost
// nothing. Neither type is safe for concurrent use.
//
// # What is indexed
//
// The Encoder puts a field into the table unless its value is seldom the same twice, as that of :path or
// Content-Length, for such fields drive the others out. Fields that are [Field.Sensitive], Authorization,
// Proxy-Authorization and Set-Cookie, and short cookies are "never indexed literals", here and at every hop (Section 7.1.3): who
// can make a client send guesses cannot find them out by the length of what is sent.
package hpack
