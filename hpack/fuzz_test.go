package hpack

import (
	"encoding/binary"
	"slices"
	"testing"
)

func FuzzDecode(f *testing.F) {
	for _, x := range examples {
		var in []byte
		for _, b := range x.blocks {
			block := unhex(f, b.octets)
			in = append(append(in, byte(len(block)), 0), block...)
		}
		f.Add(uint16(x.max), uint16(200), uint16(1000), in)
	}
	f.Add(uint16(100), uint16(10), uint16(50), []byte("\x03\x00\x20\x3f\x45\x02\x03\x40\x0120"))
	f.Add(uint16(0), uint16(0), uint16(0), []byte("\x06\x00\x41\x84\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, size, str, list uint16, in []byte) {
		p := newPair(t, uint32(size))
		p.setLimits(uint32(str), uint32(list))
		pieces := NewDecoder(uint32(size)) // gets a field at a time
		pieces.SetLimits(uint32(str), uint32(list))
		for len(in) >= 2 { // blocks, each behind its length and, maybe, a new table size
			n := min(int(in[0]), len(in)-2)
			if in[1] != 0 {
				p.setMaxTableSize(uint32(in[1]-1) * 16)
				pieces.SetMaxTableSize(uint32(in[1]-1) * 16)
			}
			block := in[2 : 2+n]
			in = in[2+n:]
			fields, err := p.decode(block)
			checkBounds(t, p.d, fields)
			if err == nil {
				checkPieces(t, pieces, block, fields)
			} else {
				break
			}
		}
	})
}

// checkBounds sees that a decoder holds no more than it may.
func checkBounds(t *testing.T, d *Decoder, fields []Field) {
	list := uint64(0)
	for i := range fields {
		list += fields[i].Size()
	}
	if list > d.maxList {
		t.Fatalf("a list of %d octets, more than %d", list, d.maxList)
	}
	if d.table.size > d.table.max || uint64(len(d.table.ring)) > max(16, d.table.max/16) {
		t.Fatalf("%d octets in a table of %d, a ring of %d", d.table.size, d.table.max, len(d.table.ring))
	}
	if cap(d.scratch) > memoryKept || d.passing.chunk.Cap() > memoryKept || len(d.in) != 0 {
		t.Fatal("more is kept than need be")
	}
}

// checkPieces decodes a block that is whole in blocks of one field each, which
// has to come to the same.
func checkPieces(t *testing.T, d *Decoder, block []byte, want []Field) {
	var whole []int // where the fields end
	{
		twin := *d // only to see the ends
		twin.kept, twin.passing = arena{}, arena{}
		twin.scratch = nil
		twin.table.ring = slices.Clone(d.table.ring)
		var f Field
		for twin.Begin(block); twin.Next(&f); {
			whole = append(whole, len(block)-len(twin.in))
		}
	}
	if len(whole) == 0 { // changes of the table's size alone, perhaps
		whole = append(whole, len(block))
	}
	whole[len(whole)-1] = len(block)
	var got []Field
	start := 0
	for _, end := range whole {
		fields, err := decodeAll(d, block[start:end])
		if err != nil {
			t.Fatalf("%x of %x: %v", block[start:end], block, err)
		}
		got = append(got, fields...)
		start = end
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%x\n%s\nwanted\n%s", block, lines(got), lines(want))
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("\x00\x01a\x01b\x02\x03abc\x03def\x00\x01a\x01b"))
	f.Add([]byte("\x03\x10\x00\x00\x01a\x01b\x03\x00\x00\x03\x00\x10\x00\x01a\x01b\x04\x01a\x01b\x01\x04\x04ab"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var e Encoder
		p := newPair(t, initialTableSize)
		var fields []Field
		flush := func() {
			if len(fields) > 0 {
				roundTrip(t, &e, p, fields)
				fields = nil
			}
		}
		take := func(n int) (s string) {
			n = min(n, len(in))
			s, in = string(in[:n]), in[n:]
			return s
		}
		text := func() string {
			if s := take(1); s != "" {
				return take(int(s[0]) % 64)
			}
			return ""
		}
		for len(in) > 0 {
			switch op := take(1)[0]; op % 8 {
			case 0, 1, 4, 5:
				fields = append(fields, Field{Name: text(), Value: text(), Sensitive: op == 4})
			case 2: // a name of the static table
				fields = append(fields, Field{Name: static[1+op/8].name, Value: text()})
			case 3:
				flush()
				if s := take(2); len(s) == 2 {
					n := uint32(binary.BigEndian.Uint16([]byte(s)))
					p.setMaxTableSize(n)
					e.SetMaxTableSize(n)
				}
			case 6:
				flush()
			case 7:
				flush()
				e.SetTableLimit(uint32(op) * 32) // 224 to 8160
			}
		}
		flush()
	})
}
