//go:build !js

package web_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/internal/walls"
)

// node returns the path of what runs programs of js/wasm by node.
func node(t *testing.T) string {
	t.Helper()
	testkit.Need(t, "node")
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "go_js_wasm_exec")
}

// TestCoreRunsInJavaScript runs the tests of those rooms that are quick there.
func TestCoreRunsInJavaScript(t *testing.T) {
	cmd := exec.Command("go", "test", "-exec", node(t), "./h1", "./semantics", "./engine", "./alpn")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFlowsOfJavaScript runs the tests for js/wasm of this package, with node, which has MessagePorts as browsers have them.
func TestFlowsOfJavaScript(t *testing.T) {
	runner := node(t)
	program := filepath.Join(t.TempDir(), "web.test")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), runner, program, "-test.v")
	watch := time.AfterFunc(90*time.Second, func() { _ = run.Process.Kill() }) // a goroutine that spins keeps every timer of its own from firing
	defer watch.Stop()
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, claim := range []string{"TestPortsAreAFlow/CloseWriteEndsOneDirection", "TestDialledPortsAreAFlow/WriteDeadlineInterrupts", "TestContextWithAPortOpensIt"} {
		if !strings.Contains(string(out), "--- PASS: "+claim+" ") {
			t.Errorf("%s was not tried:\n%s", claim, out)
		}
	}
}

func TestItBuildsEverywhere(t *testing.T) {
	walls.BuildsFor(t, "linux/386", "darwin/arm64", "windows/amd64", "js/wasm", "wasip1/wasm")
}

// TestTheCoreNeedsNothingOfThis holds libraries of WebSockets and of JavaScript out of every other program, and net/http out of what
// browsers have to load.
func TestTheCoreNeedsNothingOfThis(t *testing.T) {
	core := walls.Needed(t, "..", ".", "GOOS=linux", "GOARCH=amd64")
	here := walls.Needed(t, ".", ".", "GOOS=js", "GOARCH=wasm")
	if !slices.Contains(core, "github.com/paf-go/paf/loop") || !slices.Contains(here, "github.com/paf-go/paf/flow") {
		t.Fatal("nothing was listed")
	}
	for _, name := range core {
		if name == "net/http" || name == "syscall/js" || strings.Contains(name, "websocket") || strings.Contains(name, "paf/web") {
			t.Errorf("the core needs %s", name)
		}
	}
	for _, name := range here {
		if name == "net/http" || name == "github.com/paf-go/paf" || strings.Contains(name, "websocket") {
			t.Errorf("in a browser this needs %s", name)
		}
	}
}
