package conformance

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// httpbin is a program of many handlers, whose own tests go through http.Server and http.Client.
const (
	httpbin         = "github.com/mccutchen/go-httpbin/v2"
	httpbinVersion  = "v2.26.0"
	httpbinTests    = 71
	httpbinSubtests = 1214
)

// httpbinWays are the ways in which all of its tests have to pass.
var httpbinWays = []goWay{
	{name: "paf serves net/http", server: "paf"},
	{name: "net/http serves paf", client: "paf"},
	{name: "paf serves paf", server: "paf", client: "paf"},
}

// TestGoHTTPBin runs httpbin's own tests, unedited, with paf under http.Server and http.Transport.
func TestGoHTTPBin(t *testing.T) {
	program := httpbinProgram(t, "httpbin")
	list, err := exec.Command(program.path, "-test.list", "^Test").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(list))
	for _, w := range httpbinWays {
		t.Run(w.name, func(t *testing.T) {
			run := program.run(t, w, names)
			run.judge(t, nil)
			if tests, subtests := len(run.results), len(goSubtest.FindAllString(run.output, -1)); tests < httpbinTests || subtests < httpbinSubtests {
				t.Errorf("%d tests and %d subtests have passed, not %d and %d", tests, subtests, httpbinTests, httpbinSubtests)
			}
			if w.server != "" && run.calls['H'] == 0 || w.client != "" && run.calls['R'] == 0 {
				t.Errorf("nothing went through paf: %v", run.calls)
			}
		})
	}
	t.Run("500 serves net/http", func(t *testing.T) {
		run := program.run(t, goWay{server: "500"}, names)
		failed := 0
		for _, result := range run.results {
			if result == "FAIL" {
				failed++
			}
		}
		if failed < httpbinTests/2 {
			t.Errorf("only %d tests notice that they get 500 for everything", failed)
		}
	})
}

var goSubtest = regexp.MustCompile(`(?m)^ +--- PASS: `)

// httpbinProgram compiles a package of httpbin's tests, out of the module cache, with our hook.
func httpbinProgram(t *testing.T, pkg string) *goProgramAt {
	t.Helper()
	dir := goOverlay(t)
	mod := filepath.Join(dir, "httpbin")
	if err := os.CopyFS(mod, os.DirFS(httpbinSources(t))); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(mod, pkg, "zz_hook_test.go"), "package "+filepath.Base(pkg)+"\n\nimport _ \"exttest/hook\"\n")
	goMod, err := os.ReadFile(filepath.Join(mod, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(mod, "go.mod"), string(goMod)+"\nrequire exttest v0.0.0\n\nreplace exttest => "+filepath.Join(dir, "mod")+"\n")
	requirePaf(t, mod)
	return goCompile(t, dir, mod, pkg)
}

// httpbinSources returns the folder of its sources, which is downloaded if the module cache does not have it.
func httpbinSources(t *testing.T) string {
	t.Helper()
	c := exec.Command("go", "mod", "download", "-json", httpbin+"@"+httpbinVersion)
	c.Dir, c.Env = t.TempDir(), append(os.Environ(), "GOWORK=off")
	out, err := c.Output()
	var module struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &module); err != nil || jsonErr != nil || module.Dir == "" {
		t.Fatalf("downloading %s: %v %s", httpbin, err, module.Error)
	}
	return module.Dir
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
