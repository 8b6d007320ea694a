package hpack

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestSensitiveFieldsEnterNoTable(t *testing.T) {
	var e Encoder
	d := NewDecoder(4096)
	for _, f := range []Field{
		{":method", "GET", true}, // not even by an index of the static table
		{"authorization", "secret", true},
		{"new-name", "secret", true},
		{"new-name", "public", false},
		{"new-name", "public", true}, // an entry is not said by its index either
	} {
		for range 3 {
			entries := e.table.count()
			block := e.AppendField(nil, f)
			fields, err := decodeAll(d, block)
			if err != nil || len(fields) != 1 || fields[0] != f {
				t.Errorf("%v, %v", fields, err)
			}
			if f.Sensitive && (block[0]&0xf0 != 0x10 || e.table.count() != entries) {
				t.Errorf("%v: %x, %d entries", f, block, e.table.count())
			}
		}
	}
}

func TestSensitiveNamesAreSaidByTheirIndex(t *testing.T) {
	var e Encoder
	e.AppendField(nil, Field{Name: "new-name", Value: "public"})
	for _, c := range []struct {
		name string
		want byte
	}{{"authorization", 23 - 15}, {"new-name", 62 - 15}} {
		if got := e.AppendField(nil, Field{c.name, "secret", true}); got[0] != 0x1f || got[1] != c.want {
			t.Errorf("%s: %x", c.name, got)
		}
	}
}

func TestEncoderTellsChangesOfTheTableSize(t *testing.T) {
	type step struct{ peer, own int }
	for _, c := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"none", nil, ""},
		{"the same", []step{{4096, -1}}, ""},
		{"more than it wants", []step{{65536, -1}}, ""},
		{"more, and it wants that", []step{{65536, 10000}}, "3ff14d"},
		{"less", []step{{100, -1}}, "3f45"},
		{"nothing", []step{{0, -1}}, "20"},
		{"it wants nothing", []step{{-1, 0}}, "20"},
		{"down and up", []step{{0, -1}, {4096, -1}}, "20 3fe11f"},
		{"down, down and up", []step{{100, -1}, {0, -1}, {100, -1}}, "20 3f45"},
		{"down, up and down", []step{{100, -1}, {4096, -1}, {100, -1}}, "3f45"},
		{"up and down to where it was", []step{{65536, 10000}, {4096, -1}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e Encoder
			for _, s := range c.steps {
				if s.own >= 0 {
					e.SetTableLimit(uint32(s.own))
				}
				if s.peer >= 0 {
					e.SetMaxTableSize(uint32(s.peer))
				}
			}
			want := append(unhex(t, c.want), 0x82, 0x82)
			got := encodeAll(&e, []Field{{Name: ":method", Value: "GET"}, {Name: ":method", Value: "GET"}})
			if !bytes.Equal(got, want) {
				t.Errorf("%x, wanted %x", got, want)
			}
		})
	}
}

func TestChangeOfTheTableSizeIsToldOnce(t *testing.T) {
	var e Encoder
	get := Field{Name: ":method", Value: "GET"}
	for i, c := range []struct {
		peer uint32
		want string
	}{{100, "3f45 82"}, {4096, "3fe11f 82"}, {4096, "82"}, {100, "3f45 82"}, {100, "82"}, {65536, "3fe11f 82"}, {5000, "82"}} {
		e.SetMaxTableSize(c.peer)
		if got := e.AppendField(nil, get); !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("%d: %x, wanted %s", i, got, c.want)
		}
		if got := e.AppendField(nil, get); len(got) != 1 {
			t.Errorf("%d: then %x", i, got)
		}
	}
}

func TestSmallerTableDropsEntriesOnBothSides(t *testing.T) {
	var e Encoder
	d := NewDecoder(4096)
	exchange := func(fields ...Field) {
		t.Helper()
		got, err := decodeAll(d, encodeAll(&e, fields))
		if err != nil || lines(got) != lines(fields) {
			t.Errorf("%v, %v", got, err)
		}
		if tableText(&d.table) != tableText(&e.table) || d.table.max != e.table.max {
			t.Errorf("the decoder's table\n%s\nthe encoder's\n%s", tableText(&d.table), tableText(&e.table))
		}
	}
	set := func(n uint32) {
		e.SetMaxTableSize(n)
		d.SetMaxTableSize(n)
	}
	a, b := Field{Name: "a", Value: "1"}, Field{Name: "b", Value: "2"}
	exchange(a, b)
	set(40)
	exchange(a)
	exchange(b, a)
	expectTable(t, &d.table, "(34) a: 1", 34)
	set(0)
	set(4096)
	exchange(Field{Name: ":method", Value: "GET"})
	expectTable(t, &d.table, "", 0)
	exchange(a, b)
	set(0)
	exchange(a, b)
	expectTable(t, &d.table, "", 0)
}

