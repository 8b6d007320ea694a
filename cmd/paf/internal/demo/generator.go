package demo

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	randv2 "math/rand/v2"
	"strings"
)

// A generator yields random bytes: those of its seed, or of none.
type generator = *randv2.ChaCha8

// A seed is what the x-seed field stands for. It is comparable.
type seed [sha256.Size]byte

// parseSeed reads x-seed.
func parseSeed(value string) (s seed, ok bool) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil || len(raw) == 0 {
		return s, false
	}
	if len(raw)%2 == 1 {
		raw = append(raw, 0)
	}
	return sha256.Sum256(raw), true
}

// fresh returns a seed that nobody else has.
func fresh() (s seed) {
	rand.Read(s[:]) // never fails (crypto/rand)
	return s
}

func (s seed) generator() generator { return randv2.NewChaCha8(s) }

const (
	lineBytes  = 57 // before the encoding
	lineChars  = 76 // after it (RFC 2045, Section 6.8)
	lineWidth  = lineChars + 2
	bufferSize = 16 << 10
)

// A stream is length random bytes in MIME base64.
type stream struct {
	source generator
	left   uint64
	raw    [lineBytes]byte
	buf    [bufferSize]byte
	n      int // of buf
}

func newStream(s seed, length uint64) *stream {
	return &stream{source: s.generator(), left: length}
}

// next returns the next piece of text, at most 16 KiB of whole lines, and
// nothing after the last. It is valid until the next call.
func (s *stream) next() []byte {
	s.n = 0
	for s.left > 0 && s.n+lineWidth <= len(s.buf) {
		raw := s.raw[:min(s.left, lineBytes)]
		s.source.Read(raw) // never fails
		s.left -= uint64(len(raw))
		base64.StdEncoding.Encode(s.buf[s.n:], raw)
		s.n += base64.StdEncoding.EncodedLen(len(raw))
		s.n += copy(s.buf[s.n:], "\r\n")
	}
	return s.buf[:s.n]
}

// encodedLen returns the size of the text that length bytes make; ok is false
// if no int64 holds it.
func encodedLen(length uint64) (n int64, ok bool) {
	lines, rest := length/lineBytes, length%lineBytes
	if lines >= 1<<63/lineWidth {
		return 0, false
	}
	n = int64(lines) * lineWidth
	if rest > 0 {
		n += int64(base64.StdEncoding.EncodedLen(int(rest))) + 2
	}
	return n, true
}
