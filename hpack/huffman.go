package hpack

// huffmanLen returns the length of s in Huffman code, in bytes.
func huffmanLen(s string) int {
	bits := 0
	for i := 0; i < len(s); i++ {
		bits += int(codeLengths[s[i]])
	}
	return (bits + 7) / 8
}

// appendHuffman appends s in Huffman code (RFC 7541, Section 5.2).
func appendHuffman(dst []byte, s string) []byte {
	var acc uint64
	n := 0
	for i := 0; i < len(s); i++ {
		c := codes[s[i]]
		acc = acc<<c.length | uint64(c.bits)
		n += int(c.length)
		for n >= 8 {
			n -= 8
			dst = append(dst, byte(acc>>n))
		}
	}
	if n > 0 {
		// "the most significant bits of the code corresponding to the EOS symbol", all ones.
		dst = append(dst, byte(acc<<(8-n))|byte(0xff>>n))
	}
	return dst
}

// appendDecoded appends what src says in Huffman code. valid is false for an EOS, and for padding that is longer than
// 7 bits or not all ones: "MUST be treated as a decoding error".
func appendDecoded(dst, src []byte) (out []byte, valid bool) {
	var acc uint64 // its lowest n bits are still to be decoded
	n := 0
	for {
		for n <= 56-8 && len(src) > 0 {
			acc = acc<<8 | uint64(src[0])
			n += 8
			src = src[1:]
		}
		if n < quickBits {
			break
		}
		if q := quick[byte(acc>>(n-quickBits))]; q.length > 0 {
			dst = append(dst, q.symbol)
			n -= int(q.length)
			continue
		}
		symbol, length := climb(acc, n)
		if length == 0 {
			break // the rest is no code
		}
		if symbol == eos {
			return dst, false
		}
		dst = append(dst, byte(symbol))
		n -= length
	}
	return appendLast(dst, acc, n)
}

// appendLast decodes the last bits, which are too few for the quick table.
func appendLast(dst []byte, acc uint64, n int) ([]byte, bool) {
	for n >= shortest {
		symbol, length := climb(acc, n)
		if length == 0 || symbol == eos {
			break
		}
		dst = append(dst, byte(symbol))
		n -= length
	}
	padding := uint64(1)<<n - 1
	return dst, n < 8 && acc&padding == padding
}

// climb finds the symbol whose code the lowest n bits of acc begin with, by trying one length after another.
func climb(acc uint64, n int) (symbol uint16, length int) {
	for length := shortest; length <= min(n, longest); length++ {
		step := &ladder[length]
		bits := uint32(acc>>(n-length)) & (1<<length - 1)
		if at := bits - step.first; bits >= step.first && at < step.count {
			return step.symbols[at], length
		}
	}
	return 0, 0
}
