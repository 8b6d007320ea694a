package semantics

import (
	"encoding/csv"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// readCSV returns the rows of a registry's file without its heading.
func readCSV(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open("testdata/iana/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// constants returns the constants of a source file whose names begin with
// prefix: their literal values and the comments behind them.
func constants(t *testing.T, file, prefix string) map[string]string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		value := spec.Values[0].(*ast.BasicLit).Value
		if s, err := strconv.Unquote(value); err == nil {
			value = s
		}
		if _, twice := found[value]; twice {
			t.Errorf("%s: %s is named twice", file, value)
		}
		found[value] = strings.TrimSpace(spec.Comment.Text())
		return true
	})
	return found
}

func TestMethodsAreTheRegistrys(t *testing.T) {
	named := constants(t, "method.go", "Method")
	for _, row := range readCSV(t, "methods.csv") {
		method, safe, idempotent, reference := row[0], row[1] == "yes", row[2] == "yes", row[3]
		if Safe(method) != safe || Idempotent(method) != idempotent {
			t.Errorf("%s: safe %v, idempotent %v; the registry: %v, %v",
				method, Safe(method), Idempotent(method), safe, idempotent)
		}
		comment, ok := named[method]
		delete(named, method)
		if method == "*" { // reserved, and not a method
			continue
		}
		if !ok {
			t.Errorf("%s: no constant", method)
		}
		comment, _, _ = strings.Cut(comment, ":")
		if !strings.Contains(reference, strings.Replace(comment, "RFC ", "RFC", 1)) {
			t.Errorf("%s: the comment names %q, the registry %q", method, comment, reference)
		}
	}
	for method := range named {
		t.Errorf("%s: a constant and not in the registry", method)
	}
}

func TestStatusCodesAreTheRegistrys(t *testing.T) {
	named := constants(t, "status.go", "Status")
	registered := map[int]string{}
	for _, row := range readCSV(t, "http-status-codes-1.csv") {
		if row[1] == "Unassigned" {
			continue
		}
		code, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		// The registry's remarks follow the phrase in parentheses.
		registered[code] = row[1]
		if phrase, _, ok := strings.Cut(row[1], " ("); ok {
			registered[code] = phrase
		}
		comment, ok := named[row[0]]
		delete(named, row[0])
		if !ok {
			t.Errorf("%d: no constant", code)
		}
		comment, _, _ = strings.Cut(comment, ";")
		if !strings.Contains(row[2], strings.Replace(comment, "RFC ", "RFC", 1)) {
			t.Errorf("%d: the comment names %q, the registry %q", code, comment, row[2])
		}
	}
	for code := -1; code <= 1000; code++ {
		if got := StatusText(code); got != registered[code] {
			t.Errorf("%d: %q, the registry: %q", code, got, registered[code])
		}
	}
	for code := range named {
		t.Errorf("%s: a constant and not in the registry", code)
	}
}

func TestStatusClasses(t *testing.T) {
	classes := []func(int) bool{nil, Informational, Successful, Redirection, ClientError, ServerError}
	for code := 0; code <= 999; code++ {
		for class := 1; class <= 5; class++ {
			if got := classes[class](code); got != (min(code/100, 5) == class) {
				t.Errorf("%d: class %d: %v", code, class, got)
			}
		}
		if got := IsError(code); got != (code >= 400) {
			t.Errorf("IsError(%d) = %v", code, got)
		}
		if got := ValidStatus(code); got != (code >= 100 && code <= 599) {
			t.Errorf("ValidStatus(%d) = %v", code, got)
		}
		if got := NoContent(code); got != (code/100 == 1 || code == 204 || code == 304) {
			t.Errorf("NoContent(%d) = %v", code, got)
		}
	}
}

// The whole truth tables of method/is_safe, is_cacheable and is_idempotent.
func TestMethodIsSafeIsCacheableIsIdempotent(t *testing.T) {
	for _, c := range []struct {
		method                      string
		safe, cacheable, idempotent bool
	}{
		{MethodGet, true, true, true},
		{MethodHead, true, true, true},
		{MethodPost, false, true, false},
		{MethodPut, false, false, true},
		{MethodDelete, false, false, true},
		{MethodConnect, false, false, false},
		{MethodOptions, true, false, true},
		{MethodTrace, true, false, true},
		{MethodPatch, false, false, false},
		{MethodQuery, true, true, true},
		{"get", false, false, false},
		{"", false, false, false},
		{"FOO", false, false, false},
	} {
		if Safe(c.method) != c.safe || Cacheable(c.method) != c.cacheable || Idempotent(c.method) != c.idempotent {
			t.Errorf("%s: safe %v, cacheable %v, idempotent %v", c.method,
				Safe(c.method), Cacheable(c.method), Idempotent(c.method))
		}
	}
}

func TestKnownMethodsAreMethods(t *testing.T) {
	n := 0
	for method := range constants(t, "method.go", "Method") {
		got, ok := KnownMethod([]byte(method))
		if ok {
			n++
		}
		if ok && got != method || !ok && got != "" {
			t.Errorf("KnownMethod(%s) = %q, %v", method, got, ok)
		}
	}
	if n < 9 {
		t.Errorf("only %d methods are known", n)
	}
	for _, s := range []string{"", "get", "GETT", "GE", "FOO"} {
		if got, ok := KnownMethod([]byte(s)); ok || got != "" {
			t.Errorf("KnownMethod(%q) = %q, %v", s, got, ok)
		}
	}
}
