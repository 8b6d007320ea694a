package paf_test

// The arrows between the rooms. DO NOT CHANGE THIS FILE TO MAKE A BUILD PASS: an
// arrow that is missing here is missing by intent. Whoever wants another one says why
// in the change that adds it, and keeps the arrows one way.

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// room: the rooms it may import.
const arrows = `
semantics:
hpack:
flow:
flow/flowtest: flow
engine:        semantics
h1:            engine semantics
h2:            engine semantics hpack
loop:          engine semantics flow
alpn:          semantics engine h1 h2 flow
mimic:         flow
.:             semantics engine h1 hpack h2 flow loop alpn mimic
nethttp:       semantics engine h1 hpack h2 flow loop alpn mimic .
proxy:         semantics engine h1 hpack h2 flow loop alpn mimic .
paftest:       semantics engine h1 hpack h2 flow loop alpn mimic .
paftest/httpover: flow flow/flowtest engine alpn mimic .
`

// These rooms do no I/O and know no time: neither they nor what they import of paf may reach the
// packages and words below.
const pureRooms = "semantics engine h1 hpack h2"

var impurePackages = []string{"net", "os", "sync", "context", "crypto/tls", "log", "syscall", "runtime"}

// Values without I/O that live below an impure name.
var purePackages = []string{"net/netip"}

// What reads or waits for a clock.
var impureWords = []string{
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc",
	"time.Tick", "time.NewTimer", "time.NewTicker",
}

// Only these packages may be required from elsewhere by code that is not a test.
var foreignPackages = []string{}

func TestArrows(t *testing.T) {
	for _, fault := range checkArrows(arrows, coreSources(t)) {
		t.Error(fault)
	}
}

func TestPureRoomsReachNoWorld(t *testing.T) {
	for _, fault := range checkPurity(coreSources(t)) {
		t.Error(fault)
	}
}

// parseArrows returns the rooms that each room may import.
func parseArrows(list string) map[string][]string {
	allowed := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(list)) {
		room, others, _ := strings.Cut(line, ":")
		allowed[room] = strings.Fields(others)
	}
	return allowed
}

// checkArrows returns every import that the list does not allow.
func checkArrows(list string, files []*sourceFile) (faults []string) {
	allowed := parseArrows(list)
	for _, f := range files {
		if f.test || isInternal(f.pkg) {
			continue
		}
		may, known := allowed[f.pkg]
		if !known {
			faults = append(faults, f.path+": the room "+f.pkg+" has no line in the list of arrows")
			continue
		}
		for _, name := range f.imports {
			switch room, ours := roomOf(name); {
			case ours && isInternal(room):
				faults = append(faults, f.path+": only tests and internal/ import "+room)
			case ours && !slices.Contains(may, room):
				faults = append(faults, f.path+": "+f.pkg+" must not import "+room)
			case !ours && isForeign(name) && !slices.Contains(foreignPackages, name):
				faults = append(faults, f.path+": the core does without "+name)
			}
		}
	}
	return faults
}

// checkPurity returns what the pure rooms do that they must not do, by
// themselves or through a room that they import.
func checkPurity(files []*sourceFile) (faults []string) {
	for _, pkg := range reach(strings.Fields(pureRooms), files) {
		for _, f := range files {
			if f.test || f.pkg != pkg {
				continue
			}
			for _, name := range f.imports {
				if isImpure(name) {
					faults = append(faults, f.path+": a pure room imports "+name)
				}
			}
			faults = append(faults, impureSyntax(f)...)
		}
	}
	return faults
}

