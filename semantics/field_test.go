package semantics

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// lines returns the section as "name: value" lines.
func lines(f *Fields) string {
	var b strings.Builder
	for n, v := range f.All() {
		b.WriteString(n + ": " + v + "\n")
	}
	return b.String()
}

func wantLines(t *testing.T, claim string, f Fields, pairs ...string) {
	t.Helper()
	want := FieldsOf(pairs...)
	if lines(&f) != lines(&want) {
		t.Errorf("%s: got\n%swant\n%s", claim, lines(&f), lines(&want))
	}
}

// headers/CI equal: all pairs of bytes against a naive comparison.
func TestHeadersCIEqual(t *testing.T) {
	lower := func(c int) int {
		if c >= 'A' && c <= 'Z' {
			return c - 'A' + 'a'
		}
		return c
	}
	for a := range 256 {
		for b := range 256 {
			got := EqualFold(string([]byte{byte(a)}), string([]byte{byte(b)}))
			if got != (lower(a) == lower(b)) {
				t.Fatalf("EqualFold(%#x, %#x) = %v", a, b, got)
			}
		}
	}
	if EqualFold("a", "ab") || EqualFold("ab", "aB ") || !EqualFold("", "") {
		t.Error("lengths are not compared")
	}
}

// headers/remove.
func TestHeadersRemove(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"only line", "a", ""},
		{"absent", "b c", "b c"},
		{"first", "a b c", "b c"},
		{"last", "b c A", "b c"},
		{"each", "a b A c a", "b c"},
		{"next to each other", "b a a a c", "b c"},
	} {
		f := numbered(c.before)
		f.Del("a")
		if got := names(f); got != c.after {
			t.Errorf("%s: %q, want %q", c.name, got, c.after)
		}
	}
}

// headers/replace: the first occurrence keeps its place, others go. Where the
// name is absent Set appends (Go's convention; httpaf's replace did nothing).
func TestHeadersReplace(t *testing.T) {
	f := FieldsOf("a", "1", "b", "2", "A", "3", "c", "4", "a", "5")
	f.Set("A", "x")
	wantLines(t, "in the place of the first", f, "A", "x", "b", "2", "c", "4")
	f.Set("c", "y")
	wantLines(t, "the last", f, "A", "x", "b", "2", "c", "y")
	f.Set("d", "z")
	wantLines(t, "absent", f, "A", "x", "b", "2", "c", "y", "d", "z")
}

func TestSetKeepsALineSensitive(t *testing.T) {
	var f Fields
	f.AddField(Field{Name: "authorization", Value: "old", Sensitive: true})
	f.Set("Authorization", "new")
	if l := f.List()[0]; l != (Field{"Authorization", "new", true}) {
		t.Errorf("got %+v", l)
	}
	if s := f.String(); s != "Authorization: (sensitive)\n" {
		t.Errorf("String shows a sensitive value: %q", s)
	}
	f.SetField(Field{Name: "Authorization", Value: "public"})
	if l := f.List()[0]; l != (Field{"Authorization", "public", false}) {
		t.Errorf("SetField does not replace the whole line: %+v", l)
	}
}

// Credentials are not shown wherever a section is printed, by value too.
func TestCredentialsAreNotShown(t *testing.T) {
	f := FieldsOf("authorization", "secret", "Proxy-Authorization", "secret", "Cookie", "secret", "Set-Cookie", "secret", "X", "shown")
	for _, s := range []string{f.String(), fmt.Sprint(f), fmt.Sprintf("%v", &f), fmt.Sprintf("%+v", struct{ Header Fields }{f})} {
		if strings.Contains(s, "secret") || !strings.Contains(s, "shown") {
			t.Errorf("%q", s)
		}
	}
}

// httpaf's get returned the last value, Go's convention is the first.
func TestGetReturnsTheFirstValue(t *testing.T) {
	f := FieldsOf("a", "1", "B", "2", "A", "3")
	if f.Get("A") != "1" || f.Get("b") != "2" || f.Get("c") != "" {
		t.Errorf("Get: %q %q %q", f.Get("A"), f.Get("b"), f.Get("c"))
	}
	if v, ok := f.Lookup("c"); ok || v != "" || f.Has("c") || !f.Has("a") {
		t.Errorf("Lookup: %q, %v", v, ok)
	}
	if got := f.Values("a"); !slices.Equal(got, []string{"1", "3"}) || f.Values("c") != nil {
		t.Errorf("Values: %q, %q", got, f.Values("c"))
	}
	if f.Count("A") != 2 || f.Count("b") != 1 || f.Count("c") != 0 || f.Len() != 3 {
		t.Errorf("Count: %d %d %d of %d", f.Count("A"), f.Count("b"), f.Count("c"), f.Len())
	}
	for n, v := range f.All() {
		if n != "a" || v != "1" {
			t.Errorf("All begins with %s: %s", n, v)
		}
		break
	}
}

