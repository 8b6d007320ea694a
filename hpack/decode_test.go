package hpack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestDecoderRefusesWhatBreaksARule(t *testing.T) {
	for _, c := range []struct {
		name   string
		octets string
		want   Error
	}{
		{"index 0", "80", NoSuchEntry},
		{"index behind the static table", "be", NoSuchEntry},
		{"index behind the dynamic table", "400161 0162 bf", NoSuchEntry},
		{"largest index", "ff 80ffffff0f", NoSuchEntry},
		{"name's index behind all entries", "7e 0161", NoSuchEntry},
		{"name's index of a field that passes", "0f 2f 0161", NoSuchEntry},
		{"integer above 32 bits", "ff 81ffffff0f", IntegerTooLong},
		{"integer far above", "ff ffffffff7f", IntegerTooLong},
		{"integer of many zeros", "ff 808080808000", IntegerTooLong},
		{"integer without an end", "ff ffffffffffffffffffffffffffff", IntegerTooLong},
		{"integer cut off", "ff", Truncated},
		{"integer cut off later", "ff ffff", Truncated},
		{"no name", "40", Truncated},
		{"name cut off", "40 03 6161", Truncated},
		{"no value", "40 01 61", Truncated},
		{"no value behind an indexed name", "41", Truncated},
		{"value cut off", "41 02 61", Truncated},
		{"Huffman cut off", "41 82 ff", Truncated},
		{"length of 4 GB", "41 7f 80ffffff0f 61", Truncated},
		{"length cut off", "41 7f", Truncated},
		{"never indexed cut off", "11 02 61", Truncated},
		{"EOS", "41 84 ffffffff", HuffmanEOS},
		{"EOS within", "41 86 1fffffffff1f", HuffmanEOS},
		{"padding of 8 bits", "41 82 1fff", HuffmanPadding}, // "a" is 00011
		{"an octet of padding alone", "41 81 ff", HuffmanPadding},
		{"padding of zeros", "41 81 18", HuffmanPadding},
		{"padding of a zero", "41 81 1e", HuffmanPadding},
		{"three octets of padding", "41 83 ffffff", HuffmanPadding},
		{"change of size above what is allowed", "3f e21f", UpdateTooLarge}, // 4097
		{"change of size behind a field", "82 20", UpdateLate},
		{"change of size behind a literal", "0001610161 3f e11f", UpdateLate},
		{"three changes of size", "20 20 20 82", UpdateRepeated},
		{"change of size cut off", "3f e1", Truncated},
		{"change of size too long", "3f ffffffff7f", IntegerTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(4096)
			_, err := decodeAll(d, unhex(t, c.octets))
			if err != c.want {
				t.Errorf("%v, wanted %v", err, c.want)
			}
			var fault Error
			if !errors.As(err, &fault) || !fault.Fatal() {
				t.Error("not fatal")
			}
			if fields, err := decodeAll(d, unhex(t, "82")); fields != nil || err != c.want {
				t.Errorf("the next block: %v, %v", fields, err)
			}
		})
	}
}

