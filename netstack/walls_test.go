package netstack_test

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

// TestTheCoreNeedsNothingOfThis holds the weight of a TCP/IP stack out of every other program.
func TestTheCoreNeedsNothingOfThis(t *testing.T) {
	core := listed(t, "..")
	if !slices.Contains(core, "github.com/paf-go/paf") {
		t.Fatal("the core was not listed")
	}
	for _, name := range core {
		if strings.Contains(name, "gvisor") || strings.Contains(name, "dhcp") || strings.Contains(name, "paf/netstack") {
			t.Errorf("the core needs %s", name)
		}
	}
}

// TestTheStackKnowsNoHTTP holds this module to the rooms that it may import.
func TestTheStackKnowsNoHTTP(t *testing.T) {
	for _, name := range listed(t, ".") {
		if strings.HasPrefix(name, "github.com/paf-go/paf") && !slices.Contains([]string{
			"github.com/paf-go/paf/flow", "github.com/paf-go/paf/mimic", "github.com/paf-go/paf/netstack",
		}, name) {
			t.Errorf("the stack needs %s", name)
		}
	}
}

func TestItBuildsWithoutAKernelsDevices(t *testing.T) {
	for _, platform := range []string{"linux/386", "darwin/arm64", "windows/amd64", "js/wasm"} {
		system, machine, _ := strings.Cut(platform, "/")
		cmd := exec.Command("go", "build", ".")
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+machine, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", platform, err, out)
		}
	}
}
