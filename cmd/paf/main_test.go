package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"paf": main})
}

// TestScripts runs the program as its users do. The scripts have three commands
// besides those of testscript:
//
//	exits N COMMAND...   COMMAND ends with exit status N
//	await PATH           somebody accepts connections at the Unix socket PATH
//	digest FILE OF       FILE holds the SHA-256 of OF, in hexadecimal
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"await":  await,
			"digest": digest,
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
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await PATH")
	}
	for range 1000 {
		if conn, err := net.Dial("unix", ts.MkAbs(args[0])); err == nil {
			conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("nobody accepts connections at %s", args[0])
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
