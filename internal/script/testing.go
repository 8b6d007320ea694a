package script

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ReadAll reads the script files that a pattern of filepath.Glob names.
func ReadAll(t testing.TB, pattern string, notation func() Notation) (files []*File) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts at %s: %v", pattern, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(name, string(text), notation)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// Test runs every case as it stands there, and in every other way. With update the outcomes in the files become what
// they are.
func Test(t *testing.T, files []*File, maker Maker, update bool) {
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f.Name), ".md"), func(t *testing.T) {
			for _, c := range f.Cases {
				t.Run(c.Name, func(t *testing.T) { c.test(t, maker, update) })
			}
		})
		if update {
			if err := os.WriteFile(f.Name, []byte(f.Format()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (c *Case) test(t *testing.T, maker Maker, update bool) {
	whole, err := c.Run(maker, Whole)
	if err != nil {
		t.Fatal(err)
	}
	if update {
		for i := range c.Steps {
			c.Steps[i].Want = whole.Steps[i]
		}
	}
	if diff := c.Wrong(whole); diff != "" {
		t.Error(diff)
	}
	for _, way := range c.Ways() {
		got, err := c.Run(maker, way)
		if err != nil {
			t.Fatal(err)
		}
		if diff := c.Differ(way, whole, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Wrong compares a result with the outcomes that are written in the file; it returns "" if they are the same.
func (c *Case) Wrong(got Result) string {
	var b strings.Builder
	for i := range c.Steps {
		s := &c.Steps[i]
		got, want := strings.Join(got.Steps[i], "\n"), strings.Join(s.Want, "\n")
		if got != want {
			b.WriteString("after line " + strconv.Itoa(s.Line) + ":\n" + got + "\nwant:\n" + want + "\n")
		}
	}
	return b.String()
}
