package conformance

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// This file runs Go's own tests of net/http, unedited, with paf under http.Server and http.Transport: ../shared/gotests makes a module of them,
// out of the toolchain that is installed, in which package hook says who serves and who sends; testdata/gotests has ours.

// A goWay says whose the two sides are: "paf", "500" for a control, or "" for net/http.
type goWay struct{ name, server, client string }

// goWays are the ways in which the tests have to pass.
var goWays = []goWay{
	{name: "paf serves net/http", server: "paf"},
	{name: "net/http serves paf", client: "paf"},
	{name: "paf serves paf", server: "paf", client: "paf"},
}

// goControls are ways in which those that tell anything have to fail: what passes all the same needs no answer from the other side.
var goControls = []goWay{
	{name: "500 serves net/http", server: "500"},
	{name: "net/http serves 500", client: "500"},
}

func TestGoTestsOfNetHTTP(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes a minute")
	}
	usable := goTests(t)
	program := goProgram(t)
	for _, w := range goWays {
		t.Run(w.name, func(t *testing.T) {
			run := program.run(t, w, usable)
			run.judge(t, w, goExceptions(t, w.name))
		})
	}
	for _, w := range goControls {
		t.Run(w.name, func(t *testing.T) { program.control(t, w, usable) })
	}
}

// Every goSample-th test is run as a control, alone, as it may hang; of those that make a call at least every second has to notice: the others
// are about the side that is net/http's, or have no need for an answer.
const (
	goSample      = 12
	goControlTime = 5 * time.Second
)

// control runs tests with somebody who answers 500 to everything.
func (p *goProgramAt) control(t *testing.T, w goWay, usable []string) {
	var mu sync.Mutex
	var group sync.WaitGroup
	calling, telling := 0, 0
	room := make(chan struct{}, 3)
	for i := 0; i < len(usable); i += goSample {
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			r := p.runFor(t, goControlTime, w, usable[i:i+1])
			mu.Lock()
			defer mu.Unlock()
			if r.calls['H']+r.calls['R'] > 0 {
				calling++
				if r.results[usable[i]] != "PASS" {
					telling++
				}
			}
		})
	}
	group.Wait()
	t.Logf("of %d tests with a call %d notice that they get 500 for everything", calling, telling)
	if calling < 20 || 2*telling < calling {
		t.Error("the tests tell too little")
	}
}

// A goProgramAt is the compiled tests.
type goProgramAt struct{ dir, path string }

// goProgram makes and compiles the module of tests, with our hook.
func goProgram(t *testing.T) *goProgramAt {
	t.Helper()
	dir := goOverlay(t)
	return goCompile(t, dir, filepath.Join(dir, "mod"), "nethttp")
}

// goOverlay returns a folder with overlay.json, for package net/http, and the module mod, which has the tests and our hook.
func goOverlay(t *testing.T) (dir string) {
	t.Helper()
	gen := goTestsFile(t, "gen.py")
	dir = t.TempDir()
	command(t, "", nil, testkit.Need(t, "python3"), gen, dir)
	addCancel(t, filepath.Join(dir, "goroot"))
	mod := filepath.Join(dir, "mod")
	hook, err := filepath.Glob(filepath.Join("testdata", "gotests", "*.go"))
	if err != nil || len(hook) == 0 {
		t.Fatal("no hook", err)
	}
	if err := os.Remove(filepath.Join(mod, "hook", "hook.go")); err != nil {
		t.Fatal(err)
	}
	for _, name := range hook {
		copyTo(t, filepath.Join(mod, "hook", filepath.Base(name)), name, "")
	}
	requirePaf(t, mod)
	return dir
}

// requirePaf adds to a module that it requires paf as it is here.
func requirePaf(t *testing.T, mod string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	copyTo(t, filepath.Join(mod, "go.sum"), "go.sum", "")
	copyTo(t, filepath.Join(mod, "go.mod"), filepath.Join(mod, "go.mod"),
		"\nrequire github.com/paf-go/paf v0.0.0\n\nreplace github.com/paf-go/paf => "+root+"\n")
}

