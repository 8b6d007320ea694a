package hpack

import (
	"encoding/binary"
	"slices"
)

// The Huffman code of RFC 7541, Appendix B is canonical: shorter codes are the
// smaller ones, and those of one length are in the order of their symbols. All
// of it follows from the lengths, which are at the end of this file.

const (
	symbols  = 257 // the octets and EOS
	eos      = 256
	longest  = 30 // bits of the longest code
	shortest = 5

	// Codes of up to so many bits are found by one look into a table of 2 KB.
	// These are all printable characters but ' + | # > $ @ [ ] ~ ^ } < ` { \.
	quickBits = 10
)

// huffmanLen returns the length of s in octets once it is encoded.
func huffmanLen(s string) int {
	bits := 0
	for i := 0; i < len(s); i++ {
		bits += int(huffmanLengths[s[i]])
	}
	return (bits + 7) / 8
}

// appendHuffman appends s, encoded; size is its huffmanLen.
func appendHuffman(dst []byte, s string, size int) []byte {
	n := len(dst)
	dst = slices.Grow(dst, size)[:n+size]
	var bits uint64 // those not yet written are the lowest
	var have uint   // how many; fewer than 32 between symbols
	for i := 0; i < len(s); i++ {
		c := huffmanCodes[s[i]]
		bits = bits<<c.length | uint64(c.bits)
		have += uint(c.length)
		if have >= 32 {
			have -= 32
			binary.BigEndian.PutUint32(dst[n:], uint32(bits>>have))
			n += 4
		}
	}
	// Section 5.2: "the most significant bits of the code for the EOS symbol" fill
	// the last octet, which are ones.
	for ; have >= 8; n++ {
		have -= 8
		dst[n] = byte(bits >> have)
	}
	if have > 0 {
		dst[n] = byte(bits<<(8-have)) | 0xff>>have
	}
	return dst
}

// decodedMost returns the most octets that so many octets of Huffman can be.
func decodedMost(n int) int { return n/shortest*8 + n%shortest*8/shortest }

// decodeHuffman decodes in to out and returns the number of octets that it is,
// which may be more than out has room for: the rest is then only checked.
func decodeHuffman(out, in []byte) (n int, fault Error) {
	var bits uint64 // those not yet read are the highest, zeros follow
	var have uint   // how many; fewer than a longest code has when the loop begins
	for tail := false; ; {
		if len(in) >= 4 {
			bits |= uint64(binary.BigEndian.Uint32(in)) << ((32 - have) & 63)
			have += 32
			in = in[4:]
		} else {
			for _, b := range in {
				bits |= uint64(b) << ((56 - have) & 63)
				have += 8
			}
			tail = true
		}
		for have >= longest || tail {
			c := quickCodes[bits>>(64-quickBits)]
			if c.length == 0 {
				c = longCode(uint32(bits >> 32))
				if c.symbol == eos && have >= longest {
					// Section 5.2: "A Huffman-encoded string literal containing the EOS symbol
					// MUST be treated as a decoding error."
					return n, HuffmanEOS
				}
			}
			length := uint(c.length)
			if length > have { // at the end only
				return n, padding(bits, have)
			}
			if n < len(out) {
				out[n] = byte(c.symbol)
			}
			n++
			bits <<= length & 63 // which says that it is less than 64
			have -= length
		}
	}
}

// padding checks what is left behind the last symbol: "A padding strictly longer
// than 7 bits MUST be treated as a decoding error. A padding not corresponding to
// the most significant bits of the code for the EOS symbol MUST be treated as a
// decoding error" (Section 5.2).
func padding(bits uint64, have uint) Error {
	if have > 7 || ^bits>>(64-have) != 0 {
		return HuffmanPadding
	}
	return ok
}

// longCode finds the code at the beginning of 32 bits that is longer than quickBits.
func longCode(bits uint32) decoded {
	for i := range longCodes {
		if l := &longCodes[i]; uint64(bits) < l.end {
			return decoded{symbol: huffmanOrder[uint32(l.order)+(bits-l.begin)>>(32-l.length)], length: l.length}
		}
	}
	panic("unreachable: the last code is all ones")
}

// A code is a symbol's bits, as the lowest ones.
type code struct {
	bits   uint32
	length uint8
}

// A decoded is the symbol of a code.
type decoded struct {
	symbol uint16
	length uint8 // of its code; 0: longer than quickBits
}

// A codeRange is all codes of one length. Codes here are the highest bits of 32.
type codeRange struct {
	begin  uint32 // the first
	end    uint64 // behind the last
	order  uint16 // where the first one's symbol is in huffmanOrder
	length uint8
}

// huffmanOrder is the symbols in the order of their codes.
var huffmanOrder = func() (order [symbols]uint16) {
	n := 0
	for length := uint8(shortest); length <= longest; length++ {
		for symbol, l := range huffmanLengths {
			if l == length {
				order[n] = uint16(symbol)
				n++
			}
		}
	}
	return order
}()

var huffmanCodes = func() (codes [symbols]code) {
	next := uint32(0)
	length := uint8(shortest)
	for _, symbol := range huffmanOrder {
		next <<= huffmanLengths[symbol] - length
		length = huffmanLengths[symbol]
		codes[symbol] = code{next, length}
		next++
	}
	return codes
}()

// quickCodes is indexed by the next bits, whatever follows a shorter code.
var quickCodes = func() (quick [1 << quickBits]decoded) {
	for symbol, c := range huffmanCodes {
		if c.length > quickBits {
			continue
		}
		rest := quickBits - c.length
		for i := range uint32(1) << rest {
			quick[c.bits<<rest|i] = decoded{uint16(symbol), c.length}
		}
	}
	return quick
}()

// longCodes is the codes longer than quickBits, shortest first.
var longCodes = func() (ranges []codeRange) {
	for i, symbol := range huffmanOrder {
		c := huffmanCodes[symbol]
		if c.length <= quickBits {
			continue
		}
		begin := c.bits << (32 - c.length)
		if n := len(ranges); n == 0 || ranges[n-1].length != c.length {
			ranges = append(ranges, codeRange{begin: begin, order: uint16(i), length: c.length})
		}
		ranges[len(ranges)-1].end = uint64(begin) + 1<<(32-c.length)
	}
	return ranges
}()

// huffmanLengths is the length of each symbol's code in bits (Appendix B).
var huffmanLengths = [symbols]uint8{
	13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // controls
	28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
	6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // space ! " # $ % & ' ( ) * + , - . /
	5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // 0 … 9 : ; < = > ?
	13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // @ A … O
	7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // P … Z [ \ ] ^ _
	15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // ` a … o
	6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, // p … z { | } ~ DEL
	20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, // 128 …
	24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
	22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
	21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
	26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
	19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
	20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
	26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
	30, // EOS
}
