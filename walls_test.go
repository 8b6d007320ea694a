package paf_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// No file that somebody wrote and has to read is longer.
const maxLines = 500

func TestFilesAreShort(t *testing.T) {
	for _, f := range allSources(t) {
		if n := strings.Count(f.text, "\n"); n > maxLines && !f.test && !f.generated() {
			t.Errorf("%s has %d lines, more than %d: it holds two things", f.path, n, maxLines)
		}
	}
}

func TestOneFileWritesTheState(t *testing.T) {
	for _, f := range coreSources(t) {
		for _, fault := range checkOneWriter(f) {
			t.Error(fault)
		}
	}
}

func TestPureRoomsHaveNoMutableGlobals(t *testing.T) {
	packages := map[string][]*sourceFile{}
	for _, f := range coreSources(t) {
		if !f.test && slices.Contains(strings.Fields(pureRooms), f.pkg) {
			packages[f.pkg] = append(packages[f.pkg], f)
		}
	}
	for _, files := range packages {
		for _, fault := range checkGlobals(files) {
			t.Error(fault)
		}
	}
}

func TestNoInitFunctions(t *testing.T) {
	for _, f := range coreSources(t) {
		if fault := checkInit(f); fault != "" && !f.test {
			t.Error(fault)
		}
	}
}

func TestOnlyNethttpImportsNetHTTP(t *testing.T) {
	for _, f := range coreSources(t) {
		if fault := checkNetHTTP(f); fault != "" {
			t.Error(fault)
		}
	}
}

func TestNoTextNamesARegistry(t *testing.T) {
	hosts := registries(t)
	walk(t, func(name string, e fs.DirEntry) error {
		if !e.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, fault := range checkRegistries(name, text, hosts) {
			t.Error(fault)
		}
		return nil
	})
}

// checkOneWriter finds assignments to the state of a connection (half) or of a stream
// (state) outside of state.go.
func checkOneWriter(f *sourceFile) (faults []string) {
	if f.test || (f.pkg != "h1" && f.pkg != "h2") || f.path == f.pkg+"/state.go" {
		return nil
	}
	for target := range assigned(f.syntax) {
		if s, ok := target.(*ast.SelectorExpr); ok && slices.Contains([]string{"half", "halves", "state"}, s.Sel.Name) {
			faults = append(faults, f.at(s)+": only state.go assigns "+s.Sel.Name)
		}
	}
	return faults
}

// assigned yields the variable or field behind each assignment: for c.half[i] = x that is c.half.
func assigned(n ast.Node) func(yield func(ast.Expr) bool) {
	return func(yield func(ast.Expr) bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			for _, target := range targets(n) {
				for {
					if i, ok := target.(*ast.IndexExpr); ok {
						target = i.X
					} else if p, ok := target.(*ast.ParenExpr); ok {
						target = p.X
					} else {
						break
					}
				}
				if !yield(target) {
					return false
				}
			}
			return true
		})
	}
}

// targets returns what a statement or a built-in function changes.
func targets(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return slices.DeleteFunc([]ast.Expr{n.Key, n.Value}, func(e ast.Expr) bool { return e == nil })
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"clear", "delete", "copy"}, f.Name) && len(n.Args) > 0 {
			return n.Args[:1]
		}
	}
	return nil
}

// checkGlobals finds functions of a package that change a package variable.
func checkGlobals(files []*sourceFile) (faults []string) {
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Error: func(error) {}, Importer: nothing{}} // whose names are whose is all that is asked
	var syntax []*ast.File
	for _, f := range files {
		syntax = append(syntax, f.syntax)
	}
	pkg, _ := config.Check(files[0].pkg, positions, syntax, &info)
	for _, f := range files {
		for target := range assigned(f.syntax) {
			for {
				s, ok := target.(*ast.SelectorExpr)
				if !ok {
					break
				}
				target = s.X
			}
			if name, ok := target.(*ast.Ident); ok && pkg.Scope().Lookup(name.Name) != nil && info.Uses[name] == pkg.Scope().Lookup(name.Name) {
				faults = append(faults, f.at(name)+": the package variable "+name.Name+" is changed")
			}
		}
	}
	return faults
}

// nothing imports nothing.
type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("not needed: %s", path)
}

