package h1

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A chunkDecoder takes the chunked coding apart (RFC 9112, Section 7.1):
//
//	chunked-body = *chunk last-chunk trailer-section CRLF
//	chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//
// It consumes framing as it comes, however it is cut, and hands out data in place.
type chunkDecoder struct {
	at     chunkState
	digits int   // of the size so far
	line   int   // bytes of the line that holds the size
	left   int64 // data of this chunk that has not come
	waste  int64 // framing beyond twice the data and chunkFraming for each chunk
}

// chunkFraming is what any chunk may have of it: a short size and two line ends. A stream may be of single bytes, and go on for days.
const chunkFraming = 8

type chunkState uint8

const (
	chunkSize      chunkState = iota
	chunkExtension            // before an extension's name
	chunkExtensionName
	chunkExtensionEquals // before its value
	chunkExtensionValue
	chunkQuoted
	chunkQuotedPair
	chunkQuotedEnd
	chunkSizeLF // after the CR that ends the size line
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailer // the trailer section follows
)

// next consumes n bytes of in and returns the data that was among them, if any. It
// stops after data, and before the trailer section. room is how much content may still come.
func (d *chunkDecoder) next(in []byte, limits *engine.Limits, room int64) (data []byte, n int, broken rule) {
	for n < len(in) && d.at != chunkTrailer {
		if d.at == chunkData {
			data = in[n:min(int64(len(in)), int64(n)+d.left)]
			d.left -= int64(len(data))
			d.waste = max(0, d.waste-2*int64(len(data)))
			if d.left == 0 {
				d.at = chunkDataCR
			}
			return data, n + len(data), ok
		}
		if broken = d.framing(in[n]); broken != ok {
			return nil, n, broken
		}
		n++
		d.waste++
		d.line++
		if d.line > limits.ChunkLineBytes {
			return nil, n, ruleChunkExtension
		}
		if d.waste > int64(limits.ChunkOverhead) {
			return nil, n, ruleChunkWaste
		}
		if d.at == chunkData && d.left > room {
			return nil, n, ruleContentLong
		}
	}
	return nil, n, ok
}

// framing takes one byte that is not data.
func (d *chunkDecoder) framing(b byte) rule {
	switch d.at {
	case chunkSize:
		return d.size(b)
	case chunkSizeLF:
		if b != '\n' {
			return ruleBareCR
		}
		d.at, d.waste = chunkData, max(0, d.waste-chunkFraming)
		if d.left == 0 {
			d.at = chunkTrailer
		}
	case chunkDataCR:
		if b != '\r' {
			return ruleChunkEnd
		}
		d.at = chunkDataLF
	case chunkDataLF:
		if b != '\n' {
			return ruleChunkEnd
		}
		d.at, d.digits, d.line = chunkSize, 0, 0
	default:
		return d.extension(b)
	}
	return ok
}

// size takes a byte of chunk-size = 1*HEXDIG or the one behind it. "recipients MUST
// anticipate potentially large hexadecimal numerals and prevent parsing errors due
// to integer conversion overflows": 15 digits are enough for any content.
func (d *chunkDecoder) size(b byte) rule {
	v, isHex := unhex(b)
	switch {
	case isHex && d.digits < 15:
		d.left = d.left<<4 | int64(v)
		d.digits++
		return ok
	case d.digits == 0 || isHex:
		return ruleChunkSize
	case b == '\r':
		d.at = chunkSizeLF
		return ok
	case b == ';':
		// Section 7.1.1: "A recipient MUST ignore unrecognized chunk extensions."
		d.at = chunkExtension
		return ok
	case b == '\n':
		return ruleBareLF
	}
	return ruleChunkSize
}

// extension takes a byte of
//
//	chunk-ext     = *( ";" chunk-ext-name [ "=" chunk-ext-val ] )
//	chunk-ext-val = token / quoted-string
//
// The grammar's "bad" white space is refused: nobody sends it but to be misread.
func (d *chunkDecoder) extension(b byte) rule {
	token := semantics.ValidName(string(rune(b)))
	switch d.at {
	case chunkExtension:
		return d.to(chunkExtensionName, token)
	case chunkExtensionName:
		switch b {
		case '=':
			d.at = chunkExtensionEquals
			return ok
		case ';', '\r':
			return d.after(b)
		}
		return d.to(chunkExtensionName, token)
	case chunkExtensionEquals:
		if b == '"' {
			d.at = chunkQuoted
			return ok
		}
		return d.to(chunkExtensionValue, token)
	case chunkExtensionValue:
		if b == ';' || b == '\r' {
			return d.after(b)
		}
		return d.to(chunkExtensionValue, token)
	case chunkQuoted:
		switch b {
		case '"':
			d.at = chunkQuotedEnd
			return ok
		case '\\':
			d.at = chunkQuotedPair
			return ok
		}
		return d.to(chunkQuoted, text(b))
	case chunkQuotedPair:
		return d.to(chunkQuoted, text(b))
	}
	return d.after(b)
}

// after takes the byte behind an extension.
func (d *chunkDecoder) after(b byte) rule {
	if b == ';' {
		d.at = chunkExtension
		return ok
	}
	return d.to(chunkSizeLF, b == '\r')
}

// to moves on if the byte was what it had to be.
func (d *chunkDecoder) to(at chunkState, valid bool) rule {
	if !valid {
		return ruleChunkExtension
	}
	d.at = at
	return ok
}

// text reports whether a byte may be in a quoted string (RFC 9110, Section 5.6.4).
func text(b byte) bool { return b == '\t' || b >= ' ' && b != 0x7f }

func unhex(b byte) (byte, bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10, true
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}

// appendChunkHead appends the size line of a chunk that is not empty.
func appendChunkHead(dst []byte, n int) []byte {
	const digits = "0123456789abcdef"
	shift := 60
	for n>>shift == 0 {
		shift -= 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&15])
	}
	return append(dst, crlf...)
}