func TestAddMissingAddsOnce(t *testing.T) {
	var f Fields
	if !f.AddMissing("Date", "1") || f.AddMissing("date", "2") {
		t.Error("wrong report")
	}
	wantLines(t, "one line", f, "Date", "1")
}

func TestEqualComparesNamesWithoutCase(t *testing.T) {
	f := FieldsOf("a", "1", "b", "2")
	for _, c := range []struct {
		g    Fields
		want bool
	}{
		{FieldsOf("A", "1", "B", "2"), true},
		{FieldsOf("b", "2", "a", "1"), false},
		{FieldsOf("a", "1"), false},
		{FieldsOf("a", "1", "b", "3"), false},
		{FieldsOf("a", "1", "c", "2"), false},
	} {
		if got := f.Equal(&c.g); got != c.want {
			t.Errorf("Equal to %q: %v", lines(&c.g), got)
		}
	}
}

func TestFieldsOfPanicsOnAnOddNumber(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	FieldsOf(strings.Fields("a 1 b")...)
}

func TestShareIsCopiedOnChangeFromEitherSide(t *testing.T) {
	changes := map[string]func(*Fields){
		"Add":        func(f *Fields) { f.Add("x", "y") },
		"Set":        func(f *Fields) { f.Set("a", "changed") },
		"Del":        func(f *Fields) { f.Del("a") },
		"Reset":      func(f *Fields) { f.Reset(); f.Add("x", "y") },
		"AddMissing": func(f *Fields) { f.AddMissing("x", "y") },
		"Set, Del":   func(f *Fields) { f.Set("b", "changed"); f.Del("a") },
	}
	for name, change := range changes {
		list := make([]Field, 0, 16) // room for an append to spoil
		f := FieldsFrom(append(list, Field{Name: "a", Value: "1"}, Field{Name: "b", Value: "2"}))
		before := lines(&f)
		g := f.Share()
		h := g.Share()
		change(&g)
		if lines(&f) != before || lines(&h) != before {
			t.Errorf("%s of a copy shows in the others: %q, %q", name, lines(&f), lines(&h))
		}
		changed := lines(&g)
		change(&f)
		if lines(&g) != changed || lines(&h) != before {
			t.Errorf("%s of the original shows in copies: %q, %q", name, lines(&g), lines(&h))
		}
	}
}

func TestCloneSharesNoMemory(t *testing.T) {
	f := FieldsOf("a", "1")
	g := f.Clone()
	g.Set("a", "2")
	f.Add("b", "3")
	wantLines(t, "original", f, "a", "1", "b", "3")
	wantLines(t, "clone", g, "a", "2")
}

func TestResetKeepsItsOwnMemory(t *testing.T) {
	f := FieldsOf("a", "1", "b", "2")
	if n := testing.AllocsPerRun(100, func() {
		f.Reset()
		f.Add("a", "1")
		f.Add("b", "2")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	f.Reset()
	if rest := f.list[:2]; rest[0] != (Field{}) || rest[1] != (Field{}) {
		t.Error("Reset keeps strings alive")
	}
}

func TestReadingFieldsAllocatesNothing(t *testing.T) {
	f := FieldsOf("Host", "h", "Accept", "a, b", "Connection", "keep-alive, Close")
	g := f.Share()
	n := testing.AllocsPerRun(100, func() {
		ok := f.Get("connection") != "" && f.Has("ACCEPT") && !f.Has("x")
		_, found := f.Lookup("host")
		lines := 0
		for range f.All() {
			lines++
		}
		members := 0
		for range f.Members("accept") {
			members++
		}
		ok = ok && found && lines == 3 && members == 2 && f.Count("host") == 1 &&
			HasToken(&f, "connection", "close") && f.Equal(&g)
		if !ok {
			t.Fatal("wrong answer")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// numbered makes a section of the names, numbered.
func numbered(names string) *Fields {
	var f Fields
	for i, name := range strings.Fields(names) {
		f.Add(name, string(rune('0'+i)))
	}
	return &f
}

func names(f *Fields) string {
	var names []string
	for n := range f.All() {
		names = append(names, n)
	}
	return strings.Join(names, " ")
}

func BenchmarkFieldsGet(b *testing.B) {
	f := FieldsOf("Host", "h", "User-Agent", "x", "Accept", "*/*", "Accept-Encoding", "gzip", "Cookie", "c=1", "Connection", "close")
	b.ReportAllocs()
	for b.Loop() {
		if f.Get("connection") == "" {
			b.Fatal("not found")
		}
	}
}
