package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"paf": main})
}

// TestScripts runs the program as its users do. The scripts have some commands
// besides those of testscript:
//
//	exits N COMMAND...   COMMAND ends with exit status N
//	[!] await PATH       waits until the socket PATH accepts connections, or
//	                     the file PATH has content; with "!" until it does not
//	hangup               sends SIGHUP to what was started in the background last
//	digest FILE OF       FILE holds the SHA-256 of OF, in hexadecimal
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each command takes a second with -race
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"await":  await,
			"digest": digest,
			"hangup": hangup,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var status *exec.ExitError
		if !errors.As(err, &status) {
			ts.Fatalf("%v", err)
		}
		got = status.ExitCode()
	}
	if got != want {
		ts.Fatalf("%q ended with %d, want %d\n%s", args[1:], got, want, ts.ReadFile("stderr"))
	}
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] await PATH")
	}
	for range 1000 {
		if there(ts.MkAbs(args[0])) != neg {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s has not come, or not gone", args[0])
}

// there reports whether path is a socket that accepts connections, or a file
// with content.
func there(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return err == nil && info.Size() > 0
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func digest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: digest FILE OF")
	}
	sum := sha256.Sum256([]byte(ts.ReadFile(args[1])))
	if got := ts.ReadFile(args[0]); got != hex.EncodeToString(sum[:]) {
		ts.Fatalf("%s holds %s; the digest of %s is %x", args[0], got, args[1], sum)
	}
}

func hangup(ts *testscript.TestScript, neg bool, args []string) {
	all := ts.BackgroundCmds()
	if neg || len(args) > 0 || len(all) == 0 {
		ts.Fatalf("usage: hangup")
	}
	ts.Check(all[len(all)-1].Process.Signal(syscall.SIGHUP))
}
