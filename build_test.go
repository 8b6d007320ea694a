package paf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/internal/walls"
)

// The core builds where Go runs, bare of an operating system included: a flow may
// come from anywhere.
var platforms = []string{"linux/amd64", "linux/386", "darwin/arm64", "windows/amd64", "js/wasm", "wasip1/wasm"}

func TestCoreBuildsEverywhere(t *testing.T) {
	if testing.Short() {
		fmt.Fprintln(os.Stderr, "NOT TESTED because of -short: that the core builds for", platforms)
		t.Skip("SKIPPED with -short: the core was not built for other platforms")
	}
	for _, platform := range platforms {
		t.Run(platform, func(t *testing.T) {
			if out, err := walls.Build(platform, ".", "./..."); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestBuildCanFail(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":       "module example.test\n\ngo 1.26\n",
		"x.go":         "package x\n\nvar _ = onlyHere\n",
		"x_windows.go": "package x\n\nconst onlyHere = 1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOWORK", "off")
	if out, err := walls.Build("windows/amd64", dir, "."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := walls.Build("wasip1/wasm", dir, "."); err == nil || !strings.Contains(out, "onlyHere") {
		t.Errorf("what only Windows has was built for WASI: %v\n%s", err, out)
	}
}
