package hpack

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestHuffmanCodeIsWhole(t *testing.T) {
	// Kraft: a code that leaves nothing over, so each sequence of bits means something.
	sum := uint64(0)
	for _, l := range huffmanLengths {
		sum += 1 << (longest - l)
	}
	if sum != 1<<longest {
		t.Errorf("%x", sum)
	}
	if c := huffmanCodes[eos]; c.bits != 1<<30-1 || c.length != 30 {
		t.Errorf("EOS is %x", c.bits)
	}
	for symbol, want := range map[byte]uint32{0: 0x1ff8, ' ': 0x14, '0': 0, '~': 0x1ffd, '\\': 0x7fff0, 22: 0x3ffffffe, 255: 0x3ffffee} {
		if got := huffmanCodes[symbol].bits; got != want {
			t.Errorf("%q is %x, wanted %x", symbol, got, want)
		}
	}
}

func TestHuffmanOfEachOctetInEachPlace(t *testing.T) {
	for i := range 256 {
		for before := range 9 {
			for after := range 9 {
				s := strings.Repeat("0", before) + string([]byte{byte(i)}) + strings.Repeat("e", after)
				checkHuffman(t, s)
			}
		}
	}
}

func TestHuffmanOfAnyOctets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := make([]byte, random.IntN(200))
		for i := range s {
			s[i] = byte(random.IntN(256) >> random.IntN(3))
		}
		checkHuffman(t, string(s))
	}
}

// checkHuffman encodes and decodes s, with our code and bit by bit.
func checkHuffman(t *testing.T, s string) {
	t.Helper()
	encoded := appendHuffman([]byte("x"), s, huffmanLen(s))[1:]
	if len(encoded) != huffmanLen(s) {
		t.Fatalf("%q: %d octets, not %d", s, len(encoded), huffmanLen(s))
	}
	if len(s) > decodedMost(len(encoded)) {
		t.Fatalf("%q: %d octets of %d", s, len(s), len(encoded))
	}
	checkDecode(t, encoded)
	if got, fault := decodeSlowly(encoded); got != s || fault != ok {
		t.Fatalf("%q: %q, %v", s, got, fault)
	}
}

// checkDecode decodes octets in both ways, also with too little room.
func checkDecode(t *testing.T, encoded []byte) {
	t.Helper()
	want, wantFault := decodeSlowly(encoded)
	for _, room := range []int{decodedMost(len(encoded)), len(want) / 2, 0} {
		out := bytes.Repeat([]byte{0xaa}, room+1)
		n, fault := decodeHuffman(out[:room:room], encoded)
		if fault != wantFault || n != len(want) || string(out[:min(n, room)]) != want[:min(n, room)] || out[room] != 0xaa {
			t.Fatalf("%x with room for %d: %q, %d, %v; wanted %q, %v", encoded, room, out, n, fault, want, wantFault)
		}
	}
}

var symbolOf = func() map[code]int {
	m := map[code]int{}
	for symbol, c := range huffmanCodes {
		m[c] = symbol
	}
	return m
}()

// decodeSlowly decodes bit by bit.
func decodeSlowly(encoded []byte) (string, Error) {
	var out []byte
	var c code
	ones := true
	for i := range 8 * len(encoded) {
		bit := encoded[i/8] >> (7 - i%8) & 1
		c = code{c.bits<<1 | uint32(bit), c.length + 1}
		ones = ones && bit == 1
		if symbol, found := symbolOf[c]; found {
			if symbol == eos {
				return string(out), HuffmanEOS
			}
			out = append(out, byte(symbol))
			c, ones = code{}, true
		}
	}
	if c.length > 7 || !ones {
		return string(out), HuffmanPadding
	}
	return string(out), ok
}

func FuzzHuffman(f *testing.F) {
	for _, s := range []string{"", "www.example.com", "\x00\xff\x16", "\xff\xff\xff\xff", "\xff\xff\xff\xfe", "\x1f\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 80)] // enough for all states; the slow decoder is slow
		checkHuffman(t, string(b))
		checkDecode(t, b)
	})
}

func BenchmarkHuffmanEncode(b *testing.B) {
	s := "https://www.example.com/a/longer/path/with?query=strings&and=more; Mon, 21 Oct 2013 20:13:21 GMT"
	dst := make([]byte, 0, 256)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		dst = appendHuffman(dst[:0], s, huffmanLen(s))
	}
}

func BenchmarkHuffmanDecode(b *testing.B) {
	s := "https://www.example.com/a/longer/path/with?query=strings&and=more; Mon, 21 Oct 2013 20:13:21 GMT"
	encoded := appendHuffman(nil, s, huffmanLen(s))
	out := make([]byte, 256)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		if n, _ := decodeHuffman(out, encoded); n != len(s) {
			b.Fatal(n)
		}
	}
}
