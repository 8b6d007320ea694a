//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const asParent = "GUEST_TEST_AS_PARENT"

// TestMain lets the test's program be the parent of what has lost its own.
func TestMain(m *testing.M) {
	if os.Getenv(asParent) != "" {
		adopt()
		return
	}
	os.Exit(m.Run())
}

// adopt starts a shell that leaves a process behind, and says "buried" once that is not even a zombie.
func adopt() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	go reap()
	out, _ := exec.Command("sh", "-c", "sleep 0.1 >/dev/null & echo $!").Output() // reap may have been first to hear of the shell's end
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		panic(err)
	}
	for range 1000 {
		if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			os.Stdout.WriteString("buried")
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestProcessesWithoutParentAreBuried(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asParent+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "buried" {
		t.Errorf("%s, %v", out, err)
	}
}
