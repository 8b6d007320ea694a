package h2_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
)

// talk returns what a server makes of some frames after the preface.
func talk(t *testing.T, limits engine.Limits, frames ...[]byte) string {
	t.Helper()
	in := frame([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 4, 0, 0)
	return play(t, h2.NewServer(limits, 1), append(in, bytes.Join(frames, nil)...), whole).String()
}

// head makes the field block of a request, with lines in place of the usual ones, or besides them.
func head(lines ...string) []byte {
	usual := []string{":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/"}
	var all []string
	for i := 0; i < len(usual); i += 2 {
		replaced := false
		for j := 0; j+1 < len(lines); j += 2 {
			replaced = replaced || lines[j] == "-"+usual[i]
		}
		if !replaced {
			all = append(all, usual[i], usual[i+1])
		}
	}
	for j := 0; j+1 < len(lines); j += 2 {
		if !strings.HasPrefix(lines[j], "-") {
			all = append(all, lines[j], lines[j+1])
		}
	}
	return fieldBlock(all...)
}

// A small block that stands for a large list (HPACK bomb) is answered with 431 and costs no more than the limit.
func TestAListTooLargeIsAnsweredAndCostsNothing(t *testing.T) {
	block := append(head(), 0x40, 1, 'x', 0x7f, 0xb9, 0x16) // a literal of 3,000 bytes, for the table
	block = append(block, strings.Repeat("y", 3000)...)
	bomb := append(block, bytes.Repeat([]byte{0xbe}, 12<<10)...) // the entry that has just been added, 12,288 times
	for name, c := range map[string]struct {
		head []byte
		want string
	}{
		"a bomb":         {bomb, "limit HeadBytes 431"},
		"too many lines": {head(strings.Split(strings.TrimSuffix(strings.Repeat("a,b,", 200), ","), ",")...), "limit Fields 431"},
	} {
		var got string
		allocated := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				got = talk(t, engine.Limits{}, frame(nil, 1, 5, 1, c.head...))
			}
		}).AllocedBytesPerOp()
		if !strings.Contains(got, c.want) || strings.Contains(got, "request 1 ") {
			t.Errorf("%s:\n%.500s", name, got)
		}
		if allocated > 1<<20 {
			t.Errorf("%s: %d KiB allocated", name, allocated>>10)
		}
	}
}