func TestDecoderTakesWhatIsWithinTheRules(t *testing.T) {
	for _, c := range []struct{ name, octets, want string }{
		{"nothing", "", ""},
		{"two changes of size", "20 3fe11f 82", ":method: GET"},
		{"an integer with zeros", "0f 808000 0161", "accept-charset: a"}, // 15
		{"a name and a value of nothing", "00 00 00", ": "},
		{"Huffman of nothing", "00 80 80", ": "},
		{"padding of 7 bits", "41 84 0000007f", ":authority: 00000"},
		{"every octet", "00 01ff 0100", "\xff: \x00"},
		{"an index of two octets", "40 0161 0162 be", "a: b\na: b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fields, err := decodeAll(NewDecoder(4096), unhex(t, c.octets))
			if got := lines(fields); got != c.want || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestEveryCutOfABlockIsNoticed(t *testing.T) {
	block := unhex(t, examples[7].blocks[0].octets)
	whole, _ := decodeAll(NewDecoder(256), block)
	for n := range block {
		fields, err := decodeAll(NewDecoder(256), block[:n])
		if err == nil && len(fields) == len(whole) || err != nil && err != Truncated {
			t.Errorf("%d octets: %d fields, %v", n, len(fields), err)
		}
	}
}

func TestTableSizeThatBecomesSmallerHasToBeTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		allow  []uint32
		octets string
		want   error
	}{
		{"not told", []uint32{100}, "82", UpdateMissing},
		{"told", []uint32{100}, "3f45 82", nil},
		{"more told than need be", []uint32{100}, "20 82", nil},
		{"too little told", []uint32{100}, "3f46 82", UpdateTooLarge}, // 101
		{"none at all left", []uint32{0}, "20 82", nil},
		{"up again, not told", []uint32{100, 4096}, "82", UpdateMissing},
		{"up again, only the end told", []uint32{100, 4096}, "3fe11f 82", UpdateMissing},
		{"up again, told", []uint32{100, 4096}, "3f45 3fe11f 82", nil},
		{"up, not told", []uint32{10000}, "82", nil},
		{"up, told", []uint32{10000}, "3ff14d 82", nil},
		{"up, too much told", []uint32{10000}, "3ff24d 82", UpdateTooLarge},
		{"as it was", []uint32{4096}, "82", nil},
		{"an empty block tells nothing", []uint32{100}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(4096)
			for _, n := range c.allow {
				d.SetMaxTableSize(n)
			}
			if _, err := decodeAll(d, unhex(t, c.octets)); err != c.want {
				t.Errorf("%v, wanted %v", err, c.want)
			}
			if c.want == nil && c.octets != "" {
				if _, err := decodeAll(d, unhex(t, "82")); err != nil { // it is told once
					t.Error(err)
				}
			}
		})
	}
	// A peer that has chosen less than what is allowed now has nothing to tell.
	d := NewDecoder(4096)
	if _, err := decodeAll(d, unhex(t, "3f45 82")); err != nil {
		t.Fatal(err)
	}
	d.SetMaxTableSize(200)
	if _, err := decodeAll(d, unhex(t, "82")); err != nil {
		t.Error(err)
	}
}

func TestListBeyondTheLimitLeavesTheTableInStep(t *testing.T) {
	enters := func(name, value string) []byte { return plain(0x40, name, value) }
	long := strings.Repeat("v", 200)
	for _, c := range []struct {
		name         string
		str, list    uint32
		block        []byte
		fields       string
		want         error
		table        string
		allowedTable uint32
	}{
		{"within", 200, 400, slices.Concat(enters("a", "b"), enters("c", long)), "a: b\nc: " + long, nil, "c a", 4096},
		{"list, by an entry", 200, 266, slices.Concat(enters("a", "b"), enters("c", long)), "a: b", ListTooLong, "c a", 4096},
		{"list, then more", 200, 100, slices.Concat(enters("a", "b"), enters("c", long), enters("d", "e")), "a: b", ListTooLong, "d c a", 4096},
		{"list, by what passes", 200, 100, slices.Concat(plain(0, "c", long), enters("d", "e")), "", ListTooLong, "d", 4096},
		{"list, by an index", 200, 100, slices.Concat(enters("a", "b"), []byte{0xbe, 0xbe, 0xbe}, enters("d", "e")), "a: b\na: b", ListTooLong, "d a", 4096},
		{"value", 199, 1000, slices.Concat(enters("c", long), enters("d", "e")), "", StringTooLong, "d c", 4096},
		{"name", 199, 1000, slices.Concat(enters("a", "b"), plain(0x10, long, "")), "a: b", StringTooLong, "a", 4096},
		{"value too large for the table", 100, 1000, slices.Concat(enters("a", "b"), enters("c", long)), "a: b", StringTooLong, "", 128},
		{"value too large for the table, then more", 100, 1000, slices.Concat(enters("a", "b"), enters("c", long), enters("d", "e")), "a: b", StringTooLong, "d", 128},
		{"Huffman value", 100, 1000, slices.Concat(huffman(0x40, "a", long), huffman(0, "a", long), enters("d", "e")), "", StringTooLong, "d a", 4096},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(c.allowedTable)
			d.SetLimits(c.str, c.list)
			fields, err := decodeAll(d, c.block)
			if got := lines(fields); got != c.fields || err != c.want {
				t.Errorf("%q, %v", got, err)
			}
			if err != nil && err.(Error).Fatal() {
				t.Error("fatal")
			}
			var names []string
			for n := d.table.next; n != d.table.first; n-- {
				names = append(names, d.table.entry(n-1).name)
			}
			if got := strings.Join(names, " "); got != c.table {
				t.Errorf("table: %s, wanted %s", got, c.table)
			}
			if fields, err := decodeAll(d, unhex(t, "82")); lines(fields) != ":method: GET" || err != nil {
				t.Errorf("the next block: %v, %v", fields, err)
			}
			for n := d.table.next; n != d.table.first; n-- { // what has entered beyond the limit is whole
				if e := d.table.entry(n - 1); e.name == "c" && e.value != long {
					t.Errorf("an entry of %d octets", len(e.value))
				}
			}
		})
	}
}

