package hpack

// maxInteger is the largest integer that is taken. Nothing that a block counts
// (indices, lengths, table sizes) can be larger where a SETTINGS value has 32 bits.
const maxInteger = 1<<32 - 1

// appendInteger appends v with a prefix of so many bits; flags are the bits of
// the first octet before the prefix (RFC 7541, Section 5.1).
func appendInteger(dst []byte, prefix uint, flags byte, v uint64) []byte {
	full := uint64(1)<<prefix - 1
	if v < full {
		return append(dst, flags|byte(v))
	}
	dst = append(dst, flags|byte(full))
	for v -= full; v >= 0x80; v >>= 7 {
		dst = append(dst, 0x80|byte(v))
	}
	return append(dst, byte(v))
}

// parseInteger reads the integer with a prefix of so many bits at the beginning
// of in, which is not empty, and returns it and the number of its octets.
//
// "Integer encodings that exceed implementation limits -- in value or octet
// length -- MUST be treated as decoding errors" (Section 5.1): a number may be
// written with zeros that never end.
func parseInteger(in []byte, prefix uint) (v uint64, n int, fault Error) {
	full := byte(1)<<prefix - 1
	if b := in[0] & full; b < full {
		return uint64(b), 1, ok
	}
	return parseLong(in, uint64(full))
}

// parseLong reads what follows a prefix of ones only, which are the number v.
// Apart from the rest so that most integers cost no call.
func parseLong(in []byte, v uint64) (_ uint64, n int, fault Error) {
	for shift := uint(0); shift < 35; shift += 7 { // the prefix and five octets say every number of 32 bits
		n = int(shift/7) + 1
		if n == len(in) {
			return 0, 0, Truncated
		}
		v += uint64(in[n]&0x7f) << shift
		if in[n] < 0x80 {
			if v > maxInteger {
				return 0, 0, IntegerTooLong
			}
			return v, n + 1, ok
		}
	}
	return 0, 0, IntegerTooLong
}
