package paf_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What the walls of this repository are tested on: the text of its files.

const modulePath = "github.com/paf-go/paf"

// A sourceFile is one Go file. Files for every platform are taken.
type sourceFile struct {
	path    string // from the root, with slashes
	pkg     string // its package: folder from the root, "." for the root
	text    string
	syntax  *ast.File
	test    bool
	imports []string
}

// positions are those of all files, so that files of one package can be looked at together.
var positions = token.NewFileSet()

// generated reports whether a program wrote the file.
func (f *sourceFile) generated() bool { return ast.IsGenerated(f.syntax) }

// at says where a node is.
func (f *sourceFile) at(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(positions.Position(n.Pos()).Line)
}

func parseSource(t *testing.T, name, text string) *sourceFile {
	t.Helper()
	f := &sourceFile{path: name, pkg: path.Dir(name), text: text, test: strings.HasSuffix(name, "_test.go")}
	var err error
	if f.syntax, err = parser.ParseFile(positions, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.syntax.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		f.imports = append(f.imports, name)
	}
	return f
}

// coreSources returns the Go files of the core module.
func coreSources(t *testing.T) []*sourceFile {
	return goSources(t, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		return dir != "." && err == nil
	})
}

// allSources returns the Go files of every module.
func allSources(t *testing.T) []*sourceFile {
	return goSources(t, func(string) bool { return false })
}

func goSources(t *testing.T, skip func(dir string) bool) []*sourceFile {
	t.Helper()
	var files []*sourceFile
	walk(t, func(name string, e fs.DirEntry) error {
		switch {
		case e.IsDir() && (e.Name() == "testdata" || skip(name)):
			return filepath.SkipDir
		case !e.IsDir() && strings.HasSuffix(name, ".go"):
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			files = append(files, parseSource(t, filepath.ToSlash(name), string(text)))
		}
		return nil
	})
	if len(files) == 0 {
		t.Fatal("no source file found: is this the root of the repository?")
	}
	return files
}

// walk visits what is in the repository, but for what git keeps there itself.
func walk(t *testing.T, visit func(name string, e fs.DirEntry) error) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.Name() == ".git" {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		return visit(name, e)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// expect compares the faults that were found with those wanted, each by a part of its text.
func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i, w := range want {
		if i >= len(got) || !strings.Contains(got[i], w) {
			t.Errorf("fault %d should be about %q; found: %q", i, w, got)
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("found %d faults, want %d: %q", len(got), len(want), got)
	}
}
