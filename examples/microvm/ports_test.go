//go:build linux

package main

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
)

// A port that somebody has is told before anything is compiled, with the flag for another.
func TestAPortThatIsTakenIsNamed(t *testing.T) {
	ln := testkit.Listen(t)
	defer ln.Close()
	taken, free := fmt.Sprint(ln.Addr().(*net.TCPAddr).Port), fmt.Sprint(freePort(t))
	for name, args := range map[string][]string{"-http": {"-http", taken, "-https", free}, "-https": {"-http", free, "-https", taken}} {
		err := command("run", args)
		if err == nil || !strings.Contains(err.Error(), "port "+taken) || !strings.HasSuffix(err.Error(), "; "+name+" PORT takes another") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