func checkInit(f *sourceFile) string {
	for _, d := range f.syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			return f.at(fn) + ": an init function"
		}
	}
	return ""
}

func checkNetHTTP(f *sourceFile) string {
	if f.test || f.pkg == "nethttp" || isInternal(f.pkg) {
		return ""
	}
	for _, name := range f.imports {
		if name == "net/http" || strings.HasPrefix(name, "net/http/") {
			return f.path + ": only nethttp imports " + name
		}
	}
	return ""
}

// registries returns the hosts that no file may name, so that nothing here depends on
// where somebody gets their packages from. They are written so that this file does not.
func registries(t *testing.T) []string {
	hosts := []string{
		"proxy.golang" + ".org", "sum.golang" + ".org", "goproxy" + ".io", "goproxy" + ".cn",
		"registry.npmjs" + ".org", "registry.yarnpkg" + ".com", "pypi" + ".org", "files.pythonhosted" + ".org",
		"crates" + ".io", "rubygems" + ".org", "deb.debian" + ".org", "security.debian" + ".org",
	}
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, proxy := range strings.FieldsFunc(strings.TrimSpace(string(out)), func(r rune) bool { return r == ',' || r == '|' }) {
		if u, err := url.Parse(proxy); err == nil && u.Host != "" {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}

func checkRegistries(name string, text []byte, hosts []string) (faults []string) {
	for _, host := range hosts {
		if bytes.Contains(text, []byte(host)) {
			faults = append(faults, name+" names the registry "+host)
		}
	}
	return faults
}

func TestWallsCanFail(t *testing.T) {
	for _, c := range []struct{ name, text, fault string }{
		{"h1/conn.go", "func (c *Conn) f() { c.half[0] = closed }", "h1/conn.go:2: only state.go assigns half"},
		{"h1/conn.go", "func (c *Conn) f() { c.in.state++ }", "assigns state"},
		{"h2/conn.go", "func f(s *stream) { (s.state), x = open, 1 }", "assigns state"},
		{"h1/conn.go", "func (c *Conn) f() bool { state := c.state; return state == c.half[0] }", ""},
		{"h1/state.go", "func (c *Conn) f() { c.half[0] = closed }", ""},
	} {
		expectOne(t, checkOneWriter(parseSource(t, c.name, "package x\n"+c.text)), c.fault)
	}
	for _, c := range []struct{ text, fault string }{
		{"var n int\nfunc f() { n++ }", "n is changed"},
		{"var m = map[string]int{}\nfunc f() { m[\"a\"] = 1 }", "m is changed"},
		{"var m = map[string]int{}\nfunc f() { delete(m, \"a\") }", "m is changed"},
		{"var s struct{ a [2]int }\nfunc f() { s.a[1] = 1 }", "s is changed"},
		{"var n int\nfunc f() { n := 1; n++ }", ""},
		{"var n int\ntype t struct { n int }\nfunc f(x *t) { x.n = n }", ""},
		{"var table = func() (t [256]bool) { t['a'] = true; return }()", ""},
	} {
		expectOne(t, checkGlobals([]*sourceFile{parseSource(t, "h1/x.go", "package h1\nimport \"strings\"\n"+c.text)}), c.fault)
	}
	expect(t, checkGlobals([]*sourceFile{ // the variable and its writer in two files
		parseSource(t, "h1/x.go", "package h1\nvar n int"),
		parseSource(t, "h1/y.go", "package h1\nfunc f() { n = 2 }"),
	}), "h1/y.go:2: the package variable n is changed")

	if checkInit(parseSource(t, "h1/x.go", "package h1\nfunc init() {}")) == "" {
		t.Error("an init function was not found")
	}
	if fault := checkInit(parseSource(t, "h1/x.go", "package h1\nfunc (c *Conn) init() {}")); fault != "" {
		t.Error(fault)
	}
	for name, bad := range map[string]bool{"loop/x.go": true, "nethttp/x.go": false, "loop/x_test.go": false} {
		if got := checkNetHTTP(parseSource(t, name, "package x\nimport \"net/http/httptrace\"")); (got != "") != bad {
			t.Errorf("%s: %q", name, got)
		}
	}
	expect(t, checkRegistries("x", []byte("from https://proxy.golang"+".org/x"), registries(t)[:3]), "names the registry")
}