func TestWhatChangesEachTimeDoesNotFlushTheTable(t *testing.T) {
	var e Encoder
	stable := Field{Name: "user-agent", Value: "a browser of some long and never changing name"}
	e.AppendField(nil, stable)
	for i := range 10000 {
		for _, name := range []string{":path", "x-request-id", "traceparent", "etag", "date", "content-length", "location"} {
			e.AppendField(nil, Field{Name: name, Value: fmt.Sprint("value-", i)})
		}
		if got := e.AppendField(nil, stable); len(got) != 1 {
			t.Fatalf("after %d messages it is written again", i)
		}
	}
}

func TestWhatComesAgainBecomesAnEntry(t *testing.T) {
	for _, c := range []struct {
		name  string
		times int // how often it is written before it is an index
	}{
		{"server", 1},
		{"x-anything", 1},
		{":path", 2},
		{"date", 2},
		{"content-length", 2},
	} {
		var e Encoder
		for i := 1; ; i++ {
			if got := e.AppendField(nil, Field{Name: c.name, Value: "value"}); len(got) == 1 {
				if i != c.times+1 {
					t.Errorf("%s is an index the %dth time", c.name, i)
				}
				break
			}
			if i > 5 {
				t.Fatalf("%s is never an index", c.name)
			}
		}
	}
	// A value that has changed has to come twice.
	var e Encoder
	e.AppendField(nil, Field{Name: "x-a", Value: "1"})
	for i, want := range []uint64{1, 2, 2} {
		e.AppendField(nil, Field{Name: "x-a", Value: "2"})
		if e.table.count() != want {
			t.Errorf("%d: %d entries", i, e.table.count())
		}
	}
}

func TestFieldLargerThanTheTableIsLeftOutOfIt(t *testing.T) {
	var e Encoder
	e.AppendField(nil, Field{Name: "a", Value: "b"})
	for _, c := range []struct {
		size int
		want []uint64 // entries after each time
	}{
		{2000, []uint64{2, 2}},    // less than half of the table
		{3000, []uint64{2, 1, 1}}, // more: once it comes again; it drives out the others
		{4096, []uint64{1, 1, 1}}, // more than all of it
	} {
		for i, want := range c.want {
			e.AppendField(nil, Field{Name: fmt.Sprint("n", c.size), Value: strings.Repeat("v", c.size)})
			if got := e.table.count(); got != want {
				t.Errorf("%d octets, %d: %d entries", c.size, i, got)
			}
		}
	}
	// A decoder's peer may do otherwise: that empties the table (RFC 7541, Section 4.4).
	d := NewDecoder(4096)
	if _, err := decodeAll(d, append(plain(0x40, "a", "b"), plain(0x40, "n", strings.Repeat("v", 4096-32))...)); err != nil {
		t.Error(err)
	}
	expectTable(t, &d.table, "", 0)
}

func TestEncoderKeepsNoStringOfItsCallers(t *testing.T) {
	var e Encoder
	d := NewDecoder(4096)
	for i := range 300 { // the entries' strings are copies in order
		f := Field{Name: fmt.Sprint("n", i), Value: fmt.Sprint("v", i)}
		if got, err := decodeAll(d, e.AppendField(nil, f)); err != nil || got[0] != f {
			t.Fatal(got, err)
		}
		if tableText(&e.table) != tableText(&d.table) {
			t.Fatal("the tables differ")
		}
	}
	if chunk := e.kept.chunk.Cap(); chunk > 4*arenaAhead {
		t.Errorf("a chunk of %d octets", chunk)
	}
}

func TestOutputDoesNotDependOnTheSeed(t *testing.T) {
	var a, b Encoder
	for i := range 3000 {
		f := Field{Name: fmt.Sprint("n", i*i%50), Value: fmt.Sprint("v", i*i%170)}
		if x, y := a.AppendField(nil, f), b.AppendField(nil, f); !bytes.Equal(x, y) {
			t.Fatalf("%d: %x and %x", i, x, y)
		}
	}
}

func TestStaticTableIsFoundByName(t *testing.T) {
	for i, e := range static[1:] {
		named, whole := findStatic(e.name, e.value)
		if whole != uint64(i+1) || static[named].name != e.name || named > 1 && static[named-1].name == e.name {
			t.Errorf("%s: %s is found at %d and %d", e.name, e.value, named, whole)
		}
		if named, whole = findStatic(e.name, "?"); named == 0 || whole != 0 {
			t.Errorf("%s: ? is found at %d and %d", e.name, named, whole)
		}
		if named, _ = findStatic(e.name+"x", e.value); named != 0 {
			t.Errorf("%sx is found at %d", e.name, named)
		}
	}
	if named, whole := findStatic("", ""); named != 0 || whole != 0 {
		t.Error("no name is found")
	}
}
