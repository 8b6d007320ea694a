package vsock_test

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

func TestTheCoreNeedsNothingOfThis(t *testing.T) {
	core := listed(t, "..")
	if !slices.Contains(core, "github.com/paf-go/paf") {
		t.Fatal("the core was not listed")
	}
	for _, name := range core {
		if strings.Contains(name, "vsock") {
			t.Errorf("the core needs %s", name)
		}
	}
}

// TestItKnowsNoHTTP holds this module to the rooms that it may import.
func TestItKnowsNoHTTP(t *testing.T) {
	rooms := []string{"github.com/paf-go/paf/flow", "github.com/paf-go/paf/mimic", "github.com/paf-go/paf/vsock"}
	for _, name := range listed(t, ".") {
		if strings.HasPrefix(name, "github.com/paf-go/paf") && !slices.Contains(rooms, name) {
			t.Errorf("it needs %s", name)
		}
	}
}