// A fault behind the limit is still a fault.
func TestFaultBehindTheLimitIsFatal(t *testing.T) {
	d := NewDecoder(4096)
	d.SetLimits(10, 10)
	if _, err := decodeAll(d, unhex(t, "82 80")); err != NoSuchEntry {
		t.Error(err)
	}
}

func TestSkipReadsForTheTableAlone(t *testing.T) {
	d := NewDecoder(4096)
	var f Field
	d.Begin(slices.Concat(plain(0x40, "a", "1"), plain(0x40, "b", "2"), plain(0, "c", "3"), []byte{0xbe}))
	if !d.Next(&f) || f.Name != "a" {
		t.Fatal(f)
	}
	if d.Skip(); d.Err() != nil || d.Next(&f) {
		t.Error(d.Err(), f)
	}
	if fields, err := decodeAll(d, []byte{0xbe, 0xbf}); lines(fields) != "b: 2\na: 1" || err != nil {
		t.Error(fields, err)
	}
	if d.Begin([]byte{0x80}); d.Err() != nil {
		t.Error(d.Err())
	}
	if d.Skip(); d.Err() != NoSuchEntry {
		t.Error(d.Err())
	}
}

func TestBeginBeforeTheEndIsNotOverlooked(t *testing.T) {
	d := NewDecoder(4096)
	var f Field
	d.Begin([]byte{0x82, 0x82})
	d.Next(&f)
	d.Begin([]byte{0x82})
	if d.Next(&f) || d.Err() != Unread {
		t.Error(f, d.Err())
	}
}

func TestStringsStayAsTheyWere(t *testing.T) {
	d := NewDecoder(4096)
	var got, want []string
	for i := range 2000 {
		text := strings.Repeat(fmt.Sprint(i), 1+i%7)
		form := []byte{0x40, 0x00, 0x10}[i%3]
		block := plain(form, "n"+text, text)
		if i%2 == 0 {
			block = huffman(form, "n"+text, text)
		}
		fields, err := decodeAll(d, append(block, plain(0x40, "same", "")...))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fields[0].Name, fields[0].Value)
		want = append(want, "n"+text, text)
	}
	if !slices.Equal(got, want) {
		t.Error("a string has changed")
	}
}

// RFC 7541, Section 4.4: "A new entry can reference the name of an entry in the
// dynamic table that will be evicted when adding this new entry".
func TestNameOfAnEntryThatGoesIsKept(t *testing.T) {
	d := NewDecoder(64)
	value := strings.Repeat("v", 20)
	if _, err := decodeAll(d, plain(0x40, "name", "1")); err != nil {
		t.Fatal(err)
	}
	fields, err := decodeAll(d, append([]byte{0x7e, 20}, value...))
	if lines(fields) != "name: "+value || err != nil {
		t.Error(fields, err)
	}
	expectTable(t, &d.table, "(56) name: "+value, 56)
	// The same where the new entry is too large itself.
	value += value
	fields, err = decodeAll(d, append([]byte{0x7e, 40}, value...))
	if lines(fields) != "name: "+value || err != nil {
		t.Error(fields, err)
	}
	expectTable(t, &d.table, "", 0)
}

// plain writes a literal as it is, huffman with Huffman.
func plain(form byte, name, value string) []byte {
	b := appendInteger([]byte{form}, 7, 0, uint64(len(name)))
	b = appendInteger(append(b, name...), 7, 0, uint64(len(value)))
	return append(b, value...)
}

func huffman(form byte, name, value string) []byte {
	b := []byte{form}
	for _, s := range []string{name, value} {
		n := huffmanLen(s)
		b = appendHuffman(appendInteger(b, 7, 0x80, uint64(n)), s, n)
	}
	return b
}
