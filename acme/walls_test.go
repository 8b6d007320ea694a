package acme

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed returns the packages that a module's packages need.
func listed(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

// TestTheCoreNeedsNothingOfThis holds certmagic and what it needs out of every other program.
func TestTheCoreNeedsNothingOfThis(t *testing.T) {
	core := listed(t, "..")
	if !slices.Contains(core, "github.com/paf-go/paf") {
		t.Fatal("the core was not listed")
	}
	for _, name := range core {
		if strings.Contains(name, "certmagic") || strings.Contains(name, "zap") || strings.Contains(name, "paf/acme") {
			t.Errorf("the core needs %s", name)
		}
	}
}

func TestItBuildsElsewhere(t *testing.T) {
	for _, platform := range []string{"windows/amd64"} {
		system, machine, _ := strings.Cut(platform, "/")
		cmd := exec.Command("go", "build", ".")
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+machine, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", platform, err, out)
		}
	}
}