// goCompile compiles the tests of a package of the module in mod, with the overlay in dir.
func goCompile(t *testing.T, dir, mod, pkg string) *goProgramAt {
	t.Helper()
	path := filepath.Join(dir, "tests-"+filepath.Base(pkg))
	command(t, mod, []string{"GOWORK=off", "GOFLAGS=-mod=mod"}, "go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "./"+pkg)
	return &goProgramAt{filepath.Join(mod, pkg), path}
}

// addCancel adds a call-out to those of gen.py: Transport.CancelRequest, which tests use and requests of ours have to hear of.
func addCancel(t *testing.T, goroot string) {
	t.Helper()
	const head = "func (t *Transport) CancelRequest(req *Request) {\n"
	path := filepath.Join(goroot, "transport.go")
	text, err := os.ReadFile(path)
	if err != nil || bytes.Count(text, []byte(head)) != 1 {
		t.Fatal("transport.go has no CancelRequest: ", err)
	}
	text = bytes.Replace(text, []byte(head), []byte("var ExtCancel func(*Request)\n\n"+head+"\tif h := ExtCancel; h != nil {\n\t\th(req)\n\t}\n"), 1)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A goRun is what came of the tests.
type goRun struct {
	results map[string]string // PASS, FAIL or SKIP
	output  string
	calls   map[byte]int // by letter: see testdata/gotests/hook.go
	usable  []string
}

var goResult = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\S+)`)

// run runs the tests in one way.
func (p *goProgramAt) run(t *testing.T, w goWay, usable []string) *goRun {
	t.Helper()
	return p.runFor(t, 7*time.Minute, w, usable)
}

// runFor is run for no longer than some time.
func (p *goProgramAt) runFor(t *testing.T, limit time.Duration, w goWay, usable []string) *goRun {
	calls := filepath.Join(t.TempDir(), "calls")
	ctx, cancel := context.WithTimeout(t.Context(), limit+time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, p.path, "-test.v", "-test.parallel", "2", "-test.timeout", limit.String(), "-test.run", "^("+strings.Join(usable, "|")+")$")
	c.Dir = p.dir
	c.Env = append(os.Environ(), "PAF_SERVER="+w.server, "PAF_CLIENT="+w.client, "PAF_CALLS="+calls)
	out, _ := c.CombinedOutput() // it fails when a test does
	r := &goRun{results: map[string]string{}, output: string(out), calls: map[byte]int{}, usable: usable}
	for _, m := range goResult.FindAllStringSubmatch(r.output, -1) {
		r.results[m[2]] = m[1]
	}
	text, _ := os.ReadFile(calls)
	for _, letter := range text {
		r.calls[letter]++
	}
	return r
}

// judge compares the results with the exceptions, and sees to it that calls have gone through paf.
func (r *goRun) judge(t *testing.T, w goWay, exceptions map[string]string) {
	t.Helper()
	counts := map[string]int{}
	for _, name := range r.usable {
		result := r.results[name]
		counts[result]++
		reason, excepted := exceptions[name]
		switch {
		case result == "":
			t.Errorf("%s has no result", name)
		case result == "FAIL" && !excepted:
			t.Errorf("%s fails:\n%s", name, r.about(name))
		case result == "PASS" && excepted:
			t.Logf("%s passes although it is an exception: %s", name, reason)
		}
	}
	t.Logf("%v of %d tests; %d servers, %d requests handled, %d requests sent by paf", counts, len(r.usable), r.calls['S'], r.calls['H'], r.calls['R'])
	if w.server == "paf" && r.calls['H'] < goCalls || w.client == "paf" && r.calls['R'] < goCalls {
		t.Error("fewer than", goCalls, "calls went through paf")
	}
	if len(r.results) == 0 {
		t.Errorf("nothing ran:\n%s", r.output[max(0, len(r.output)-4<<10):])
	}
}

// about returns what a test has printed, and what else was printed at that time.
func (r *goRun) about(name string) string {
	before, after, found := strings.Cut(r.output, "--- FAIL: "+name)
	if !found {
		return ""
	}
	if end := goResult.FindStringIndex(after); end != nil {
		after = after[:end[0]]
	}
	return before[max(0, len(before)-2<<10):] + "--- FAIL: " + name + after[:min(len(after), 2<<10)]
}

// goTests returns the names of the tests that can be run from outside, and pass there with net/http itself, as tests.tsv has measured.
func goTests(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile(goTestsFile(t, "tests.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(line, "\t")
		if len(columns) > 5 && slices.Contains([]string{"blackbox", "synctest"}, columns[5]) && columns[2] == "pass" {
			names = append(names, columns[0])
		}
	}
	if len(names) < 385 {
		t.Fatalf("only %d tests", len(names))
	}
	return names
}

// goExceptions returns the tests that need not pass in a way, with the reason for each.
func goExceptions(t *testing.T, way string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "gotests", "exceptions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	all, here := map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || name[0] == '#' {
			continue
		}
		side, reason, _ := strings.Cut(rest, ": ")
		if reason == "" {
			t.Errorf("exceptions.txt: %s has no reason", name)
		}
		all[name] = reason
		if side == "both" || strings.HasPrefix(way, "paf serves") && side == "server" || strings.HasSuffix(way, "serves paf") && side == "client" {
			here[name] = reason
		}
	}
	if len(all) > goExceptionsMost {
		t.Errorf("%d exceptions, more than %d", len(all), goExceptionsMost)
	}
	return here
}

const goExceptionsMost = 12

// goCalls is how many calls the tests make at least.
const goCalls = 500

// goTestsFile returns the path of a file beside the checkout.
func goTestsFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "shared", "gotests", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err == nil {
		return path
	}
	testkit.Lacks(t, "%s is absent: Go's own tests were not run", path)
	return ""
}

// command runs a program that has to succeed.
func command(t *testing.T, dir string, env []string, args ...string) {
	t.Helper()
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// copyTo copies a file, with something behind it.
func copyTo(t *testing.T, to, from, more string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, append(bytes.TrimRight(text, "\n"), "\n"+more...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
