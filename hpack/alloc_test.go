package hpack

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var request = []Field{
	{Name: ":method", Value: "GET"},
	{Name: ":scheme", Value: "https"},
	{Name: ":authority", Value: "www.example.com"},
	{Name: ":path", Value: "/a/path?with=query"},
	{Name: "user-agent", Value: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	{Name: "accept", Value: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
	{Name: "accept-language", Value: "en-US,en;q=0.5"},
	{Name: "accept-encoding", Value: "gzip, deflate, br, zstd"},
	{Name: "cookie", Value: "session=0123456789abcdef0123456789abcdef"},
	{Name: "x-custom", Value: "something"},
	{Name: "authorization", Value: "Bearer 0123456789", Sensitive: true},
}

var response = []Field{
	{Name: ":status", Value: "200"},
	{Name: "date", Value: "Mon, 21 Oct 2013 20:13:21 GMT"},
	{Name: "content-type", Value: "text/html; charset=utf-8"},
	{Name: "content-length", Value: "12345"},
	{Name: "etag", Value: "\"0123456789abcdef\""},
	{Name: "last-modified", Value: "Mon, 21 Oct 2013 20:13:21 GMT"},
	{Name: "cache-control", Value: "max-age=3600"},
	{Name: "server", Value: "paf"},
}

func TestRepeatedHeadsCostNoAllocation(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields []Field
	}{{"request", request[:10]}, {"response", response}} { // a sensitive value is a new string each time
		t.Run(c.name, func(t *testing.T) {
			var e Encoder
			d := NewDecoder(4096)
			var block []byte
			var f Field
			n := testing.AllocsPerRun(1000, func() { // whose first run is not counted
				block = block[:0]
				for i := range c.fields {
					block = e.AppendField(block, c.fields[i])
				}
				for d.Begin(block); d.Next(&f); {
				}
				if d.Err() != nil {
					t.Fatal(d.Err())
				}
			})
			if n != 0 {
				t.Errorf("%v allocations for each", n)
			}
		})
	}
}

func TestEncoderWithoutATableAllocatesNothing(t *testing.T) {
	e := Encoder{}
	e.SetMaxTableSize(0)
	var block []byte
	if n := testing.AllocsPerRun(100, func() {
		block = block[:0]
		for i := range request {
			block = e.AppendField(block, request[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPathThatComesAgainIsTheStringItWas(t *testing.T) {
	d := NewDecoder(0)
	block := append(huffman(4, ":path", "/a/path")[:1], huffman(0, "", "/a/path")[2:]...)
	var f Field
	if n := testing.AllocsPerRun(100, func() {
		for d.Begin(block); d.Next(&f); {
		}
	}); n != 0 || f.Name != ":path" || f.Value != "/a/path" {
		t.Errorf("%v allocations for %v", n, f)
	}
}

// A whole new head is one string or two: what enters the table and what does not.
func TestNewHeadCostsFewAllocations(t *testing.T) {
	d := NewDecoder(4096)
	var f Field
	var blocks [][]byte
	for i := range 200 {
		var block []byte
		for n := range 10 {
			block = append(block, huffman([]byte{0x40, 0}[n%2], fmt.Sprint("name-", n, "-", i), fmt.Sprint("value-", i))...)
		}
		blocks = append(blocks, block)
	}
	next := 0
	run := func() {
		for d.Begin(blocks[next%len(blocks)]); d.Next(&f); {
		}
		next++
	}
	for range 100 {
		run()
	}
	if n := testing.AllocsPerRun(90, run); n > 2 {
		t.Errorf("%v allocations for each", n)
	}
}

// HPACK bomb: many one-octet indices of a large entry.
func TestBombTakesNoMemory(t *testing.T) {
	d := NewDecoder(4096)
	block := plain(0x40, "n", string(make([]byte, 4000)))
	for len(block) < 60000 {
		block = append(block, 0xbe)
	}
	var f Field
	fields := 0
	n := testing.AllocsPerRun(10, func() {
		fields = 0
		for d.Begin(block); d.Next(&f); {
			fields++
		}
	})
	if n > 1 || fields > 65536/4000 || d.Err() != ListTooLong {
		t.Errorf("%v allocations, %d fields, %v", n, fields, d.Err())
	}
}

// Two octets ask for a new entry with the name of the newest, which may be as
// long as the table: that makes no copy of it each time.
func TestEntriesOfALongNameTakeNoMemory(t *testing.T) {
	d := NewDecoder(4096)
	block := plain(0x40, string(make([]byte, 4000)), "")
	for len(block) < 60000 {
		block = append(block, 0x7e, 0)
	}
	var f Field
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for d.Begin(block); d.Next(&f); {
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 || d.Err() != ListTooLong {
		t.Errorf("%d octets, %v", got, d.Err())
	}
}

// Long strings that nobody takes need no memory.
func TestStringsBeyondTheLimitTakeNoMemory(t *testing.T) {
	d := NewDecoder(0)
	d.SetLimits(100, 1000)
	long := string(make([]byte, 1<<20))
	for name, block := range map[string][]byte{"plain": plain(0, "n", long), "Huffman": huffman(0x40, "n", long)} {
		var f Field
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			for d.Begin(block); d.Next(&f); {
			}
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 || d.Err() != StringTooLong {
			t.Errorf("%s: %d octets, %v", name, got, d.Err())
		}
	}
}

// What a decoder keeps is a small multiple of its table, whatever the peer sends.
func TestDecoderKeepsLittle(t *testing.T) {
	large := string(make([]byte, 16000))
	half := string(make([]byte, 1500))
	// An entry of 1500 octets, an empty one of its name, and the same of the names
	// of the 59 oldest: the newest of the others, as it was before, has to go.
	names := append(plain(0x40, "a", half), 0x7e, 0)
	for range 59 {
		names = append(names, 0x7f, 62+61-63, 0)
	}
	// The same of one long name, beside a value as long as leaves room for the most
	// of those that came before.
	name := append(plain(0x40, strings.Repeat("a", nameCopied+1), half), bytes.Repeat([]byte{0x7e, 0}, 20)...)
	for name, block := range map[string][]byte{
		"small entries of a long name":               name,
		"small entries beside large fields":          append(plain(0, "n", large), plain(0x40, "a", "b")...),
		"small entries that share large ones' names": names,
		"large fields by names of the static table":  slices.Concat(append([]byte{0x04, 0x7f, 0x81, 0x7c}, large...), plain(0, "n", large)),
		"large entries": plain(0x40, "a", half+half),
		"as many entries as can be, and as many more": bytes.Repeat([]byte{0x40, 0, 0}, 500),
	} {
		t.Run(name, func(t *testing.T) {
			const count = 50
			decoders := make([]*Decoder, count)
			before := heap()
			for i := range decoders {
				d := NewDecoder(4096)
				for range 65 { // so that there are 60 names
					if _, err := decodeAll(d, plain(0x40, "a", "")); err != nil {
						t.Fatal(err)
					}
				}
				d.SetLimits(1<<20, 1<<20)
				var f Field
				for range 300 {
					for d.Begin(block); d.Next(&f); {
					}
					if d.Err() != nil {
						t.Fatal(d.Err())
					}
				}
				decoders[i] = d
			}
			after := heap()
			if each := (int64(after) - int64(before)) / count; each > 24<<10 {
				t.Errorf("%d octets for a decoder", each)
			} else {
				t.Logf("%d octets for a decoder", each)
			}
			runtime.KeepAlive(decoders)
		})
	}
}

func TestMemoryForLongStringsIsNotKept(t *testing.T) {
	long := strings.Repeat("long", 3000)
	for name, block := range map[string][]byte{"plain": plain(0, "n", long), "Huffman": huffman(0, "n", long)} {
		d := NewDecoder(4096)
		if fields, err := decodeAll(d, block); err != nil || fields[0].Value != long {
			t.Fatal(err)
		}
		if got := cap(d.scratch) + d.passing.chunk.Cap(); got > 2*memoryKept {
			t.Errorf("%s: %d octets", name, got)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func benchEncode(b *testing.B, fields []Field) {
	var e Encoder
	var block []byte
	b.ReportAllocs()
	for b.Loop() {
		block = block[:0]
		for i := range fields {
			block = e.AppendField(block, fields[i])
		}
	}
	b.ReportMetric(float64(len(block)), "octets")
}

func benchDecode(b *testing.B, fields []Field) {
	var e Encoder
	d := NewDecoder(4096)
	for range 3 {
		if _, err := decodeAll(d, encodeAll(&e, fields)); err != nil {
			b.Fatal(err)
		}
	}
	block := encodeAll(&e, fields)
	var f Field
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for d.Begin(block); d.Next(&f); {
			n++
		}
		if n != len(fields) {
			b.Fatal(d.Err())
		}
	}
}

func BenchmarkEncodeRequest(b *testing.B)  { benchEncode(b, request) }
func BenchmarkEncodeResponse(b *testing.B) { benchEncode(b, response) }
func BenchmarkDecodeRequest(b *testing.B)  { benchDecode(b, request) }
func BenchmarkDecodeResponse(b *testing.B) { benchDecode(b, response) }

// A first head on a connection: nothing is in a table yet.
func BenchmarkEncodeFirst(b *testing.B) {
	var block []byte
	b.ReportAllocs()
	for b.Loop() {
		var e Encoder
		block = block[:0]
		for i := range request {
			block = e.AppendField(block, request[i])
		}
	}
}

func BenchmarkDecodeFirst(b *testing.B) {
	block := encodeAll(&Encoder{}, request)
	var f Field
	b.ReportAllocs()
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		d := NewDecoder(4096)
		for d.Begin(block); d.Next(&f); {
		}
	}
}

// All literal: a peer that has no table.
func BenchmarkDecodeLiterals(b *testing.B) {
	var block []byte
	for _, f := range request {
		block = append(block, huffman(0, f.Name, f.Value)...)
	}
	d := NewDecoder(4096)
	var f Field
	b.ReportAllocs()
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		for d.Begin(block); d.Next(&f); {
		}
	}
}