// reach returns the rooms and all that they import of the module, directly or not.
func reach(rooms []string, files []*sourceFile) []string {
	seen := map[string]bool{}
	for len(rooms) > 0 {
		room := rooms[0]
		rooms = rooms[1:]
		if seen[room] {
			continue
		}
		seen[room] = true
		for _, f := range files {
			if f.test || f.pkg != room {
				continue
			}
			for _, name := range f.imports {
				if other, ours := roomOf(name); ours {
					rooms = append(rooms, other)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// impureSyntax finds goroutines, channels and clocks.
func impureSyntax(f *sourceFile) (faults []string) {
	found := func(n ast.Node, what string) {
		faults = append(faults, fmt.Sprintf("%s: a pure room has %s", f.at(n), what))
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found(n, "a go statement")
		case *ast.ChanType:
			found(n, "a channel type")
		case *ast.SendStmt, *ast.SelectStmt:
			found(n, "an operation on channels")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				found(n, "an operation on channels")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && slices.Contains(impureWords, x.Name+"."+n.Sel.Name) {
				found(n, x.Name+"."+n.Sel.Name)
			}
		case *ast.ImportSpec:
			if n.Path.Value == `"time"` && n.Name != nil {
				found(n, "another name for package time")
			}
		}
		return true
	})
	return faults
}

// roomOf returns the room that an import path names, and whether it is one of paf's.
func roomOf(importPath string) (string, bool) {
	if importPath == modulePath {
		return ".", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

func isInternal(pkg string) bool { return slices.Contains(strings.Split(pkg, "/"), "internal") }

// isForeign reports whether a package is neither ours nor the standard library's.
func isForeign(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return strings.Contains(first, ".") || importPath == "C"
}

func isImpure(importPath string) bool {
	return !slices.Contains(purePackages, importPath) && slices.ContainsFunc(impurePackages, func(p string) bool {
		return importPath == p || strings.HasPrefix(importPath, p+"/")
	})
}

func TestArrowsCanFail(t *testing.T) {
	ours := func(room string) string { return `import "` + modulePath + "/" + room + `"` }
	for _, c := range []struct{ name, text, fault string }{
		{"h1/x.go", "package h1\n" + ours("h2"), "h1 must not import h2"},
		{"engine/x_linux.go", "package engine\n" + ours("loop"), "engine must not import loop"},
		{"loop/x.go", "package loop\n" + ours("internal/kit"), "only tests and internal/"},
		{"mimic/x.go", "package mimic\nimport \"" + modulePath + `"`, "mimic must not import ."},
		{"attic/x.go", "package attic", "has no line"},
		{"flow/x.go", "package flow\nimport \"example.com/x\"", "does without example.com/x"},
		{"h1/x_test.go", "package h1\n" + ours("h2"), ""},
		{"internal/kit/x.go", "package kit\n" + ours("h2"), ""},
		{"h1/x.go", "package h1\nimport \"strings\"\n" + ours("engine"), ""},
	} {
		expectOne(t, checkArrows(arrows, []*sourceFile{parseSource(t, c.name, c.text)}), c.fault)
	}
}

func TestPurityCanFail(t *testing.T) {
	for _, c := range []struct{ text, fault string }{
		{`import "net/http"`, "imports net/http"},
		{`import "sync/atomic"`, "imports sync/atomic"},
		{`import "log/slog"`, "imports log/slog"},
		{`import "context"`, "imports context"},
		{`import t "time"`, "another name"},
		{`func f() { go f() }`, "go statement"},
		{`type x struct { c chan int }`, "channel type"},
		{`func f() { select {} }`, "operation on channels"},
		{"import \"time\"\nvar start = time.Now()", "time.Now"},
		{"import \"time\"\nconst second = time.Second", ""},
		{`import "net/netip"`, ""},
	} {
		expectOne(t, checkPurity([]*sourceFile{parseSource(t, "h1/x.go", "package h1\n"+c.text)}), c.fault)
	}
	// What a pure room imports is held to the same.
	expect(t, checkPurity([]*sourceFile{
		parseSource(t, "h1/x.go", "package h1\nimport \""+modulePath+"/kit\""),
		parseSource(t, "kit/x.go", "package kit\nimport \"os\""),
	}), "kit/x.go: a pure room imports os")
}

// expectOne expects one fault that contains a text, or none if that is empty.
func expectOne(t *testing.T, got []string, fault string) {
	t.Helper()
	if fault == "" {
		expect(t, got)
	} else {
		expect(t, got, fault)
	}
}
