package mimic_test

// The cases that Mimic itself is tested by, under their names.

import (
	"context"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/paf-go/paf/mimic"
)

// A script is the endpoint of a protocol in memory.
type script struct {
	input string
	limit int
}

func dialScript(_ context.Context, s script) (*memory, error) {
	return &memory{input: strings.NewReader(s.input), limit: s.limit}, nil
}

func TestInputString(t *testing.T) {
	proto := mimic.Register("script", mimic.NoPriority, dialScript)
	f, err := mimic.Add(mimic.Context{}, proto, script{input: "Hello World!", limit: 16}).Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 12)
	n, err := io.ReadFull(f, p)
	if err != nil || string(p[:n]) != "Hello World!" {
		t.Fatalf("Read: %q, %v", p[:n], err)
	}
	if _, err := f.Read(p); err != io.EOF {
		t.Errorf("Read at the end: %v", err)
	}
	_, err = f.Write([]byte("too late"))
	is(t, err, errClosed)
}

func TestOutputString(t *testing.T) {
	proto := mimic.Register("script", mimic.NoPriority, dialScript)
	f, err := mimic.Add(mimic.Context{}, proto, script{limit: 12}).Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"Hell", "o Wo", "rld!"} {
		if n, err := f.Write([]byte(s)); n != 4 || err != nil {
			t.Fatalf("Write(%q): %d, %v", s, n, err)
		}
	}
	// The original reports success here and marks that to be fixed.
	if n, err := f.Write([]byte("!!!!")); n != 0 || err != io.ErrShortWrite {
		t.Errorf("Write past the capacity: %d, %v", n, err)
	}
	m, _ := proto.View(f)
	equal(t, "output", string(m.output), "Hello World!")
	if _, err := f.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read of an empty input: %v", err)
	}
}

func TestValues(t *testing.T) {
	ints := mimic.Register("int", mimic.NoPriority, remember[int])
	strs := mimic.Register("string", mimic.NoPriority, remember[string])
	floats := mimic.Register("float", mimic.NoPriority, remember[float64])
	var empty mimic.Context
	equal(t, "int", made(t, mimic.Add(empty, ints, 5)), any(5))
	equal(t, "string", made(t, mimic.Add(empty, strs, "Hello World!")), any("Hello World!"))
	equal(t, "float", made(t, mimic.Add(empty, floats, 0.5)), any(0.5))
}

func TestFunctions(t *testing.T) {
	ints := mimic.Register("int", mimic.NoPriority, remember[int])
	strs := mimic.Register("string", mimic.NoPriority, remember[string])
	a, b, k := mimic.NewKey[int]("a"), mimic.NewKey[int]("b"), mimic.NewKey[int]("k")

	c := mimic.Fold2(mimic.Context{}, ints, mimic.Req(a), mimic.Req(b),
		func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	equal(t, "a + b", made(t, mimic.Add(mimic.Add(c, a, 2), b, 3)), any(5))

	c = mimic.Fold1(mimic.Context{}, strs, mimic.Default(k, 42), itoa)
	equal(t, "default", made(t, c), any("42"))
	equal(t, "value", made(t, mimic.Add(c, k, 51)), any("51"))
}

func itoa(_ context.Context, n int) (string, error) { return strconv.Itoa(n), nil }
func succ(_ context.Context, n int) (int, error)    { return n + 1, nil }

func TestTopological(t *testing.T) {
	strs := mimic.Register("string", mimic.NoPriority, remember[string])
	int01, int02 := mimic.NewKey[int]("int01"), mimic.NewKey[int]("int02")
	for _, reversed := range []bool{false, true} {
		var c mimic.Context
		toString := func() { c = mimic.Fold1(c, strs, mimic.Req(int01), itoa) }
		toInt := func() { c = mimic.Fold1(c, int01, mimic.Req(int02), succ) }
		if reversed {
			toInt()
			toString()
		} else {
			toString()
			toInt()
		}
		equal(t, "int01", made(t, mimic.Add(c, int01, 5)), any("5"))
		equal(t, "int02", made(t, mimic.Add(c, int02, 4)), any("5"))
		_, err := c.Resolve(t.Context())
		is(t, err, mimic.ErrNotFound)
	}
}

func TestPriority(t *testing.T) {
	var r mimic.Registry
	ten := mimic.RegisterIn(&r, "ten", 10, remember[string])
	twenty := mimic.RegisterIn(&r, "twenty", 20, remember[string])
	none := mimic.RegisterIn(&r, "none", mimic.NoPriority, remember[string])
	last := mimic.RegisterIn(&r, "last", 20, remember[string])

	type protocol = mimic.Keyed[string]
	for _, tt := range []struct {
		claim  string
		protos []protocol
		want   string
	}{
		{"10 before 20", []protocol{ten, twenty}, "ten"},
		{"20 before none", []protocol{twenty, none}, "twenty"},
		{"10 before 20 and none", []protocol{ten, twenty, none}, "ten"},
		{"of equals the one registered last", []protocol{twenty, last}, "last"},
		{"all", []protocol{none, last, twenty, ten}, "ten"},
	} {
		for range 2 { // whatever the order of insertion
			var c mimic.Context
			for i, p := range tt.protos {
				c = mimic.Add(c, p, p.Name())
				tt.protos[i], tt.protos[0] = tt.protos[0], p
			}
			equal(t, tt.claim, made(t, c), any(tt.want))
		}
	}
}

func TestRecentValues(t *testing.T) {
	ints := mimic.Register("int", mimic.NoPriority, remember[int])
	c := mimic.Add(mimic.Add(mimic.Context{}, ints, 5), ints, 6)
	equal(t, "newest", made(t, c), any(6))
}
