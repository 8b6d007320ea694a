package h1_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/internal/script"
)

var update = flag.Bool("update", false, "rewrite the outcomes in testdata")

// newEngine makes the engine that a script runs.
func newEngine(role string, limits engine.Limits, now engine.Instant) engine.Engine {
	if role == "client" {
		return h1.NewClient(limits, now)
	}
	return h1.NewServer(limits, now)
}

// scripts reads the files in testdata that have cases.
func scripts(t testing.TB) []*script.File {
	t.Helper()
	names, err := filepath.Glob("testdata/*.md")
	if err != nil || len(names) == 0 {
		t.Fatal("no scripts found: ", err)
	}
	var files []*script.File
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := script.Parse(name, string(text))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// TestScripts runs every case as it stands there, and in every other way.
func TestScripts(t *testing.T) {
	for _, f := range scripts(t) {
		t.Run(strings.TrimSuffix(filepath.Base(f.Name), ".md"), func(t *testing.T) {
			for _, c := range f.Cases {
				t.Run(c.Name, func(t *testing.T) { runCase(t, c) })
			}
		})
		if *update {
			if err := os.WriteFile(f.Name, []byte(f.Format()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func runCase(t *testing.T, c *script.Case) {
	whole, err := c.Run(newEngine, script.Whole)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Steps {
		s := &c.Steps[i]
		if *update {
			s.Want = whole.Steps[i]
			continue
		}
		got, want := strings.Join(whole.Steps[i], "\n"), strings.Join(s.Want, "\n")
		if got != want {
			t.Errorf("after line %d:\n%s\nwant:\n%s", s.Line, got, want)
		}
	}
	for _, way := range c.Ways() {
		got, err := c.Run(newEngine, way)
		if err != nil {
			t.Fatal(err)
		}
		if diff := c.Differ(way, whole, got); diff != "" {
			t.Fatal(diff)
		}
	}
}
