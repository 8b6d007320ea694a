//go:build !js

package main

import (
	"errors"
	"syscall"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
)

// That an address is taken is known before anything is compiled.
func TestAnAddressThatIsTakenIsToldAtOnce(t *testing.T) {
	ln := testkit.Listen(t)
	defer ln.Close()
	t.Setenv("PATH", "") // nothing can be
	if err := run(t.Context(), ln.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
}
