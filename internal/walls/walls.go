// Package walls holds the modules beside the core to what they may import, and to where they build. Its functions are called by tests, which run in their package's folder.
package walls

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const core = "github.com/paf-go/paf"

// CoreWithout fails if the core, whose folder is the one above, needs a package whose path has one of these strings in it.
func CoreWithout(t *testing.T, strangers ...string) {
	t.Helper()
	all := Needed(t, "..", "./...")
	if !slices.Contains(all, core) {
		t.Fatal("the core was not listed")
	}
	for _, name := range all {
		if slices.ContainsFunc(strangers, func(s string) bool { return strings.Contains(name, s) }) {
			t.Errorf("the core needs %s", name)
		}
	}
}

// OnlyRooms fails if the module of this folder needs other packages of paf's than these, of which it is one itself.
func OnlyRooms(t *testing.T, rooms ...string) {
	t.Helper()
	for _, name := range Needed(t, ".", "./...") {
		room, ours := strings.CutPrefix(name, core)
		if ours && !slices.Contains(rooms, strings.TrimPrefix(room, "/")) {
			t.Errorf("it needs %s", name)
		}
	}
}

// Needed returns the packages that others need, tests aside: those in dir by a pattern of the go command, built with env.
func Needed(t *testing.T, dir, packages string, env ...string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", packages)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

// BuildsFor fails if the package in this folder does not build for a platform, as "linux/386".
func BuildsFor(t *testing.T, platforms ...string) {
	t.Helper()
	for _, platform := range platforms {
		if out, err := Build(platform, ".", "."); err != nil {
			t.Errorf("%s: %v\n%s", platform, err, out)
		}
	}
}

// Build builds packages of the module in dir for a platform, and returns what the compiler says. Nothing is kept but what Go's cache keeps.
func Build(platform, dir string, packages ...string) (string, error) {
	system, machine, _ := strings.Cut(platform, "/")
	cmd := exec.Command("go", append([]string{"build"}, packages...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+machine, "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
