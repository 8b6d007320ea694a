package testkit

import (
	"os"
	"os/exec"
	"testing"
)

// Lacks ends a test that cannot run on this machine, and says what is missing: it is skipped, but fails with CI=true, where everything has to be there.
func Lacks(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf("SKIPPED: "+format, args...)
}

// Need returns the path of a program that the test runs; see Lacks.
func Need(t testing.TB, program string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} { // where Debian has servers, and not every user looks
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Lacks(t, "%s is not installed: conformance/install.sh brings it", program)
	return ""
}
