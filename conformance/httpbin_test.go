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

	// One of its tests counts what comes in 250 ms, in steps of 90: on a busy machine net/http fails one time in six, too.
	httpbinTries = 4
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
			passed := map[string]bool{}
			run.passes(passed)
			last := run
			for tries := 1; len(last.failures()) > 0; tries++ {
				if tries == httpbinTries {
					t.Errorf("%v fail %d times:\n%s", last.failures(), tries, last.about(last.failures()[0]))
					break
				}
				t.Logf("once more: %v", last.failures())
				last = program.run(t, w, last.failures())
				last.passes(passed)
			}
			if len(run.results) < httpbinTests || len(passed) < httpbinTests+httpbinSubtests {
				t.Errorf("%d tests, and with their subtests %d have passed, not %d and %d", len(run.results), len(passed), httpbinTests, httpbinTests+httpbinSubtests)
			}
			t.Logf("%d tests, and with their subtests %d have passed; %d requests handled, %d sent by paf", len(run.results), len(passed), run.calls['H'], run.calls['R'])
			if w.server != "" && run.calls['H'] < 500 || w.client != "" && run.calls['R'] < 500 {
				t.Errorf("not much went through paf: %v", run.calls)
			}
		})
	}
	t.Run("500 serves net/http", func(t *testing.T) {
		run := program.run(t, goWay{server: "500"}, names)
		if failed := run.failures(); len(failed) < httpbinTests/2 {
			t.Errorf("only %d tests notice that they get 500 for everything", len(failed))
		}
	})
}

// failures returns the tests that have failed, or have no result.
func (r *goRun) failures() (names []string) {
	for _, name := range r.usable {
		if r.results[name] != "PASS" {
			names = append(names, name)
		}
	}
	return names
}

// passes adds the tests and subtests that have passed.
func (r *goRun) passes(names map[string]bool) {
	for _, m := range goPassed.FindAllStringSubmatch(r.output, -1) {
		names[m[1]] = true
	}
}

var goPassed = regexp.MustCompile(`(?m)^ *--- PASS: (\S+)`)

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
